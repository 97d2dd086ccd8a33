package ops

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/fault"
	"github.com/d2-ride-booking/platform/internal/template"
)

// snapshots are where the shipped templates are committed.
const snapshots = "../../test/__snapshots__"

// shippedTemplates are the main and the edge template of a shipped environment.
func shippedTemplates(t *testing.T, env *config.Environment) []*template.Template {
	t.Helper()
	var read []*template.Template
	for _, stack := range []string{env.StackName(), env.EdgeStackName()} {
		one, err := template.Read(filepath.Join(snapshots, stack+"_1.snap.json"))
		require.NoError(t, err)
		read = append(read, one)
	}
	return read
}

func shippedCost(t *testing.T, stage config.Stage, sizes LiveSizes) *Cost {
	t.Helper()
	env := shipped(t, stage)
	cost, err := ReckonCost(env, "a test", shippedTemplates(t, env), sizes)
	require.NoError(t, err)
	return cost
}

// docRow is a row of docs/costs.md, by the beginning of its first cell.
func docRow(t *testing.T, begins string) []string {
	t.Helper()
	text, err := os.ReadFile("../../docs/costs.md")
	require.NoError(t, err)
	plain := strings.NewReplacer("**", "", "`", "").Replace(string(text))
	for line := range strings.Lines(plain) {
		if cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|"); len(cells) > 1 && strings.HasPrefix(strings.TrimSpace(cells[0]), begins) {
			for i := range cells {
				cells[i] = strings.TrimSpace(cells[i])
			}
			return cells
		}
	}
	t.Fatalf("docs/costs.md has no row %q", begins)
	return nil
}

// TestTheCostsInTheDocsAreThoseThatD2ctlReckons holds docs/costs.md and
// prices.yaml together, from the committed templates, line by line.
func TestTheCostsInTheDocsAreThoseThatD2ctlReckons(t *testing.T) {
	prod, dev := shippedCost(t, config.Prod, LiveSizes{}), shippedCost(t, config.Dev, LiveSizes{})
	for column, each := range []struct {
		cost *Cost
		of   func(CostLine) float64
		sum  float64
	}{
		{prod, func(l CostLine) float64 { return l.USD }, prod.USD},
		{dev, func(l CostLine) float64 { return l.USD }, dev.USD},
		{dev, func(l CostLine) float64 { return l.WorkingHoursUSD }, *dev.WorkingHoursUSD},
	} {
		for _, line := range each.cost.Lines {
			assert.Equal(t, fmt.Sprintf("%.2f", each.of(line)), docRow(t, line.Part)[column+1], "%s, column %d", line.Part, column+1)
		}
		assert.Equal(t, fmt.Sprintf("%.2f", each.sum), docRow(t, "sum")[column+1], "sum, column %d", column+1)
	}
	extended := docRow(t, "and MySQL 8.0")
	assert.Equal(t, fmt.Sprintf("%.0f to %.0f", prod.ExtendedSupport.LeastUSD, prod.ExtendedSupport.MostUSD), extended[1])
	assert.Equal(t, fmt.Sprintf("%.0f to %.0f", dev.ExtendedSupport.LeastUSD, dev.ExtendedSupport.MostUSD), extended[2])
	assert.Len(t, prod.Lines, 11, "every row of the table is a line")
}

func TestTheTogglesInTheDocsAreThoseThatD2ctlReckons(t *testing.T) {
	amount := regexp.MustCompile(`^[0-9.]+`)
	for _, toggle := range toggleCosts(shipped(t, config.Dev), mustPrices(t)) {
		if toggle.USD == 0 {
			continue // by use, or on a host that is there
		}
		assert.Equal(t, fmt.Sprintf("%.2f", toggle.USD), amount.FindString(docRow(t, toggle.Toggle)[1]), toggle.Toggle)
	}
}

func TestAPriceIsInUSDDatedAndOfAKnownSource(t *testing.T) {
	known := mustPrices(t)
	assert.Regexp(t, `^20\d\d-\d\d-\d\d$`, known.AsOf)
	assert.Equal(t, shipped(t, config.Prod).Region, known.Region)
	each := func(name string, one price) {
		assert.Positive(t, one.USD, name)
		assert.Contains(t, known.Sources, one.Source, name)
	}
	fields := reflect.ValueOf(*known)
	for i := range fields.NumField() {
		name := fields.Type().Field(i).Name
		switch field := fields.Field(i).Interface().(type) {
		case price:
			each(name, field)
		case map[string]price:
			for key, one := range field {
				each(name+" "+key, one)
			}
		}
	}
}

func mustPrices(t *testing.T) *prices {
	t.Helper()
	known, err := readPrices()
	require.NoError(t, err)
	return known
}

func TestAFleetThatWasScaledCostsWhatRunsNow(t *testing.T) {
	one := shippedCost(t, config.Prod, LiveSizes{})
	three := shippedCost(t, config.Prod, LiveSizes{Instances: map[string]int{"d2-ride-booking-prod-backend-api-asg": 3}, DatabaseGiB: 40})
	grown := 2*10*0.138 + 2*(0.0132*730+10*0.096+13*0.30)
	assert.InDelta(t, grown, three.USD-one.USD, 0.011)
	assert.Nil(t, one.WorkingHoursUSD, "PROD is never stopped")
}

func TestWhatHasNoPriceIsNamedAndNotTakenForNothing(t *testing.T) {
	env := shipped(t, config.Dev)
	odd, err := template.Parse([]byte(`{"Resources": {
	  "Host": {"Type": "AWS::EC2::Instance", "Properties": {"LaunchTemplate": {"LaunchTemplateId": {"Ref": "Launch"}}}},
	  "Launch": {"Type": "AWS::EC2::LaunchTemplate", "Properties": {"LaunchTemplateData": {"InstanceType": "x9.huge"}}},
	  "Database": {"Type": "AWS::RDS::DBInstance", "Properties": {"DBInstanceClass": "db.x9.huge"}}}}`))
	require.NoError(t, err)
	cost, err := ReckonCost(env, "a test", []*template.Template{odd}, LiveSizes{})
	require.NoError(t, err)
	assert.Equal(t, []string{"Host x9.huge", "Database db.x9.huge"}, cost.NotPriced)
}

func TestATemplateThatWasNotSynthesizedSaysHowTo(t *testing.T) {
	_, err := PlanCost(shipped(t, config.Dev), "no-such-dir")
	assert.EqualError(t, err, "there is no template "+filepath.Join("no-such-dir", "D2-Dev.template.json"))
	assert.Equal(t, fault.NotFound, fault.CodeOf(err))
}

// fakeStack is both stacks of PROD as CloudFormation keeps them.
type fakeStack struct{ t *testing.T }

func (f fakeStack) DescribeStacks(_ context.Context, in *cloudformation.DescribeStacksInput, _ ...func(*cloudformation.Options)) (*cloudformation.DescribeStacksOutput, error) {
	return &cloudformation.DescribeStacksOutput{Stacks: []cfntypes.Stack{{StackName: in.StackName, StackStatus: cfntypes.StackStatusUpdateInProgress}}}, nil
}

func (f fakeStack) GetTemplate(_ context.Context, in *cloudformation.GetTemplateInput, _ ...func(*cloudformation.Options)) (*cloudformation.GetTemplateOutput, error) {
	content, err := os.ReadFile(filepath.Join(snapshots, *in.StackName+"_1.snap.json"))
	require.NoError(f.t, err)
	return &cloudformation.GetTemplateOutput{TemplateBody: aws.String(string(content))}, nil
}

type fakeDatabase struct{}

func (fakeDatabase) DescribeDBInstances(context.Context, *rds.DescribeDBInstancesInput, ...func(*rds.Options)) (*rds.DescribeDBInstancesOutput, error) {
	return &rds.DescribeDBInstancesOutput{DBInstances: []rdstypes.DBInstance{{AllocatedStorage: aws.Int32(35)}}}, nil
}

func TestTheDeployedCostIsOfTheSizesOfNow(t *testing.T) {
	api := CostAPI{Stacks: fakeStack{t}, Edge: fakeStack{t}, Fleets: &fakeFleet{desired: 2}, Databases: fakeDatabase{}}
	cost, stack, err := ReadCost(t.Context(), api, shipped(t, config.Prod))
	require.NoError(t, err)
	sizes := map[string]string{}
	for _, line := range cost.Lines {
		sizes[line.Part] = line.Sizes
	}
	assert.Equal(t, "2 × t3.micro, 10 GiB", sizes["hosts of the services"])
	assert.Equal(t, "db.t3.micro, 2 × 35 GiB, Multi-AZ", sizes["database"])
	assert.ErrorContains(t, stack.Whole(), "is being deployed")
}
