package test

import (
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rhysd/actionlint"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
)

// What .github/workflows may do. Whether the deploy role allows it is in
// workflow_rights_test.go.

// workflow is one file of .github/workflows.
type workflow struct {
	*actionlint.Workflow
	file string // e.g. drift.yml
	text string
}

// job is one job of a workflow.
type job struct {
	*actionlint.Job
	in workflow
}

func (j job) String() string { return j.in.file + " " + j.ID.Value }

func workflows(t *testing.T) []workflow {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, ".github/workflows/*.yml"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	var all []workflow
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		parsed, problems := actionlint.Parse(data)
		require.Empty(t, problems, file)
		all = append(all, workflow{parsed, filepath.Base(file), string(data)})
	}
	return all
}

func jobs(t *testing.T) []job {
	t.Helper()
	var all []job
	for _, each := range workflows(t) {
		for _, id := range slices.Sorted(maps.Keys(each.Jobs)) {
			all = append(all, job{each.Jobs[id], each})
		}
	}
	return all
}

// workflowNamed is the workflow of a file.
func workflowNamed(t *testing.T, file string) workflow {
	t.Helper()
	all := workflows(t)
	found := slices.IndexFunc(all, func(w workflow) bool { return w.file == file })
	require.GreaterOrEqual(t, found, 0, file)
	return all[found]
}

// value is what an optional part of a workflow says, or "".
func value(s *actionlint.String) string {
	if s == nil {
		return ""
	}
	return s.Value
}

// action is what a step runs of others, and its inputs.
func action(step *actionlint.Step) (uses string, inputs map[string]string) {
	exec, isAction := step.Exec.(*actionlint.ExecAction)
	if !isAction {
		return "", nil
	}
	inputs = map[string]string{}
	for name, input := range exec.Inputs {
		inputs[name] = value(input.Value)
	}
	return exec.Uses.Value, inputs
}

// script is what a step runs of ours, or "".
func script(step *actionlint.Step) string {
	if exec, isRun := step.Exec.(*actionlint.ExecRun); isRun {
		return exec.Run.Value
	}
	return ""
}

// roles are the roles that a job assumes, in order.
func (j job) roles() []string {
	var all []string
	for _, step := range j.Steps {
		if uses, inputs := action(step); strings.HasPrefix(uses, "aws-actions/configure-aws-credentials@") {
			all = append(all, inputs["role-to-assume"])
		}
	}
	return all
}

// call is one job that calls a workflow, with what it hands over.
type call struct {
	by     workflow
	inputs map[string]string
}

func calls(t *testing.T, file string) []call {
	t.Helper()
	var all []call
	for _, each := range jobs(t) {
		if each.WorkflowCall == nil || each.WorkflowCall.Uses.Value != "./.github/workflows/"+file {
			continue
		}
		inputs := map[string]string{}
		for _, input := range each.WorkflowCall.Inputs {
			inputs[input.Name.Value] = value(input.Value)
		}
		all = append(all, call{each.in, inputs})
	}
	return all
}

// environments are the GitHub environments in which a job can run: the one it
// names, those of its matrix, or those that its callers hand over.
func (j job) environments(t *testing.T) []string {
	t.Helper()
	if j.Environment == nil {
		return nil
	}
	return j.in.resolve(t, j.Environment.Name.Value, j.Job)
}

func (w workflow) resolve(t *testing.T, name string, within *actionlint.Job) []string {
	t.Helper()
	var all []string
	switch name {
	case "${{ matrix.environment }}":
		for _, each := range within.Strategy.Matrix.Include.Combinations {
			all = append(all, strings.Trim(each.Assigns["environment"].Value.String(), `"`))
		}
	case "${{ inputs.environment }}", "${{ inputs.serves_pages && inputs.environment || '' }}":
		for _, each := range calls(t, w.file) {
			all = append(all, each.by.resolve(t, each.inputs["environment"], nil)...)
		}
		all = append(all, w.choices("environment")...)
	default:
		all = append(all, name)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// choices are what a person can choose for an input who starts the workflow by hand.
func (w workflow) choices(name string) []string {
	var all []string
	for _, event := range w.On {
		if dispatch, byHand := event.(*actionlint.WorkflowDispatchEvent); byHand && dispatch.Inputs[name] != nil {
			for _, option := range dispatch.Inputs[name].Options {
				all = append(all, option.Value)
			}
		}
	}
	return all
}

func TestActionlintAndShellcheckFindNothing(t *testing.T) {
	onPath(t, "shellcheck", "apt-get install shellcheck")
	linter, err := actionlint.NewLinter(io.Discard, &actionlint.LinterOptions{Shellcheck: "shellcheck"})
	require.NoError(t, err)
	found, err := linter.LintRepository(root)
	require.NoError(t, err)
	for _, each := range found {
		t.Error(each)
	}
}

func TestTheWorkflowsAreThoseThatDocsReleasingNames(t *testing.T) {
	document, err := os.ReadFile(filepath.Join(root, "docs/releasing.md"))
	require.NoError(t, err)
	for _, each := range workflows(t) {
		assert.Contains(t, string(document), "`"+strings.TrimSuffix(each.file, ".yml")+"`")
	}
	for _, file := range []string{"backend-api-deploy-prod.yml", "web-driver-deploy-prod.yml"} { // runbook PROD 12.3
		workflowNamed(t, file)
	}
}

func TestNoLongLivedKeyIsAskedFor(t *testing.T) {
	keys := regexp.MustCompile(`(?i)aws[-_](access[-_]key[-_]id|secret[-_]access[-_]key)|AKIA[0-9A-Z]{16}`)
	for _, each := range workflows(t) {
		assert.Empty(t, keys.FindString(each.text), each.file)
	}
}

func TestEveryForeignActionIsPinnedByItsCommit(t *testing.T) {
	pinned := regexp.MustCompile(`^[a-z-]+/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$`)
	used := map[string]bool{}
	for _, each := range workflows(t) {
		for line := range strings.SplitSeq(each.text, "\n") {
			uses, is := strings.CutPrefix(strings.TrimPrefix(strings.TrimSpace(line), "- "), "uses: ")
			if !is || strings.HasPrefix(uses, "./.github/workflows/") {
				continue
			}
			assert.Regexp(t, pinned, uses, each.file)
			used[uses] = true
		}
	}
	versions := map[string]bool{}
	for uses := range used {
		name, _, _ := strings.Cut(uses, "@")
		assert.False(t, versions[name], "%s is used in two versions", name)
		versions[name] = true
	}
}

// A pull request's code never runs where there are credentials, and only the
// deploy role of an environment is ever assumed, in that GitHub environment: the
// role trusts nothing else, and PROD's asks for approval (facts S2, S3).
func TestAJobThatEntersAWSIsInDEVOrPRODAndAssumesItsDeployRoleAlone(t *testing.T) {
	entering := 0
	for _, each := range jobs(t) {
		roles := each.roles()
		if len(roles) == 0 {
			assert.False(t, each.may("id-token") && each.WorkflowCall == nil, "%s may ask for a role and assumes none", each)
			continue
		}
		entering++
		assert.True(t, each.may("id-token"), each)
		environments := each.environments(t)
		assert.NotEmpty(t, environments, "%s assumes a role outside of any environment", each)
		assert.Subset(t, []string{"dev", "prod"}, environments, each)
		assert.Equal(t, "${{ secrets.AWS_ROLE_ARN }}", roles[0], each)
		for _, role := range roles[1:] { // renewed, or a role of the bootstrap
			if role != "${{ secrets.AWS_ROLE_ARN }}" {
				assert.True(t, strings.HasPrefix(role, "arn:aws:iam::${{ steps.role.outputs.aws-account-id }}:role/cdk-hnb659fds-lookup-role-"), "%s: %s", each, role)
			}
		}
		for _, event := range each.in.On {
			assert.NotContains(t, event.EventName(), "pull_request", each)
		}
	}
	assert.Equal(t, 6, entering, "dev's and prod's infrastructure, drift, service-release, site-publish")
}

// may says whether a job has write access to something of GitHub's.
func (j job) may(scope string) bool {
	if j.Permissions == nil || j.Permissions.Scopes[scope] == nil {
		return false
	}
	return j.Permissions.Scopes[scope].Value.Value == "write"
}

// What names PROD runs in PROD's environment, where a person approves it.
func TestEveryJobThatTouchesPRODWaitsForItsApproval(t *testing.T) {
	waiting := 0
	for _, each := range jobs(t) {
		if len(each.roles()) == 0 {
			continue
		}
		environments := each.environments(t)
		for _, step := range each.Steps {
			stages := restricted(step, environments)
			if strings.Contains(script(step), "D2-Prod") || strings.Contains(script(step), "d2-ride-booking-prod") {
				assert.Equal(t, []string{"prod"}, stages, each)
			}
			if strings.Contains(script(step), "D2-Dev") || strings.Contains(script(step), "d2-ride-booking-dev") {
				assert.Equal(t, []string{"dev"}, stages, each)
			}
		}
		if slices.Contains(environments, "prod") {
			waiting++
		}
	}
	assert.Equal(t, 5, waiting)
	for _, include := range workflowNamed(t, "drift.yml").Jobs["drift"].Strategy.Matrix.Include.Combinations {
		stack := map[string]string{`"dev"`: `"D2-Dev*"`, `"prod"`: `"D2-Prod*"`}
		assert.Equal(t, stack[include.Assigns["environment"].Value.String()], include.Assigns["stacks"].Value.String())
	}
}

var onlyIn = regexp.MustCompile(`inputs\.environment == '(\w+)'`)

// restricted are the environments of a job in which one of its steps runs.
func restricted(step *actionlint.Step, environments []string) []string {
	if only := onlyIn.FindStringSubmatch(value(step.If)); only != nil {
		return []string{only[1]}
	}
	return environments
}

func TestPermissionsAreGivenToOneJobAtATime(t *testing.T) {
	for _, each := range workflows(t) {
		require.NotNil(t, each.Permissions, each.file)
		assert.Nil(t, each.Permissions.All, each.file)
		for scope, permission := range each.Permissions.Scopes {
			assert.Equal(t, "contents: read", scope+": "+permission.Value.Value, each.file)
		}
	}
	for _, each := range jobs(t) {
		require.NotNil(t, each.Permissions, "%s does not say what it may", each)
		assert.Nil(t, each.Permissions.All, each)
		for scope, permission := range each.Permissions.Scopes {
			given := scope + ": " + permission.Value.Value
			known := []string{"contents: read", "id-token: write"}
			if each.String() == "infra-ci.yml diff" {
				known = []string{"contents: read", "pull-requests: write"} // the comment
			}
			assert.Contains(t, known, given, each)
		}
	}
}

// The job that comments has a token that writes, so nothing of the pull request runs in it.
func TestTheJobThatCommentsRunsNothingOfThePullRequest(t *testing.T) {
	diff := workflowNamed(t, "infra-ci.yml").Jobs["diff"]
	uses, inputs := action(diff.Steps[0])
	assert.Contains(t, uses, "actions/checkout@")
	assert.Equal(t, "${{ github.event.pull_request.base.sha }}", inputs["ref"])
	for _, step := range diff.Steps[1:] {
		uses, _ := action(step)
		assert.NotContains(t, uses, "actions/checkout@")
		for _, command := range commands(script(step)) {
			assert.Equal(t, "cdk diff --template", command, "the templates are data to it")
		}
	}
}

// In the original a push cancelled the deploy before it half-way (facts F28).
func TestNoDeployIsCancelledHalfWay(t *testing.T) {
	for _, each := range jobs(t) {
		if len(each.roles()) == 0 {
			continue
		}
		found := 0
		for _, concurrency := range []*actionlint.Concurrency{each.in.Concurrency, each.Concurrency} {
			if concurrency == nil {
				continue
			}
			found++
			require.NotNil(t, concurrency.CancelInProgress, each)
			assert.Equal(t, "false", concurrency.CancelInProgress.String(), each)
		}
		assert.Equal(t, 1, found, "%s: two of it at once", each)
	}
}

// Whoever may name a tag or a branch would else write the script.
func TestNoScriptIsWrittenByAnInput(t *testing.T) {
	for _, each := range jobs(t) {
		for _, step := range each.Steps {
			assert.NotContains(t, script(step), "${{", "%s: hand it over in env", each)
		}
	}
}

func TestEveryJobEndsAndItsScriptsStopAtTheirFirstError(t *testing.T) {
	for _, each := range jobs(t) {
		if each.WorkflowCall != nil {
			continue
		}
		assert.NotNil(t, each.TimeoutMinutes, "%s: GitHub's own limit is six hours", each)
		require.NotNil(t, each.in.Defaults, each.in.file)
		assert.Equal(t, "bash", value(each.in.Defaults.Run.Shell), "%s: only a shell that is named stops within a pipe", each.in.file)
	}
}

func TestASecretOfAnEnvironmentReachesACalledWorkflow(t *testing.T) {
	for _, each := range jobs(t) {
		if each.WorkflowCall != nil && each.may("id-token") {
			assert.True(t, each.WorkflowCall.InheritSecrets, "%s: AWS_ROLE_ARN would be empty (ADR 16)", each)
		}
	}
}

// Runbook PROD 12 lists them; those of the sites are in facts 5.1.
func TestTheWorkflowsAskForTheRunbooksSecretsAndVariablesAlone(t *testing.T) {
	known := []string{
		"secrets.AWS_ROLE_ARN", "secrets.COGNITO_USER_POOL_ID", "secrets.COGNITO_CLIENT_ID",
		"vars.AWS_REGION", "vars.S3_BUCKET_ARTIFACT", "vars.PUBLIC_API_BASE_URL",
		"vars.S3_BUCKET_WEB_ADMIN", "vars.S3_BUCKET_WEB_PASSENGER",
		"vars.CLOUDFRONT_DISTRIBUTION_ID_WEB_ADMIN", "vars.CLOUDFRONT_DISTRIBUTION_ID_WEB_PASSENGER",
	}
	asked := map[string]bool{}
	for _, each := range workflows(t) {
		for _, name := range regexp.MustCompile(`\b(secrets|vars)\.[A-Z0-9_]+`).FindAllString(each.text, -1) {
			asked[name] = true
		}
	}
	for _, each := range calls(t, "site-publish.yml") {
		asked["vars."+each.inputs["bucket"]], asked["vars."+each.inputs["distribution"]] = true, true
	}
	assert.ElementsMatch(t, known, slices.Collect(maps.Keys(asked)))
}

// The names in the workflows are config's; a workflow cannot import it.
func TestTheWorkflowsNameThingsAsConfigDoes(t *testing.T) {
	release := workflowNamed(t, "service-release.yml").Jobs["release"]
	named := calls(t, "service-release.yml")
	require.Len(t, named, 3)
	for _, each := range named {
		each.inputs["version"] = "v1.0.1"
		env := environment(t, config.Stage(each.inputs["environment"]))
		found := slices.IndexFunc(env.Services, func(s config.Service) bool { return s.Name == each.inputs["service"] })
		require.GreaterOrEqual(t, found, 0)
		service := env.Services[found]
		assert.Equal(t, service.ArtifactKey("v1.0.1"), rendered(release, "KEY", each.inputs))
		assert.Equal(t, env.VersionParameter(service.Name), rendered(release, "PARAMETER", each.inputs))
		assert.Equal(t, env.FleetName(service.Name), rendered(release, "GROUP", each.inputs))
		assert.Equal(t, service.ServesPages, each.inputs["serves_pages"] == "true")
	}
	dev := environment(t, config.Dev)
	assert.Contains(t, workflowNamed(t, "service-release.yml").text, "Values="+dev.AppHostName()+" ")
	for _, each := range calls(t, "site-publish.yml") {
		assert.True(t, slices.ContainsFunc(dev.Sites, func(s config.Site) bool { return s.Name == each.inputs["site"] }), each.inputs["site"])
	}
	for _, each := range jobs(t) {
		for _, step := range each.Steps {
			if uses, inputs := action(step); strings.HasPrefix(uses, "actions/setup-node@") {
				assert.Equal(t, text(dev.Runtime.NodeMajor), inputs["node-version"], "%s: built for what hosts run", each)
			}
		}
	}
}

// rendered is a variable of a job, the inputs written in.
func rendered(job *actionlint.Job, name string, inputs map[string]string) string {
	written := value(job.Env.Vars[strings.ToLower(name)].Value)
	for input, value := range inputs {
		written = strings.ReplaceAll(written, "${{ inputs."+input+" }}", value)
	}
	return written
}
