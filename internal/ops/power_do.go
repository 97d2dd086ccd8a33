package ops

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"

	"github.com/d2-ride-booking/platform/internal/fault"
)

const (
	// powerLook is how often a part is looked at: a host takes a minute, the database ten.
	powerLook = 5 * time.Second
	// answerLook is how often a host that boots is asked what it runs.
	answerLook = 10 * time.Second
)

// Order gives all orders at once and waits for nothing. A part on its way to the
// other state takes none, and is an error.
func (p *Power) Order(ctx context.Context, api PowerAPI) error {
	for _, part := range p.Parts {
		switch part.State {
		case p.wanted(part):
		case steady(part.Kind, !p.On):
			if err := p.order(ctx, api, part); err != nil {
				return err
			}
		default:
			return fault.New(fault.Failed, "wait until that is over, or leave --no-wait out", "the %s %s is %s and takes no order now", part.Kind, part.ID, part.State)
		}
	}
	return nil
}

// Do brings one part after the other into the wanted state, in the order of the
// plan, and waits for each.
func (p *Power) Do(ctx context.Context, api PowerAPI, tell Listener) error {
	for i := range p.Parts {
		if err := p.bring(ctx, api, &p.Parts[i], tell); err != nil {
			return p.goesOn(err)
		}
	}
	return nil
}

// bring waits out what the part is in the middle of, gives the order when it can
// be taken, and waits for its end.
func (p *Power) bring(ctx context.Context, api PowerAPI, part *PowerPart, tell Listener) error {
	return Poll(ctx, powerLook, despiteThrottling(func(ctx context.Context) (bool, error) {
		state, err := p.look(ctx, api, *part)
		if err != nil {
			return false, err
		}
		part.State = state
		tell(Event{Subject: part.Kind + " " + part.ID, State: state})
		switch {
		case state == p.wanted(*part):
			return true, nil
		case state == steady(part.Kind, !p.On):
			// AWS may show the old state for a moment yet, and refuse a second order.
			if err := p.order(ctx, api, *part); !isWrongState(err) {
				return false, err
			}
		case isBrokenDatabase(state):
			return false, fault.New(fault.Unhealthy, "look at it: d2ctl status -e "+string(p.env.Environment), "the %s %s is %s", part.Kind, part.ID, state)
		}
		return false, nil
	}))
}

func (p *Power) look(ctx context.Context, api PowerAPI, part PowerPart) (string, error) {
	if part.Kind == kindDatabase {
		database, err := mustReadDatabase(ctx, api.Database, p.env)
		if err != nil {
			return "", err
		}
		return database.Status, nil
	}
	hosts, err := ReadHosts(ctx, api.Hosts, p.env)
	if err != nil {
		return "", err
	}
	for _, host := range hosts {
		if host.Instance == part.ID {
			return host.State, nil
		}
	}
	return "", fault.New(fault.NotFound, "see what there is: d2ctl status -e "+string(p.env.Environment), "the %s %s is gone", part.Kind, part.ID)
}

func (p *Power) order(ctx context.Context, api PowerAPI, part PowerPart) (err error) {
	switch instances := []string{part.ID}; {
	case part.Kind == kindDatabase && p.On:
		_, err = api.Database.StartDBInstance(ctx, &rds.StartDBInstanceInput{DBInstanceIdentifier: &part.ID})
	case part.Kind == kindDatabase:
		_, err = api.Database.StopDBInstance(ctx, &rds.StopDBInstanceInput{DBInstanceIdentifier: &part.ID})
	case p.On:
		_, err = api.Hosts.StartInstances(ctx, &ec2.StartInstancesInput{InstanceIds: instances})
	default:
		_, err = api.Hosts.StopInstances(ctx, &ec2.StopInstancesInput{InstanceIds: instances})
	}
	return err
}

// isWrongState says that a part got into a state meanwhile in which it takes no order.
func isWrongState(err error) bool {
	var answer smithy.APIError
	if !errors.As(err, &answer) {
		return false
	}
	code := answer.ErrorCode()
	return code == "IncorrectInstanceState" || code == "InvalidDBInstanceState" || code == "InvalidDBInstanceStateFault"
}

// AwaitAnswer waits until the started host is within Systems Manager's reach and
// all its services are healthy.
func (p *Power) AwaitAnswer(ctx context.Context, api PowerAPI, tell Listener) error {
	if !p.hasHost() {
		return nil
	}
	return p.goesOn(Poll(ctx, answerLook, despiteThrottling(func(ctx context.Context) (bool, error) {
		hosts, err := ReadHosts(ctx, api.Hosts, p.env)
		if err != nil {
			return false, err
		}
		if err := ReadAgents(ctx, api.Agents, hosts); err != nil {
			return false, err
		}
		running, err := ReadRunning(ctx, api.Commands, p.env, hosts)
		if err != nil && !isBooting(err) {
			return false, err
		}
		p.Running = running
		missing := p.missing()
		tell(Event{Subject: "services", State: cmp.Or(missing, "healthy")})
		return missing == "", nil
	})))
}

// isBooting is for what a host answers before it is up: no d2-release yet, or no
// agent that Systems Manager could send a command to.
func isBooting(err error) bool {
	var noAgent *ssmtypes.InvalidInstanceId
	return fault.CodeOf(err) == fault.Unhealthy || errors.As(err, &noAgent)
}

func (p *Power) hasHost() bool {
	for _, part := range p.Parts {
		if part.Kind == kindHost {
			return true
		}
	}
	return false
}

// missing is what keeps the host from being whole; empty when all its services are healthy.
func (p *Power) missing() string {
	var missing string
	for _, service := range p.env.EnabledServices() {
		missing = cmp.Or(missing, p.missingOf(service.Name))
	}
	return missing
}

func (p *Power) missingOf(service string) string {
	for _, running := range p.Running {
		switch {
		case running.Service != service:
		case running.Version == "":
			return service + " does not run"
		case !running.Healthy:
			return service + " does not answer its health check"
		default:
			return ""
		}
	}
	return service + " has not answered yet"
}

func (p *Power) goesOn(err error) error {
	try := "look after it: d2ctl status -e " + string(p.env.Environment) + " --watch"
	if left := p.left(); left != "" { // nobody else orders it
		try = "run it again for what was not ordered yet: " + left
	}
	doing := map[bool]string{true: "starting ", false: "stopping "}[p.On]
	return GoesOn(err, doing+string(p.env.Environment), try)
}

// left are the parts that are not on their way yet.
func (p *Power) left() string {
	var left []string
	for _, part := range p.Parts {
		if part.State == steady(part.Kind, !p.On) {
			left = append(left, part.Kind+" "+part.ID)
		}
	}
	return listed(left)
}
