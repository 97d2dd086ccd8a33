package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"

	"github.com/d2-ride-booking/platform/internal/localaws"
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
	if err := localaws.Ask(ctx, http.MethodGet, d.aws+"/_d2/databases", nil, &instances); err != nil {
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
	if server := d.running[endpoint]; server != nil && server.Runs() {
		return server, nil
	} else if server != nil {
		d.options.Log("the database of " + endpoint + " has ended; a new one, which is empty, takes its place")
		server.Stop()
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
