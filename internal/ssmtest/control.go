package ssmtest

import (
	"encoding/json"
	"net/http"
	"time"
)

// Paths of the control, which is JSON over HTTP on the gateway's own port. The
// local AWS starts sessions by it, tests of other processes look and break by it.
const (
	// StartPath takes POST of {"Request": StartSession's, "Online": whether the
	// target's agent answers, "Document": the content of a session document of
	// the account, null for any other} and answers as StartSession does.
	StartPath = "/_d2/start"
	// SessionsPath answers GET with all sessions.
	SessionsPath = "/_d2/sessions"
	// FaultsPath takes PUT of Faults.
	FaultsPath = "/_d2/faults"
	// BreakPath takes POST, and breaks every web socket.
	BreakPath = "/_d2/break"
)

// informedStart is a StartSession with what its caller knows of the target and the document.
type informedStart struct {
	Request  startRequest
	Online   bool
	Document *content
}

// content is what is read of a session document.
type content struct {
	SessionType Kind `json:"sessionType"`
	Inputs      struct {
		IdleSessionTimeout json.Number `json:"idleSessionTimeout"` // minutes, as text
	} `json:"inputs"`
}

func (g *Gateway) control(routes *http.ServeMux) {
	routes.HandleFunc("POST "+StartPath, func(w http.ResponseWriter, r *http.Request) {
		var asked informedStart
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
			reply(w, nil, refuse("SerializationException", "%v", err))
			return
		}
		known, err := asked.world()
		if err != nil {
			reply(w, nil, err)
			return
		}
		answer, err := g.start(asked.Request, known)
		reply(w, answer, err)
	})
	routes.HandleFunc("GET "+SessionsPath, func(w http.ResponseWriter, _ *http.Request) { reply(w, g.Sessions(), nil) })
	routes.HandleFunc("POST "+BreakPath, func(w http.ResponseWriter, _ *http.Request) {
		g.Break()
		reply(w, struct{}{}, nil)
	})
	routes.HandleFunc("PUT "+FaultsPath, func(w http.ResponseWriter, r *http.Request) {
		var faults Faults
		strict := json.NewDecoder(r.Body)
		strict.DisallowUnknownFields()
		if err := strict.Decode(&faults); err != nil {
			reply(w, nil, refuse("ValidationException", "%v", err))
			return
		}
		g.SetFaults(faults)
		reply(w, struct{}{}, nil)
	})
}

func (s informedStart) world() (world, error) {
	if s.Document == nil {
		return world{Online: s.Online}, nil
	}
	if kind := s.Document.SessionType; kind != KindShell {
		return world{}, refuse("InvalidDocument", "the local AWS runs documents of sessionType %s, not %q", KindShell, kind)
	}
	minutes, _ := s.Document.Inputs.IdleSessionTimeout.Int64()
	return world{s.Online, &Document{Kind: KindShell, Idle: time.Duration(minutes) * time.Minute}}, nil
}
