package ssmtest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Document is what a session document says of the sessions that it starts.
type Document struct {
	// Kind of the sessions.
	Kind Kind
	// Idle is how long a session may do nothing; 0 means 20 minutes, AWS's own.
	Idle time.Duration

	// parameters by name: the pattern of the only value, and whether it must be given.
	parameters map[string]parameter
	localPort  string // what the client said
}

type parameter struct {
	pattern  *regexp.Regexp
	required bool
}

var (
	portNumber = parameter{regexp.MustCompile(`^([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])$`), true}
	localPort  = parameter{regexp.MustCompile(`^([0-9]|[1-9][0-9]{1,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])$`), false}
	remoteHost = parameter{regexp.MustCompile("^[^,$^&()!;'\"<>`{}\\[\\]|#=]{3,}$"), true}
)

const (
	// idleDefault is AWS's own limit (Session Manager preferences).
	idleDefault = 20 * time.Minute
	// RemoteHostDocument is AWS's document for a port of another host, such as the database.
	RemoteHostDocument = "AWS-StartPortForwardingSessionToRemoteHost"
	// PortDocument is AWS's document for a port of the target itself.
	PortDocument = "AWS-StartPortForwardingSession"
	// ShellDocument is what StartSession takes when it is given none.
	ShellDocument = "SSM-SessionManagerRunShell"
)

// documentOfAWS are the documents that every account has.
func documentOfAWS(name string) (Document, bool) {
	switch name {
	case RemoteHostDocument:
		return Document{Kind: KindPort, parameters: map[string]parameter{"host": remoteHost, "portNumber": portNumber, "localPortNumber": localPort}}, true
	case PortDocument:
		return Document{Kind: KindPort, parameters: map[string]parameter{"portNumber": portNumber, "localPortNumber": localPort}}, true
	case ShellDocument:
		return Document{Kind: KindShell}, true
	}
	return Document{}, false
}

// world is what the caller of a start knows of the target and the document.
type world struct {
	Online   bool
	Document *Document
}

// startRequest is StartSession's.
type startRequest struct {
	Target, DocumentName, Reason string
	Parameters                   map[string][]string
}

// sessionRequest is what the other calls take.
type sessionRequest struct {
	SessionID string `json:"SessionId"`
	Target    string
	State     string
}

// started is the answer of StartSession and ResumeSession.
type started struct {
	SessionID  string `json:"SessionId"`
	StreamURL  string `json:"StreamUrl"`
	TokenValue string `json:",omitempty"`
}

// refusal is an error as AWS's JSON protocol spells it.
type refusal struct {
	Type    string `json:"__type"`
	Message string `json:"message"`
	status  int
}

func (r *refusal) Error() string { return r.Type + ": " + r.Message }

func refuse(kind, format string, values ...any) error {
	return &refusal{kind, fmt.Sprintf(format, values...), http.StatusBadRequest}
}

// answer is Systems Manager, as far as it is about sessions.
func (g *Gateway) answer(w http.ResponseWriter, r *http.Request) {
	operation, ours := strings.CutPrefix(r.Header.Get("X-Amz-Target"), "AmazonSSM.")
	if !ours {
		reply(w, nil, refuse("UnknownOperationException", "X-Amz-Target %q is not Systems Manager's", r.Header.Get("X-Amz-Target")))
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		reply(w, nil, refuse("SerializationException", "%v", err))
		return
	}
	answer, err := g.call(operation, body)
	reply(w, answer, err)
}

func (g *Gateway) call(operation string, body []byte) (any, error) {
	if operation == "StartSession" {
		var request startRequest
		if err := json.Unmarshal(body, &request); err != nil {
			return nil, refuse("SerializationException", "%v", err)
		}
		return g.start(request, g.world(request))
	}
	var request sessionRequest
	if err := json.Unmarshal(body, &request); err != nil {
		return nil, refuse("SerializationException", "%v", err)
	}
	switch operation {
	case "ResumeSession":
		return g.resume(request.SessionID)
	case "TerminateSession":
		return g.terminate(request.SessionID)
	case "DescribeSessions":
		return g.describe(request.State)
	case "GetConnectionStatus":
		return map[string]string{"Target": request.Target, "Status": connection(g.isOnline(request.Target))}, nil
	}
	return nil, refuse("UnknownOperationException", "the gateway does not know %s", operation)
}

// world is what the gateway's own options say of a start.
func (g *Gateway) world(request startRequest) world {
	if document, known := g.options.Documents[request.DocumentName]; known {
		return world{g.isOnline(request.Target), &document}
	}
	return world{Online: g.isOnline(request.Target)}
}

func (g *Gateway) isOnline(target string) bool {
	return !g.faultsNow().Offline && (g.options.Online == nil || g.options.Online(target))
}

func connection(online bool) string {
	if online {
		return "connected"
	}
	return "notconnected"
}

// start makes a session, or says in AWS's words why not.
func (g *Gateway) start(request startRequest, known world) (any, error) {
	name := request.DocumentName
	if name == "" {
		name = ShellDocument
	}
	document, found := documentOfAWS(name)
	switch {
	case known.Document != nil:
		document = *known.Document
	case !found:
		return nil, refuse("InvalidDocument", "Document with name %s does not exist.", name)
	}
	if !known.Online || g.faultsNow().Offline {
		return nil, refuse("TargetNotConnected", "%s is not connected.", request.Target)
	}
	if err := document.check(request.Parameters); err != nil {
		return nil, err
	}
	if document.Idle == 0 {
		document.Idle = idleDefault
	}
	document.localPort = first(request.Parameters["localPortNumber"], "0")
	about := Session{
		ID: "local-" + randomText(8) + "0", Target: request.Target, Document: name, Kind: document.Kind, Started: time.Now(),
	}
	if document.Kind == KindPort {
		about.Host, about.Port = first(request.Parameters["host"], "localhost"), first(request.Parameters["portNumber"], "")
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return nil, refuse("InternalServerError", "the gateway has closed")
	}
	s := newSession(g, about, document)
	g.sessions = append(g.sessions, s)
	return started{about.ID, g.streamURL(about.ID), s.token}, nil
}

func (g *Gateway) streamURL(id string) string {
	return "ws://" + g.address + channelPath + id + "?role=publish_subscribe"
}

// check compares what is given with what the document takes.
func (d Document) check(given map[string][]string) error {
	for name, parameter := range d.parameters {
		values, is := given[name]
		switch {
		case !is && parameter.required:
			return refuse("InvalidParameters", "Missing parameters: [%s]", name)
		case is && (len(values) != 1 || !parameter.pattern.MatchString(values[0])):
			return refuse("InvalidParameters", "Parameter %s does not match %s", name, parameter.pattern)
		}
	}
	for name := range given {
		if _, known := d.parameters[name]; !known {
			return refuse("InvalidParameters", "Invalid parameters: [%s]", name)
		}
	}
	return nil
}

func (g *Gateway) resume(id string) (any, error) {
	s, faults := g.find(id), g.faultsNow()
	switch {
	case faults.RefuseResume:
		return nil, &refusal{"AccessDeniedException", "The security token included in the request is expired", http.StatusForbidden}
	case s == nil:
		return nil, refuse("DoesNotExistException", "Session %s does not exist", id)
	case faults.ResumeTooLate || s.told().End != "":
		return started{SessionID: id, StreamURL: g.streamURL(id)}, nil
	}
	return started{id, g.streamURL(id), s.renew()}, nil
}

func (g *Gateway) terminate(id string) (any, error) {
	s := g.find(id)
	if s == nil {
		return nil, refuse("DoesNotExistException", "Session %s does not exist", id)
	}
	s.close("TerminateSession", "")
	return map[string]string{"SessionId": id}, nil
}

// describedSession is a session as DescribeSessions shows it.
type describedSession struct {
	SessionID    string `json:"SessionId"`
	Target       string
	Status       string
	StartDate    float64
	EndDate      float64 `json:",omitempty"`
	DocumentName string
	Details      string
}

// describe lists sessions: State is Active or History. There are no pages and no filters.
func (g *Gateway) describe(state string) (any, error) {
	if state != "Active" && state != "History" {
		return nil, refuse("ValidationException", "State is Active or History, not %q", state)
	}
	found := []describedSession{}
	for _, s := range g.Sessions() {
		told := describedSession{
			SessionID: s.ID, Target: s.Target, DocumentName: s.Document, Details: s.End, StartDate: seconds(s.Started),
			Status: "Connected",
		}
		if s.End != "" {
			told.Status, told.EndDate = "Terminated", seconds(s.Ended)
		}
		if (s.End == "") == (state == "Active") {
			found = append(found, told)
		}
	}
	slices.Reverse(found) // newest first, as AWS
	return map[string]any{"Sessions": found}, nil
}

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

func first(values []string, otherwise string) string {
	if len(values) == 0 {
		return otherwise
	}
	return values[0]
}

// reply answers as AWS's JSON protocol does.
func reply(w http.ResponseWriter, answer any, err error) {
	status := http.StatusOK
	if err != nil {
		refused, is := err.(*refusal) //nolint:errorlint // made here, never wrapped
		if !is {
			refused = &refusal{"InternalServerError", err.Error(), http.StatusInternalServerError}
		}
		status, answer = refused.status, refused
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(status)
	_, _ = w.Write(encodeJSON(answer))
}
