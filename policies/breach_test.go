package policies_test

// A breach is one way to break one principle: edits to a good template after which
// that rule must fire, on that resource, and no other rule but those in with.
type breach struct {
	rule  string
	kind  kind
	how   string // a sentence, for the name of the test
	in    string // the good template; prod when not said
	edits []edit
	at    string   // where the finding is; the first edit's resource when not said
	with  []string // other rules that the same breach rightly breaks
	alone bool     // its edits reach beyond their resource, so no other breach may share the template
}

// kind says how a rule was broken. A rule written on a wrong path never sees a wrong
// value; a rule written the wrong way round passes an absent one.
type kind string

const (
	wrong     kind = "wrong"     // the value is there and wrong
	missing   kind = "missing"   // the value is not there
	forbidden kind = "forbidden" // there is what must not be, for rules that only forbid
)

// whole is where a finding is that belongs to no resource.
const whole = "the template"

func (b breach) template() string {
	if b.in == "" {
		return "prod"
	}
	return b.in
}

func (b breach) resource() string {
	switch b.at {
	case whole:
		return ""
	case "":
		return b.edits[0].resourceOf()
	default:
		return b.at
	}
}

// breaches are all of them, in the order of the rule files.
func breaches() []breach {
	var all []breach
	for _, part := range [][]breach{
		securityBreaches, protectionBreaches, transportBreaches, databaseBreaches, availabilityBreaches,
		deploymentBreaches, costBreaches, recoveryBreaches, isolationBreaches, stabilityBreaches,
	} {
		all = append(all, part...)
	}
	return all
}
