package ssmtest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

const (
	// channelPath is where clients open their web sockets, followed by the session's id.
	channelPath = "/v1/data-channel/"
	// tokenWithin is how long a client may take to show its token.
	tokenWithin = 10 * time.Second
)

// Options say what a gateway knows. The zero value knows the credentials of
// the local AWS, takes every target for online, and connects nowhere.
type Options struct {
	// Secrets are the secret access keys by access key id that may sign a dial; nil means local: local.
	Secrets map[string]string
	// Hosts are where connections may go: "name:port" to a loopback address.
	Hosts map[string]string
	// Dial connects to what Hosts does not name; nil refuses it. It must connect to loopback only.
	Dial func(ctx context.Context, host, port string) (net.Conn, error)
	// Documents are session documents beside those of AWS, by name.
	Documents map[string]Document
	// Online says whether the agent of a target answers; nil means that all do.
	Online func(target string) bool
	// Shell is the program of shell sessions; nil means /bin/sh. It gets an
	// environment of its own, with ShellEnv and the target as D2_INSTANCE.
	Shell    []string
	ShellEnv []string
	// Faults from the start on.
	Faults Faults
	// Log is told in words what the agent would write to its log; nil tells nobody.
	Log func(string)
}

// Gateway is a running message gateway, with an agent on every target.
type Gateway struct {
	options Options
	server  *http.Server
	address string
	work    sync.WaitGroup // requests, and with them web sockets

	mu       sync.Mutex
	faults   Faults
	sessions []*session
	sockets  map[*websocket.Conn]bool // without a session yet
	closed   bool
}

// Start runs a gateway on a free port of loopback.
func Start(options Options) (*Gateway, error) {
	if options.Secrets == nil {
		options.Secrets = map[string]string{"local": "local"}
	}
	if options.Shell == nil {
		options.Shell = []string{"/bin/sh"}
	}
	for name, address := range options.Hosts {
		if at, _, err := net.SplitHostPort(address); err != nil || !net.ParseIP(at).IsLoopback() {
			return nil, fmt.Errorf("host %s: %s is not an address of loopback", name, address)
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	g := &Gateway{
		options: options, address: listener.Addr().String(), faults: options.Faults,
		sockets: map[*websocket.Conn]bool{},
	}
	g.server = &http.Server{Handler: g.handler(), ReadHeaderTimeout: tokenWithin}
	g.work.Go(func() { _ = g.server.Serve(listener) })
	return g, nil
}

func (g *Gateway) handler() http.Handler {
	routes := http.NewServeMux()
	routes.HandleFunc("GET "+channelPath+"{id}", func(w http.ResponseWriter, r *http.Request) {
		g.work.Add(1)
		defer g.work.Done()
		g.open(w, r)
	})
	routes.HandleFunc("POST /{$}", g.answer)
	g.control(routes)
	return routes
}

// URL is the endpoint of the calls of Systems Manager that the gateway answers.
func (g *Gateway) URL() string { return "http://" + g.address }

// Close ends every session, and returns when nothing runs any more.
func (g *Gateway) Close() {
	g.mu.Lock()
	g.closed = true
	for conn := range g.sockets {
		_ = conn.Close()
	}
	g.mu.Unlock()
	_ = g.server.Close()
	for _, s := range g.all() {
		s.close("the gateway closed", "")
		s.work.Wait()
	}
	g.work.Wait()
}

// SetFaults is what goes wrong from now on. Web sockets that are open keep theirs.
func (g *Gateway) SetFaults(faults Faults) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.faults = faults
}

func (g *Gateway) faultsNow() Faults {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.faults
}

// Sessions are all there are and were, oldest first.
func (g *Gateway) Sessions() []Session {
	told := []Session{}
	for _, s := range g.all() {
		told = append(told, s.told())
	}
	return told
}

// Break closes the web socket of each session without a word, as a network
// that changed does; the sessions go on.
func (g *Gateway) Break() {
	for _, s := range g.all() {
		if link := s.channel.current(); link != nil {
			_ = link.conn.Close()
		}
	}
}

func (g *Gateway) all() []*session {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]*session{}, g.sessions...)
}

func (g *Gateway) find(id string) *session {
	for _, s := range g.all() {
		if s.about.ID == id {
			return s
		}
	}
	return nil
}

// open answers a client that dials: its signature, then its token, then the session.
func (g *Gateway) open(w http.ResponseWriter, r *http.Request) {
	faults := g.faultsNow()
	if faults.RefuseDial != 0 {
		http.Error(w, "refused, as a fault that was set", faults.RefuseDial)
		return
	}
	if err := verifySignature(r, g.options.Secrets, time.Now()); err != nil {
		g.log("a dial was refused: %v", err)
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	s := g.find(r.PathValue("id"))
	if s == nil || r.URL.Query().Get("role") != "publish_subscribe" {
		http.Error(w, "no such data channel", http.StatusNotFound)
		return
	}
	conn, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
	if err != nil {
		return // Upgrade has answered
	}
	defer conn.Close()
	if g.hold(conn) && g.isToken(conn, s, faults) {
		g.release(conn)
		s.serve(conn)
	}
	g.release(conn)
}

// isToken reads the first message, which must be a text with the session's token.
func (g *Gateway) isToken(conn *websocket.Conn, s *session, faults Faults) bool {
	_ = conn.SetReadDeadline(time.Now().Add(tokenWithin))
	kind, text, err := conn.ReadMessage()
	if err != nil {
		return false
	}
	_ = conn.SetReadDeadline(time.Time{})
	if faults.Silent {
		for err == nil {
			_, _, err = conn.ReadMessage()
		}
		return false
	}
	var shown opening
	if kind != websocket.TextMessage || json.Unmarshal(text, &shown) != nil || faults.RefuseToken || !s.opens(shown) {
		(&link{conn: conn}).closeWith(websocket.ClosePolicyViolation, "Invalid token")
		return false
	}
	return true
}

// hold keeps a web socket where Close finds it, before a session has it.
func (g *Gateway) hold(conn *websocket.Conn) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.sockets[conn] = true
	return !g.closed
}

func (g *Gateway) release(conn *websocket.Conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.sockets, conn)
}

// dial connects where the test allows, and nowhere else.
func (g *Gateway) dial(ctx context.Context, host, port string) (net.Conn, error) {
	if g.faultsNow().RefuseConnections {
		return nil, fmt.Errorf("connection refused, as a fault that was set")
	}
	ctx, cancel := context.WithTimeout(ctx, dialWithin)
	defer cancel()
	address, known := g.options.Hosts[strings.ToLower(net.JoinHostPort(host, port))]
	switch {
	case known:
	case g.options.Dial != nil:
		return g.options.Dial(ctx, host, port)
	default:
		return nil, fmt.Errorf("%s is not a host that this gateway may connect to", net.JoinHostPort(host, port))
	}
	return (&net.Dialer{}).DialContext(ctx, "tcp", address)
}

func (g *Gateway) log(format string, values ...any) {
	if g.options.Log != nil {
		g.options.Log(fmt.Sprintf(format, values...))
	}
}

// randomText is so many bytes of chance, as text.
func randomText(bytes int) string {
	raw := make([]byte, bytes)
	_, _ = rand.Read(raw) // never fails (crypto/rand)
	return hex.EncodeToString(raw)
}

func randomID() string { return idText(newFrame("", 0, 0, nil).ID) }
