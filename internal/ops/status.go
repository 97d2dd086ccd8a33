package ops

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/awsapi"
)

// answerTime is how long the hosts have to say what they run: status is a look, not an investigation.
const answerTime = 10 * time.Second

// Status is all of an environment that the runbooks' sections 1 to 9 look up,
// at one moment. Each part is what one service of AWS said; what could not be
// read is in Errors.
type Status struct {
	// Environment is dev or prod.
	Environment config.Stage `json:"environment"`
	// Account is the AWS account.
	Account string `json:"account"`
	// Region is the environment's.
	Region string `json:"region"`
	// At is when it was read.
	At time.Time `json:"at"`
	// Healthy says that Problems is empty.
	Healthy bool `json:"healthy"`
	// Problems are what is broken, a sentence each.
	Problems []string `json:"problems"`
	// Errors say of each part that could not be read why, by the part's name.
	Errors map[Part]string `json:"errors,omitempty"`

	// Stacks are the main stack and the edge stack.
	Stacks []Stack `json:"stacks"`
	// Hosts are all instances, the bastion too.
	Hosts []Host `json:"hosts"`
	// Fleets are the Auto Scaling groups; none in DEV.
	Fleets []Fleet `json:"fleets"`
	// Targets are the instances as the load balancer sees them.
	Targets []Target `json:"targets"`
	// Wanted are the releases that hosts are to run.
	Wanted []Wanted `json:"wanted"`
	// Running is what hosts answered that they run; a host that was not reached is absent.
	Running []Running `json:"running"`
	// Database is null while enable_rds is off.
	Database *Database `json:"database" jsonschema:"nullable"`
	// Sites are the published static sites.
	Sites []Site `json:"sites"`
	// Pool is the user pool.
	Pool *Pool `json:"pool" jsonschema:"nullable"`
	// Alarms are all alarms, of both Regions.
	Alarms []Alarm `json:"alarms"`
	// Certificates are those of the domain, of both Regions.
	Certificates []Certificate `json:"certificates"`
	// Schedules are DEV's working hours, the next first.
	Schedules []Schedule `json:"schedules"`
}

// Part names a part of a Status.
type Part string

// The parts, by the key that each has in JSON.
const (
	PartStacks       Part = "stacks"
	PartHosts        Part = "hosts"
	PartFleets       Part = "fleets"
	PartTargets      Part = "targets"
	PartWanted       Part = "wanted"
	PartRunning      Part = "running"
	PartDatabase     Part = "database"
	PartSites        Part = "sites"
	PartPool         Part = "pool"
	PartAlarms       Part = "alarms"
	PartCertificates Part = "certificates"
	PartSchedules    Part = "schedules"
)

// StatusAPI is what a status asks of AWS. The edge fields are of config.EdgeRegion.
type StatusAPI struct {
	Stacks, EdgeStacks StackReader
	Hosts              HostReader
	Agents             AgentReader
	Commands           HostCommander
	Parameters         ParameterReader
	Fleets             interface {
		FleetReader
		RefreshReader
	}
	Targets                        TargetReader
	Databases                      DatabaseReader
	Distributions                  DistributionReader
	Pools                          PoolReader
	Alarms, EdgeAlarms             AlarmReader
	Certificates, EdgeCertificates CertificateReader
	Schedules                      ScheduleReader
}

// ReadStatus asks for all parts side by side. It does not fail: a part that
// does says so in its place.
func ReadStatus(ctx context.Context, api StatusAPI, env *config.Environment, now time.Time) *Status {
	s := &Status{
		Environment: env.Environment, Account: env.Account, Region: env.Region, At: now,
		Problems: []string{}, Errors: map[Part]string{}, Running: []Running{},
	}
	r := statusReading{Status: s, env: env, api: api}
	r.read(ctx, PartStacks, into(&s.Stacks, r.stacks))
	r.read(ctx, PartHosts, into(&s.Hosts, r.hosts))
	r.read(ctx, PartFleets, into(&s.Fleets, func(ctx context.Context) ([]Fleet, error) { return ReadFleets(ctx, api.Fleets, env) }))
	r.read(ctx, PartTargets, into(&s.Targets, func(ctx context.Context) ([]Target, error) { return ReadTargets(ctx, api.Targets, env) }))
	r.read(ctx, PartWanted, into(&s.Wanted, func(ctx context.Context) ([]Wanted, error) { return ReadWanted(ctx, api.Parameters, env) }))
	r.read(ctx, PartDatabase, func(ctx context.Context) (err error) {
		s.Database, err = ReadDatabase(ctx, api.Databases, env)
		return err
	})
	r.read(ctx, PartSites, into(&s.Sites, func(ctx context.Context) ([]Site, error) { return ReadSites(ctx, api.Distributions, env) }))
	r.read(ctx, PartPool, func(ctx context.Context) (err error) {
		s.Pool, err = ReadPool(ctx, api.Pools, env)
		return err
	})
	r.read(ctx, PartAlarms, into(&s.Alarms, r.alarms))
	r.read(ctx, PartCertificates, into(&s.Certificates, r.certificates))
	r.read(ctx, PartSchedules, into(&s.Schedules, func(ctx context.Context) ([]Schedule, error) {
		return ReadSchedules(ctx, api.Schedules, env, now)
	}))
	r.pending.Wait()
	s.judge(env)
	return s
}

// statusReading is a Status while it is read: each part writes its own fields, all write Errors.
type statusReading struct {
	*Status
	env     *config.Environment
	api     StatusAPI
	pending sync.WaitGroup
	mutex   sync.Mutex
}

func (r *statusReading) read(ctx context.Context, part Part, read func(context.Context) error) {
	r.pending.Go(func() { r.note(part, read(ctx)) })
}

func (r *statusReading) note(part Part, err error) {
	if err == nil {
		return
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.Errors[part] = awsapi.Explain(err).Error()
}

// into keeps what was read; what was not is an empty list in JSON, not null.
func into[T any](field *[]T, read func(context.Context) ([]T, error)) func(context.Context) error {
	*field = []T{}
	return func(ctx context.Context) error {
		found, err := read(ctx)
		if found != nil {
			*field = found
		}
		return err
	}
}

func (r *statusReading) stacks(ctx context.Context) ([]Stack, error) {
	main, err := ReadStack(ctx, r.api.Stacks, r.env, r.env.StackName(), r.env.Region)
	if err != nil {
		return nil, err
	}
	edge, err := ReadStack(ctx, r.api.EdgeStacks, r.env, r.env.EdgeStackName(), config.EdgeRegion)
	if err != nil {
		return []Stack{main}, err
	}
	return []Stack{main, edge}, nil
}

// hosts reads the instances, and of those that can be reached what they run.
func (r *statusReading) hosts(ctx context.Context) ([]Host, error) {
	hosts, err := ReadHosts(ctx, r.api.Hosts, r.env)
	if err != nil {
		return nil, err
	}
	if err := ReadAgents(ctx, r.api.Agents, hosts); err != nil {
		r.note(PartRunning, err)
		return hosts, nil
	}
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	r.Running, err = ReadRunning(ctx, r.api.Commands, r.env, hosts)
	r.note(PartRunning, err)
	return hosts, nil
}

func (r *statusReading) alarms(ctx context.Context) ([]Alarm, error) {
	return ReadAllAlarms(ctx, r.api.Alarms, r.api.EdgeAlarms, r.env)
}

func (r *statusReading) certificates(ctx context.Context) ([]Certificate, error) {
	here, err := ReadCertificates(ctx, r.api.Certificates, r.env, r.env.Region)
	if err != nil {
		return nil, err
	}
	edge, err := ReadCertificates(ctx, r.api.EdgeCertificates, r.env, config.EdgeRegion)
	return append(here, edge...), err
}

func (s *Status) problem(format string, values ...any) {
	s.Problems = append(s.Problems, fmt.Sprintf(format, values...))
}
