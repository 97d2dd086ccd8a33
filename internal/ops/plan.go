package ops

import (
	"fmt"

	"github.com/d2-ride-booking/platform/config"
)

// Plan is what a write is about to do. The verb makes it from what it has read,
// shows it, asks, and then does just that.
type Plan struct {
	// Environment is where.
	Environment config.Stage `json:"environment"`
	// Account is the AWS account that it is in.
	Account string `json:"account"`
	// Does says in sentences what will be different, the most important first.
	Does []string `json:"does"`
	// Calls are the API calls that change something, in their order.
	Calls []PlannedCall `json:"calls"`
}

// PlannedCall is one API call of a Plan.
type PlannedCall struct {
	// API is service and operation, e.g. "AutoScaling.SetDesiredCapacity".
	API string `json:"api"`
	// On is what it changes, e.g. the name of the Auto Scaling group.
	On string `json:"on"`
	// With is what it sets, e.g. "desired capacity 3"; never a secret.
	With string `json:"with,omitempty"`
}

// NewPlan begins a plan for an environment.
func NewPlan(env *config.Environment) *Plan {
	return &Plan{Environment: env.Environment, Account: env.Account, Does: []string{}, Calls: []PlannedCall{}}
}

// Do adds a sentence.
func (p *Plan) Do(sentence string, values ...any) *Plan {
	p.Does = append(p.Does, fmt.Sprintf(sentence, values...))
	return p
}

// Call adds an API call.
func (p *Plan) Call(api, on, with string) *Plan {
	p.Calls = append(p.Calls, PlannedCall{API: api, On: on, With: with})
	return p
}
