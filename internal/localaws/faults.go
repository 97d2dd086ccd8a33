package localaws

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// Fault makes chosen calls fail, or late, before any service of the local AWS
// sees them. What the local AWS asks itself is never hit.
type Fault struct {
	// Service is the AWS command line's name of it, e.g. ssm, elbv2, cloudwatch; empty or "*" is every one.
	Service string `json:"service,omitempty"`
	// Operation is the API's name of it, e.g. SendCommand; empty or "*" is every one.
	Operation string `json:"operation,omitempty"`
	// Rate is the share of calls that is hit, above 0 and at most 1; 0 means 1. It is
	// counted, not drawn: 0.3 hits the 4th, 7th and 10th of ten.
	Rate float64 `json:"rate,omitempty"`
	// Times is how many calls are hit at most; 0 is no limit.
	Times int `json:"times,omitempty"`
	// Error is what they get: ThrottlingException, AccessDenied or ExpiredToken, each
	// spelled as the service spells it, or any other code as it is. Empty lets them through, late.
	Error string `json:"error,omitempty"`
	// Message takes the place of the error's own.
	Message string `json:"message,omitempty"`
	// LatencyMS holds a call up, in milliseconds.
	LatencyMS int `json:"latency_ms,omitempty"`
}

// faultsPath is where the server takes faults (d2moto/faults.py).
const faultsPath = "/_d2/faults"

// SetFaults replaces all faults by these. Of several that match a call, the first
// that is due strikes. A fault that could never strike, as its service or
// operation does not exist, is an error.
func (s *Server) SetFaults(ctx context.Context, faults []Fault) error {
	if faults == nil {
		faults = []Fault{}
	}
	text, err := json.Marshal(faults)
	if err != nil {
		return err
	}
	return s.control(ctx, http.MethodPut, text)
}

// ClearFaults lets every call through again.
func (s *Server) ClearFaults(ctx context.Context) error {
	return s.control(ctx, http.MethodDelete, nil)
}

func (s *Server) control(ctx context.Context, method string, body []byte) error {
	request, err := http.NewRequestWithContext(ctx, method, s.URL()+faultsPath, bytes.NewReader(body))
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("faults of the local AWS: %w", err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("faults of the local AWS: %s: %s", response.Status, answer)
	}
	return nil
}
