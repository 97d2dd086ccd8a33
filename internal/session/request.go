package session

import (
	"context"
	"encoding/json"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

const (
	// kindPort and kindShell are the types of sessions, as documents spell them.
	kindPort  = "Port"
	kindShell = "Standard_Stream"
	// terminateWithin is how long the end of a session may take at AWS's side.
	terminateWithin = 5 * time.Second
)

// API is what sessions ask of Systems Manager.
type API interface {
	StartSession(context.Context, *ssm.StartSessionInput, ...func(*ssm.Options)) (*ssm.StartSessionOutput, error)
	TerminateSession(context.Context, *ssm.TerminateSessionInput, ...func(*ssm.Options)) (*ssm.TerminateSessionOutput, error)
}

// Caller is who opens sessions: the API, and the configuration behind it, whose
// credentials the child signs with.
type Caller struct {
	API    API
	Config aws.Config
}

// request is all that a child is told. It holds secrets, so it goes by a pipe,
// never by an argument or the environment.
type request struct {
	Kind      string
	SessionID string
	StreamURL string
	Token     string
	Target    string
	Region    string
	Endpoint  string // of Systems Manager; empty is AWS's own
	Key       string
	Secret    string
	Security  string // the session token of temporary credentials
	// Terminal says that the shell's streams are a terminal; otherwise they are pipes.
	Terminal bool
}

// begin starts a session. The credentials are the parent's as they are now, so
// that nobody is asked for a code of MFA twice.
func (c Caller) begin(ctx context.Context, kind string, ask *ssm.StartSessionInput) (request, error) {
	credentials, err := c.Config.Credentials.Retrieve(ctx)
	if err != nil {
		return request{}, err
	}
	begun, err := c.API.StartSession(ctx, ask)
	if err != nil {
		return request{}, err
	}
	return request{
		Kind: kind, SessionID: aws.ToString(begun.SessionId), StreamURL: aws.ToString(begun.StreamUrl), Token: aws.ToString(begun.TokenValue),
		Target: aws.ToString(ask.Target), Region: c.Config.Region, Endpoint: aws.ToString(c.Config.BaseEndpoint),
		Key: credentials.AccessKeyID, Secret: credentials.SecretAccessKey, Security: credentials.SessionToken,
	}, nil
}

// terminate ends a session at AWS's side, also when the caller was interrupted.
// That it fails changes nothing for anybody: AWS ends what is idle.
func (c Caller) terminate(ctx context.Context, id string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), terminateWithin)
	defer cancel()
	_, _ = c.API.TerminateSession(ctx, &ssm.TerminateSessionInput{SessionId: aws.String(id)})
}

// response is StartSession's answer, as the plugin reads it.
func (r request) response() string {
	text, _ := json.Marshal(ssm.StartSessionOutput{SessionId: &r.SessionID, StreamUrl: &r.StreamURL, TokenValue: &r.Token})
	return string(text)
}

// report is what a child tells its parent, one JSON line each.
type report struct {
	// Port is where a port session listens.
	Port int `json:",omitempty"`
	// Open says that a shell is there.
	Open bool `json:",omitempty"`
	// Refused says that the agent could not connect to the far port.
	Refused bool `json:",omitempty"`
	// Ended is how the far side ended the session, in its words.
	Ended string `json:",omitempty"`
	// Lost is why the channel could not be resumed.
	Lost string `json:",omitempty"`
}
