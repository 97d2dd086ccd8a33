package localaws

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"

	"github.com/d2-ride-booking/platform/internal/ssmtest"
)

// gatewayCommand is how the gateway of sessions is started, as JSON, from the
// repository's root. The first session does; Go's build cache makes that half a second.
func (s *Server) gatewayCommand(root string) string {
	words, _ := json.Marshal([]string{
		"go", "run", "-buildvcs=false", "./internal/localaws/gateway",
		"--authority", s.DatabaseCA(), "--cache", filepath.Join(root, stateDir, "cache"),
	})
	return string(words)
}

// signersVariable tells the gateway of Options.Signers. It is no argument, as it holds secrets.
const signersVariable = "D2_LOCAL_SIGNERS"

func (o Options) signers() string {
	text, _ := json.Marshal(o.Signers)
	return signersVariable + "=" + string(text)
}

// Signers are the secret access keys by access key id that may open sessions and
// make tokens for databases: that of Environ, and those of Options.Signers. The
// gateway asks, which inherits them from the server.
func Signers() (map[string]string, error) {
	signers := map[string]string{}
	if text := os.Getenv(signersVariable); text != "" {
		if err := json.Unmarshal([]byte(text), &signers); err != nil {
			return nil, fmt.Errorf("%s: %w", signersVariable, err)
		}
	}
	if signers == nil {
		signers = map[string]string{}
	}
	signers["local"] = "local"
	return signers, nil
}

// DatabaseCA is the file with the certificate of the authority that signs the
// databases' certificates, as PEM. It is there once there was a session.
func (s *Server) DatabaseCA() string { return filepath.Join(s.dir, "rds-ca.pem") }

// Sessions are all sessions of Systems Manager that there are and were, oldest first.
func (s *Server) Sessions(ctx context.Context) ([]ssmtest.Session, error) {
	var sessions []ssmtest.Session
	return sessions, s.askGateway(ctx, http.MethodGet, ssmtest.SessionsPath, nil, &sessions)
}

// SetSessionFaults is what goes wrong with sessions from now on; the zero value clears it.
func (s *Server) SetSessionFaults(ctx context.Context, faults ssmtest.Faults) error {
	return s.askGateway(ctx, http.MethodPut, ssmtest.FaultsPath, faults, &struct{}{})
}

// BreakSessions closes the web socket of every session without a word; the sessions go on.
func (s *Server) BreakSessions(ctx context.Context) error {
	return s.askGateway(ctx, http.MethodPost, ssmtest.BreakPath, struct{}{}, &struct{}{})
}

// GatewayURL is where the gateway of sessions listens; it is started if need be.
func (s *Server) GatewayURL(ctx context.Context) (string, error) {
	var where struct{ URL string }
	return where.URL, Ask(ctx, http.MethodGet, s.URL()+"/_d2/gateway", nil, &where)
}

func (s *Server) askGateway(ctx context.Context, method, path string, body, answer any) error {
	url, err := s.GatewayURL(ctx)
	if err != nil {
		return err
	}
	return Ask(ctx, method, url+path, body, answer)
}

// Ask asks the local AWS, or its gateway, what is not of any API: it sends JSON
// and reads JSON. An answer that is not 200 is an error with its words.
func Ask(ctx context.Context, method, url string, body, answer any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(text))
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(io.LimitReader(response.Body, 1<<12))
		return fmt.Errorf("%s answered %s: %s", url, response.Status, said)
	}
	return json.NewDecoder(response.Body).Decode(answer)
}
