package d2ctl

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/ops"
)

// diagnosed is what doctor finds of a topic, by probe, held against its schema:
// what it finds of DEV depends on what was released there before.
func diagnosed(t *testing.T, p *platform, args ...string) (map[string]ops.Finding, outcome) {
	t.Helper()
	result := p.d2ctl(t, append(args, "--json")...)
	require.NoError(t, check(t, "doctor.json", result.out), result.errors)
	var diagnosis ops.Diagnosis
	require.NoError(t, json.Unmarshal([]byte(result.out), &diagnosis), result.errors)
	findings := map[string]ops.Finding{}
	for _, finding := range diagnosis.Findings {
		findings[finding.Probe] = finding
	}
	return findings, result
}

func TestDoctorFindsNothingWrongWithDEV(t *testing.T) {
	findings, result := diagnosed(t, deployed(t), "doctor", "-e", "dev")
	for probe, finding := range findings {
		assert.Contains(t, []ops.Verdict{ops.Fine, ops.Skipped}, finding.Verdict, "%s: %s", probe, finding.Saw)
	}
	assert.Zero(t, result.code, result.errors)
	assert.Equal(t, "v20.19.5", findings["Node.js"].Saw)
	assert.Contains(t, findings["boot"].Saw, ": done")
}

func TestDoctorMissesOnlyThePagesOfAPRODThatHasNone(t *testing.T) {
	findings, result := diagnosed(t, deployed(t), "doctor", "-e", "prod")
	assert.Equal(t, 6, result.code)
	for probe, finding := range findings {
		if strings.HasSuffix(probe, ": index.html") {
			assert.Equal(t, ops.Wrong, finding.Verdict)
			assert.Contains(t, finding.Fix, "d2ctl site publish -e prod")
			continue
		}
		assert.Contains(t, []ops.Verdict{ops.Fine, ops.Skipped}, finding.Verdict, "%s: %s", probe, finding.Saw)
	}
}

func TestDoctorNamesTheArtifactThatIsMissing(t *testing.T) {
	p := deployed(t)
	p.wants(t, p.prod, "v9.9.9")
	t.Cleanup(func() { p.wants(t, p.prod, config.Unreleased) })
	result := p.d2ctl(t, "doctor", "-e", "prod", "deploy")
	assert.Equal(t, 6, result.code)
	assert.Contains(t, result.out, "- deploy, artifact and checksum: there is no apps/backend/backend-api-v9.9.9.tar.gz in "+p.prod.ArtifactBucket()+"\n")
	assert.Contains(t, result.out, "Try: upload it, or go back: d2ctl rollback -e prod backend-api (runbook PROD 5.1)\n")
}

func TestDoctorSeesTheWayToMySQLThatSomebodyClosed(t *testing.T) {
	p := deployed(t)
	group := p.awsCLI(t, "rds", "describe-db-instances", "--db-instance-identifier", p.prod.DatabaseIdentifier(),
		"--query", "DBInstances[0].VpcSecurityGroups[0].VpcSecurityGroupId", "--output", "text")
	rules := p.awsCLI(t, "ec2", "describe-security-groups", "--group-ids", group, "--query", "SecurityGroups[0].IpPermissions", "--output", "json")
	p.awsCLI(t, "ec2", "revoke-security-group-ingress", "--group-id", group, "--ip-permissions", rules)
	t.Cleanup(func() {
		p.awsCLI(t, "ec2", "authorize-security-group-ingress", "--group-id", group, "--ip-permissions", rules)
	})
	findings, result := diagnosed(t, p, "doctor", "database", "-e", "prod")
	assert.Equal(t, 6, result.code)
	assert.Equal(t, "no rule of "+group+" lets backend-api in on port 3306", findings["security groups of backend-api"].Saw)
	assert.Equal(t, "deploy the stack: make deploy ENV=prod", findings["security groups of backend-api"].Fix)
}

func TestDoctorSeesARecordThatLeadsElsewhere(t *testing.T) {
	p := deployed(t)
	zone := "/hostedzone/" + p.prod.Domain.ZoneID
	name := p.prod.FQDN("api")
	now := p.awsCLI(t, "route53", "list-resource-record-sets", "--hosted-zone-id", zone, "--query", "ResourceRecordSets[?Name=='"+name+".']|[0]", "--output", "json")
	change := func(record string) {
		p.awsCLI(t, "route53", "change-resource-record-sets", "--hosted-zone-id", zone, "--change-batch",
			`{"Changes":[{"Action":"UPSERT","ResourceRecordSet":`+record+`}]}`)
	}
	t.Cleanup(func() { change(now) })
	change(strings.ReplaceAll(now, "alb", "elsewhere"))
	findings, _ := diagnosed(t, p, "doctor", "dns", "-e", "prod")
	assert.Equal(t, ops.Wrong, findings[name].Verdict)
	assert.Contains(t, findings[name].Saw, "elsewhere")
}

func TestAProbeThatIsDeniedSaysSoAndTheOthersAreMade(t *testing.T) {
	p := deployed(t)
	endpoint := "AWS_ENDPOINT_URL=" + denying(t, p, "iam", "iam:ListRolePolicies")
	findings, _ := diagnosed(t, p, endpoint, "doctor", "database", "-e", "prod")
	assert.Equal(t, ops.Unknown, findings["backend-api may log in by token"].Verdict)
	assert.Equal(t, "these credentials may not iam:ListRolePolicies", findings["backend-api may log in by token"].Saw)
	assert.Equal(t, ops.Fine, findings["status"].Verdict)
}

func TestDoctorKnowsItsTopics(t *testing.T) {
	result := deployed(t).d2ctl(t, "doctor", "-e", "dev", "hosts")
	assert.Equal(t, 2, result.code)
	assert.Equal(t, "d2ctl: doctor knows nothing of \"hosts\"\nTry: name one of: deploy, targets, database, host, site, dns\n", result.errors)
}
