package ops

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/awsapi"
	"github.com/d2-ride-booking/platform/internal/fault"
)

const (
	// restartAfter is when RDS starts a stopped database again by itself (RDS User
	// Guide, "Stopping an Amazon RDS DB instance temporarily"; runbook DEV 6.2).
	restartAfter = 7 * 24 * time.Hour

	kindHost     = "host"
	kindBastion  = "bastion"
	kindDatabase = "database"
)

// PowerAPI is what stopping and starting DEV asks of AWS.
type PowerAPI struct {
	Hosts interface {
		HostReader
		StopInstances(context.Context, *ec2.StopInstancesInput, ...func(*ec2.Options)) (*ec2.StopInstancesOutput, error)
		StartInstances(context.Context, *ec2.StartInstancesInput, ...func(*ec2.Options)) (*ec2.StartInstancesOutput, error)
	}
	Database interface {
		DatabaseReader
		StopDBInstance(context.Context, *rds.StopDBInstanceInput, ...func(*rds.Options)) (*rds.StopDBInstanceOutput, error)
		StartDBInstance(context.Context, *rds.StartDBInstanceInput, ...func(*rds.Options)) (*rds.StartDBInstanceOutput, error)
	}
	Agents    AgentReader
	Commands  HostCommander
	Schedules ScheduleReader
}

// Power is a change of DEV between stopped and running (runbook DEV 6.2).
type Power struct {
	// On is true for start.
	On bool `json:"on"`
	// Parts are what is switched, in the order in which it is.
	Parts []PowerPart `json:"parts"`
	// Running is what the host answers that it runs; empty after a stop.
	Running []Running `json:"running"`
	// RestartsBy is when RDS starts a stopped database again by itself, at the
	// latest; the zero time where that does not apply.
	RestartsBy time.Time `json:"restarts_by,omitzero"`
	// Schedules are the working hours, which switch DEV too; the next first.
	Schedules []Schedule `json:"schedules"`

	env    *config.Environment
	unread error // why the schedules could not be read
}

// PowerPart is one thing that is stopped and started.
type PowerPart struct {
	// Kind is host, bastion or database.
	Kind string `json:"kind"`
	// ID is the instance's id, or the database's identifier.
	ID string `json:"id"`
	// From is the state it was found in, in AWS's words.
	From string `json:"from"`
	// State is the one last seen.
	State string `json:"state"`
}

// MayBePowered refuses PROD, which is never stopped (runbook PROD 11.2).
func MayBePowered(env *config.Environment) error {
	if env.Environment == config.Dev {
		return nil
	}
	return fault.New(fault.Usage, "name DEV: -e dev",
		"%s is not stopped or started: it serves day and night, and a stopped database breaks its high availability (runbook PROD 11.2)", env.Environment)
}

// PlanPower looks at what there is. What is in the wanted state already stays as it is.
func PlanPower(ctx context.Context, api PowerAPI, env *config.Environment, on bool, now time.Time) (*Power, error) {
	if err := MayBePowered(env); err != nil {
		return nil, err
	}
	p := &Power{On: on, Parts: []PowerPart{}, Running: []Running{}, env: env}
	hosts, err := ReadHosts(ctx, api.Hosts, env)
	if err != nil {
		return nil, err
	}
	database, err := ReadDatabase(ctx, api.Database, env)
	if err != nil {
		return nil, err
	}
	p.addHosts(hosts, kindHost)
	p.addHosts(hosts, kindBastion)
	if err := p.addDatabase(database, now); err != nil {
		return nil, err
	}
	if len(p.Parts) == 0 {
		return nil, fault.New(fault.NotFound, "deploy the stack: make deploy ENV="+string(env.Environment), "there is nothing to stop or start in %s", env.Environment)
	}
	// Who may not see the schedules may still go home.
	p.Schedules, p.unread = ReadSchedules(ctx, api.Schedules, env, now)
	p.Schedules = append([]Schedule{}, p.Schedules...)
	return p, nil
}

// addHosts adds the bastion, or what is not.
func (p *Power) addHosts(hosts []Host, kind string) {
	for _, host := range hosts {
		if (host.Name == p.env.BastionName()) == (kind == kindBastion) && host.State != "shutting-down" {
			p.Parts = append(p.Parts, PowerPart{Kind: kind, ID: host.Instance, From: host.State, State: host.State})
		}
	}
}

// addDatabase puts the database behind the hosts for a stop, so that an app can
// still write what it has, and before them for a start, so that it finds it.
func (p *Power) addDatabase(database *Database, now time.Time) error {
	if database == nil {
		return nil
	}
	if isBrokenDatabase(database.Status) {
		return fault.New(fault.Unhealthy, "look at its events: aws rds describe-events --source-type db-instance --source-identifier "+database.Identifier,
			"the database %s is %s, from where it can be neither stopped nor started", database.Identifier, database.Status)
	}
	part := PowerPart{Kind: kindDatabase, ID: database.Identifier, From: database.Status, State: database.Status}
	if p.On {
		p.Parts = append([]PowerPart{part}, p.Parts...)
		return nil
	}
	p.Parts, p.RestartsBy = append(p.Parts, part), now.Add(restartAfter)
	return nil
}

// Done says that all is in the wanted state already.
func (p *Power) Done() bool {
	for _, part := range p.Parts {
		if part.State != p.wanted(part) {
			return false
		}
	}
	return true
}

// wanted is the state that a part is to get into.
func (p *Power) wanted(part PowerPart) string { return steady(part.Kind, p.On) }

// steady is the state of a part that is on or off and stays so, in AWS's words.
func steady(kind string, on bool) string {
	switch {
	case !on:
		return "stopped"
	case kind == kindDatabase:
		return databaseAvailable
	default:
		return "running"
	}
}

// Plan is what Do will do.
func (p *Power) Plan() *Plan {
	plan := NewPlan(p.env)
	for _, part := range p.Parts {
		p.planPart(plan, part)
	}
	if !p.RestartsBy.IsZero() {
		plan.Do("RDS starts a stopped database again by itself after seven days: by %s", p.RestartsBy.Format("Mon 2006-01-02 15:04 MST"))
	}
	return plan.Do("%s", p.scheduled())
}

func (p *Power) planPart(plan *Plan, part PowerPart) {
	wanted, opposite := p.wanted(part), steady(part.Kind, !p.On)
	switch part.State {
	case wanted:
		plan.Do("the %s %s is %s already", part.Kind, part.ID, wanted)
		return
	case opposite:
		plan.Do("the %s %s goes from %s to %s", part.Kind, part.ID, part.State, wanted)
	default:
		plan.Do("the %s %s is %s; when that is over it goes to %s", part.Kind, part.ID, part.State, wanted)
	}
	plan.Call(p.call(part), part.ID, "")
}

func (p *Power) call(part PowerPart) string {
	verb := map[bool]string{true: "Start", false: "Stop"}[p.On]
	if part.Kind == kindDatabase {
		return "RDS." + verb + "DBInstance"
	}
	return "EC2." + verb + "Instances"
}

// scheduled says when the working hours undo the change, or that nothing does.
func (p *Power) scheduled() string {
	if p.unread != nil {
		return "the working hours could not be read: " + awsapi.Explain(p.unread).Error()
	}
	verb, undo := "starts", "start-hosts"
	if p.On {
		verb, undo = "stops", "stop-hosts"
	}
	for _, schedule := range p.Schedules {
		if schedule.Name == undo && !schedule.Next.IsZero() {
			return fmt.Sprintf("the schedule %s it again: %s", verb, schedule.Next.Format("Mon 2006-01-02 15:04 MST"))
		}
	}
	return "no schedule " + verb + " it again: there are no working hours, or they are switched off"
}
