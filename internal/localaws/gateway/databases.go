package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"

	"github.com/d2-ride-booking/platform/internal/localaws/database"
)

// databases are the servers behind RDS endpoints, each started by its first connection.
type databases struct {
	aws     string // address of the local AWS
	options database.Options
	mu      sync.Mutex
	running map[string]*database.Server // by endpoint
}

// dial connects to the endpoint of a DB instance, and to nothing else.
func (d *databases) dial(ctx context.Context, host, port string) (net.Conn, error) {
	endpoint := strings.ToLower(net.JoinHostPort(host, port))
	instance, err := d.find(ctx, endpoint)
	if err != nil {
		return nil, err
	}
	server, err := d.start(ctx, endpoint, instance)
	if err != nil {
		return nil, err
	}
	return (&net.Dialer{}).DialContext(ctx, "tcp", server.Address())
}

func (d *databases) find(ctx context.Context, endpoint string) (database.Instance, error) {
	var instances []database.Instance
	if err := askAWS(ctx, d.aws+"/_d2/databases", nil, &instances); err != nil {
		return database.Instance{}, err
	}
	for _, instance := range instances {
		if strings.ToLower(instance.Endpoint()) == endpoint {
			return instance, nil
		}
	}
	return database.Instance{}, fmt.Errorf("%s is no endpoint of a DB instance here, and nothing else can be reached", endpoint)
}

// start finds the server of an endpoint or starts it. It outlives the session that asked.
func (d *databases) start(ctx context.Context, endpoint string, instance database.Instance) (*database.Server, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if server := d.running[endpoint]; server != nil {
		return server, nil
	}
	server, err := database.Start(context.WithoutCancel(ctx), instance, d.options)
	if err != nil {
		return nil, err
	}
	if d.running == nil {
		d.running = map[string]*database.Server{}
	}
	d.running[endpoint] = server
	return server, nil
}

func (d *databases) stop() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, server := range d.running {
		server.Stop()
	}
}

// askAWS asks the local AWS what is not of any API: GET without a body, POST with one.
func askAWS(ctx context.Context, url string, body, answer any) error {
	method, text := http.MethodGet, []byte(nil)
	if body != nil {
		method = http.MethodPost
		var err error
		if text, err = json.Marshal(body); err != nil {
			return err
		}
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
		return fmt.Errorf("the local AWS answered %s", response.Status)
	}
	return json.NewDecoder(response.Body).Decode(answer)
}
