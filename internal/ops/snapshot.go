package ops

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/awsapi"
	"github.com/d2-ride-booking/platform/internal/fault"
)

// snapshotLook is how often a snapshot is looked at: the first takes minutes.
const snapshotLook = 10 * time.Second

// SnapshotReader is what is asked of RDS about snapshots.
type SnapshotReader interface {
	DatabaseReader
	DescribeDBSnapshots(context.Context, *rds.DescribeDBSnapshotsInput, ...func(*rds.Options)) (*rds.DescribeDBSnapshotsOutput, error)
}

// SnapshotMaker is what taking a snapshot needs of RDS.
type SnapshotMaker interface {
	SnapshotReader
	CreateDBSnapshot(context.Context, *rds.CreateDBSnapshotInput, ...func(*rds.Options)) (*rds.CreateDBSnapshotOutput, error)
}

// Snapshot is one of the database (runbook PROD 10.5).
type Snapshot struct {
	// Identifier is its name in RDS.
	Identifier string `json:"identifier"`
	// Kind is manual, automated or awsbackup; an automated one ends with its retention.
	Kind string `json:"kind"`
	// Status is RDS's: available, creating, failed.
	Status string `json:"status"`
	// Percent is how much of it is taken.
	Percent int `json:"percent"`
	// Created is when it was begun; the zero time just after it was ordered.
	Created time.Time `json:"created,omitzero"`
	// SizeGiB is the storage of the database at that time, in GiB.
	SizeGiB int `json:"size_gib"`
	// Engine is engine and version, which a restore brings back.
	Engine string `json:"engine"`
	// Encrypted says that it is.
	Encrypted bool `json:"encrypted"`
}

// ReadSnapshots are those of the environment's database, the newest first.
func ReadSnapshots(ctx context.Context, api SnapshotReader, env *config.Environment) ([]Snapshot, error) {
	snapshots := []Snapshot{}
	pages := rds.NewDescribeDBSnapshotsPaginator(api, &rds.DescribeDBSnapshotsInput{DBInstanceIdentifier: aws.String(env.DatabaseIdentifier())})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, found := range page.DBSnapshots {
			snapshots = append(snapshots, snapshotFrom(found))
		}
	}
	slices.SortFunc(snapshots, func(a, b Snapshot) int { return b.Created.Compare(a.Created) })
	return snapshots, nil
}

func snapshotFrom(found types.DBSnapshot) Snapshot {
	return Snapshot{
		Identifier: aws.ToString(found.DBSnapshotIdentifier), Kind: aws.ToString(found.SnapshotType), Status: aws.ToString(found.Status),
		Percent: int(aws.ToInt32(found.PercentProgress)), Created: aws.ToTime(found.SnapshotCreateTime), SizeGiB: int(aws.ToInt32(found.AllocatedStorage)),
		Engine: aws.ToString(found.Engine) + " " + aws.ToString(found.EngineVersion), Encrypted: aws.ToBool(found.Encrypted),
	}
}

// snapshotName is what RDS takes behind the environment's prefix: letters, digits
// and single hyphens (RDS API, CreateDBSnapshot).
var snapshotName = regexp.MustCompile(`^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$`)

// PlanSnapshot names a snapshot, by the time in UTC where no name is given, and
// refuses while the database could not be copied.
func PlanSnapshot(ctx context.Context, api SnapshotReader, env *config.Environment, name string, now time.Time) (*Snapshot, error) {
	if name == "" {
		name = now.UTC().Format("20060102-150405")
	}
	if !snapshotName.MatchString(name) {
		return nil, fault.New(fault.Usage, "use letters, digits and single hyphens, e.g. before-v2", "--name %s cannot name a snapshot", name)
	}
	database, err := mustReadDatabase(ctx, api, env)
	if err != nil {
		return nil, err
	}
	if database.Status != databaseAvailable {
		return nil, fault.New(fault.Failed, fmt.Sprintf("wait until it is available: d2ctl status -e %s --watch", env.Environment),
			"the database %s is %s, and a snapshot is taken of an available one", database.Identifier, database.Status)
	}
	planned := &Snapshot{Identifier: env.Named(strings.ToLower(name)), Kind: "manual", Status: "planned", Engine: database.Engine}
	if _, err := readSnapshot(ctx, api, planned.Identifier); err == nil {
		return nil, fault.New(fault.Usage, "give another --name, or none", "there is a snapshot %s already", planned.Identifier)
	} else if !awsapi.IsNotFound(err) {
		return nil, err
	}
	return planned, nil
}

// Plan is what Do will do.
func (s *Snapshot) Plan(env *config.Environment) *Plan {
	plan := NewPlan(env).
		Do("the database %s is copied into the snapshot %s", env.DatabaseIdentifier(), s.Identifier).
		Do("it is kept, and paid for by its size, until somebody deletes it; d2ctl never does")
	if !env.Database.MultiAZ {
		plan.Do("the database may stand still for some seconds: in one zone there is no standby to copy")
	}
	return plan.Call("RDS.CreateDBSnapshot", env.DatabaseIdentifier(), s.Identifier)
}

// Do orders the snapshot that was planned.
func (s *Snapshot) Do(ctx context.Context, api SnapshotMaker, env *config.Environment) error {
	answer, err := api.CreateDBSnapshot(ctx, &rds.CreateDBSnapshotInput{
		DBInstanceIdentifier: aws.String(env.DatabaseIdentifier()), DBSnapshotIdentifier: &s.Identifier, // the database's tags come with it
	})
	if err == nil && answer.DBSnapshot != nil {
		*s = snapshotFrom(*answer.DBSnapshot)
	}
	return err
}

// Await waits until the snapshot can be restored from.
func (s *Snapshot) Await(ctx context.Context, api SnapshotReader, env *config.Environment, tell Listener) error {
	err := Poll(ctx, snapshotLook, despiteThrottling(func(ctx context.Context) (bool, error) {
		found, err := readSnapshot(ctx, api, s.Identifier)
		if err != nil {
			return false, err
		}
		*s = *found
		state := fmt.Sprintf("%s %d%%", s.Status, s.Percent)
		tell(Event{Subject: s.Identifier, State: state, Failed: s.failed()})
		if s.failed() {
			return false, fault.New(fault.Unhealthy, "look at the database's events: aws rds describe-events --source-type db-snapshot --source-identifier "+s.Identifier,
				"the snapshot %s is %s", s.Identifier, s.Status)
		}
		return s.Status == databaseAvailable, nil
	}))
	return GoesOn(err, "the snapshot "+s.Identifier, "look after it: d2ctl snapshot list -e "+string(env.Environment))
}

func (s *Snapshot) failed() bool { return isBrokenDatabase(s.Status) }

func readSnapshot(ctx context.Context, api SnapshotReader, identifier string) (*Snapshot, error) {
	answer, err := api.DescribeDBSnapshots(ctx, &rds.DescribeDBSnapshotsInput{DBSnapshotIdentifier: &identifier})
	if err != nil {
		return nil, err
	}
	if len(answer.DBSnapshots) == 0 {
		return nil, &types.DBSnapshotNotFoundFault{Message: aws.String("there is no snapshot " + identifier)}
	}
	found := snapshotFrom(answer.DBSnapshots[0])
	return &found, nil
}
