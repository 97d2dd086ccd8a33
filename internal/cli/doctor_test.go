package cli

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/fault"
	"github.com/d2-ride-booking/platform/internal/iostreams"
	"github.com/d2-ride-booking/platform/internal/ops"
	"github.com/d2-ride-booking/platform/internal/screen"
)

// illDiagnosis has a finding of each verdict.
func illDiagnosis() *ops.Diagnosis {
	return &ops.Diagnosis{
		Environment: config.Prod, At: noon,
		Findings: []ops.Finding{
			{Topic: ops.TopicDeploy, Probe: "artifact and checksum", Verdict: ops.Wrong, Runbook: "PROD 5.1",
				Saw: "there is no apps/backend/backend-api-v1.0.1.tar.gz.sha256 in d2-ride-booking-deployments-prod-111122223333",
				Fix: "upload it, or go back: d2ctl rollback -e prod backend-api"},
			{Topic: ops.TopicDeploy, Probe: "instance refresh", Verdict: ops.Fine, Runbook: "PROD 5.4", Saw: "InProgress 50%"},
			{Topic: ops.TopicDatabase, Probe: "backend-api may log in by token", Verdict: ops.Unknown, Runbook: "PROD 13.3",
				Saw: "these credentials may not iam:ListRolePolicies", Fix: "ask for that action in your IAM role, or use a profile that has it: --profile NAME"},
			{Topic: ops.TopicDNS, Probe: "delegation of the zone", Verdict: ops.Skipped, Runbook: "PROD 1.2", Saw: "names of a local AWS lead nowhere"},
		},
	}
}

func TestTheScreenOfDoctor(t *testing.T) {
	for name, as := range map[string]func(*iostreams.Streams){
		"doctor-80-columns.txt":  terminal(80, true),
		"doctor-120-columns.txt": terminal(120, true),
		"doctor-no-color.txt":    terminal(80, false),
		"doctor-pipe.txt":        func(*iostreams.Streams) {},
	} {
		t.Run(name, func(t *testing.T) {
			streams, out, _ := iostreams.Recorded("")
			as(streams)
			app := NewApp(streams)
			app.flags.output = "table"
			require.NoError(t, app.Show(illDiagnosis(), func(d *screen.Document) { drawDiagnosis(d, illDiagnosis()) }))
			golden(t, name, out)
		})
	}
}

func TestDoctorAndAppRefuseWhatTheyDoNotKnowBeforeTheyAskAWS(t *testing.T) {
	for want, args := range map[string][]string{
		"d2ctl: doctor knows nothing of \"heart\"\nTry: name one of: deploy, targets, database, host, site, dns\n": {"doctor", "-e", "dev", "heart"},
		"d2ctl: SERVICE is missing\nTry: run it as: d2ctl app env SERVICE [flags]\n":                               {"app", "env", "-e", "dev"},
	} {
		code, out, talk := run(t, args...)
		assert.Equal(t, fault.Usage, code)
		assert.Empty(t, out)
		assert.Equal(t, want, talk)
	}
	_, out, _ := run(t, "__complete", "doctor", "")
	assert.Contains(t, out, "database\n")
}
