package ops

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/fault"
	"github.com/d2-ride-booking/platform/internal/mysql"
)

// greetingTime is how long a database may take for its first byte, through a tunnel.
const greetingTime = 15 * time.Second

// databaseCheck is one check while it is made. It changes nothing, and so it tries
// no DDL either: that it is refused is read from the grants.
type databaseCheck struct {
	env        *config.Environment
	dial       mysql.Dialer
	admin, app *mysql.DB

	asAdmin, asApp         *mysql.Conn
	adminFailed, appFailed error
	account                *mysql.Account
}

// CheckDatabase goes through runbook DEV 3.7 and 4.2 to 4.5: the way there, TLS,
// both logins, the application's user and its grants.
func CheckDatabase(ctx context.Context, env *config.Environment, dial mysql.Dialer, admin, app *mysql.DB, now time.Time) *Diagnosis {
	c := &databaseCheck{env: env, dial: dial, admin: admin, app: app}
	defer c.close()
	diagnosis := &Diagnosis{Environment: env.Environment, At: now, Findings: []Finding{}}
	for _, each := range c.probes() {
		finding := Finding{Topic: TopicDatabase, Probe: each.name, Runbook: each.runbook}
		finding.take(each.look(ctx))
		diagnosis.Findings = append(diagnosis.Findings, finding)
	}
	diagnosis.Healthy = len(diagnosis.Ill()) == 0
	return diagnosis
}

func (c *databaseCheck) probes() []probe {
	user := c.env.Database.AppUser
	return []probe{
		{"reach", "DEV 4.2", c.lookReach},
		{"administrator logs in by secret", "DEV 4.3", c.lookAdmin},
		{"TLS", "DEV 4.3", c.lookTLS},
		{"version", "DEV 4.4", c.lookVersion},
		{"schema " + c.env.Database.Name, "DEV 3.7", c.lookSchema},
		{user + " logs in by plugin", "DEV 4.5", c.lookPlugin},
		{user + " requires TLS", "DEV 3.7", c.lookRequired},
		{"grants of " + user, "DEV 3.7", c.lookGrants},
		{user + " logs in by token", "DEV 4.3", c.lookApp},
		{"DDL is refused to " + user, "DEV 3.7", c.lookDDL},
	}
}

func (c *databaseCheck) close() {
	for _, each := range []*mysql.Conn{c.asAdmin, c.asApp} {
		if each != nil {
			_ = each.Close()
		}
	}
}

// lookReach waits for the greeting, which every MySQL server says first.
func (c *databaseCheck) lookReach(ctx context.Context) (outcome, error) {
	began := time.Now()
	conn, err := c.dial(ctx)
	if err != nil {
		return outcome{}, err
	}
	defer conn.Close()
	_ = conn.SetReadDeadline(time.Now().Add(greetingTime))
	if _, err := conn.Read(make([]byte, 1)); err != nil {
		return wrong("look at the way there: d2ctl doctor -e "+string(c.env.Environment)+" database", "the port answers, but no server greets: %v", innermost(err))
	}
	return fine("the server greets after %d ms", time.Since(began).Milliseconds())
}

func (c *databaseCheck) lookAdmin(ctx context.Context) (outcome, error) {
	if c.asAdmin, c.adminFailed = c.admin.Connect(ctx); c.adminFailed != nil {
		return failed(c.adminFailed)
	}
	if c.account, c.adminFailed = mysql.ReadAccount(ctx, c.asAdmin, c.env.Database.AppUser, c.env.Database.Name); c.adminFailed != nil {
		return failed(c.adminFailed)
	}
	return fine("%s", c.env.Database.MasterUser)
}

// failed is a login that was refused: that is wrong, and not merely unknown.
func failed(err error) (outcome, error) {
	var known *fault.Error
	if errors.As(err, &known) && known.Code != fault.TimedOut {
		return outcome{verdict: Wrong, saw: known.What, fix: known.Try}, nil
	}
	return outcome{}, err
}

// needsAdmin has a probe skipped that only the administrator can make: the reason stands above it.
func (c *databaseCheck) needsAdmin() (outcome, bool) {
	return outcome{verdict: Skipped, saw: "only the administrator sees it"}, c.adminFailed != nil
}

func (c *databaseCheck) lookTLS(context.Context) (outcome, error) {
	if seen := c.admin.TLS(); seen != "" {
		return fine("%s, verified", seen)
	}
	return skipped("no login got as far")
}

func (c *databaseCheck) lookVersion(ctx context.Context) (outcome, error) {
	if skip, yes := c.needsAdmin(); yes {
		return skip, nil
	}
	var version string
	if err := c.asAdmin.One(ctx, "SELECT VERSION()", nil, &version); err != nil {
		return outcome{}, err
	}
	number, suffix, _ := strings.Cut(version, "-")
	switch want := c.env.Database.EngineVersion; {
	case strings.Contains(suffix, "MariaDB"):
		return skipped(fmt.Sprintf("%s stands for MySQL %s here: this is a local AWS", version, want))
	case number != want:
		return wrong("set database.engine_version in "+File(c.env)+" to what runs, or deploy the stack", "%s runs, and %s says %s", version, File(c.env), want)
	}
	return fine("%s, as %s says", version, File(c.env))
}

func (c *databaseCheck) lookSchema(context.Context) (outcome, error) {
	if skip, yes := c.needsAdmin(); yes {
		return skip, nil
	}
	switch charset := c.account.Charset; charset {
	case "":
		return wrong(c.bootstrap(), "it does not exist")
	case mysql.Charset:
		return fine("%s", charset)
	default:
		return wrong("as the administrator: ALTER DATABASE "+c.account.Schema+" CHARACTER SET "+mysql.Charset+"; its tables are converted by a migration each",
			"new tables are %s, which lacks a part of Unicode", charset)
	}
}

func (c *databaseCheck) bootstrap() string {
	return "make it what the runbook says: d2ctl db bootstrap -e " + string(c.env.Environment)
}

func (c *databaseCheck) lookPlugin(context.Context) (outcome, error) {
	if skip, yes := c.needsAdmin(); yes {
		return skip, nil
	}
	switch a := c.account; {
	case !a.Exists:
		return wrong(c.bootstrap(), "there is no user %s", a.Name())
	case a.Plugin != mysql.Plugin:
		return wrong(c.bootstrap(), "by %s, not by %s", a.Plugin, mysql.Plugin)
	case a.Locked:
		return wrong(c.bootstrap(), "%s is locked", a.Name())
	case len(a.OtherHosts) > 0:
		return wrong("see whose they are, and DROP USER those that nobody needs", "%s", otherHosts(a))
	default:
		return fine("%s", a.Plugin)
	}
}

func (c *databaseCheck) lookRequired(context.Context) (outcome, error) {
	if skip, yes := c.needsAdmin(); yes {
		return skip, nil
	}
	if !c.account.Exists {
		return skipped("there is no such user")
	}
	if !c.account.RequiresTLS {
		return wrong(c.bootstrap(), "REQUIRE SSL is missing: only the parameter group keeps its token from going in clear")
	}
	return fine("REQUIRE SSL")
}

func (c *databaseCheck) lookGrants(context.Context) (outcome, error) {
	if skip, yes := c.needsAdmin(); yes {
		return skip, nil
	}
	if !c.account.Exists {
		return skipped("there is no such user")
	}
	var saw []string
	if missing := c.account.Missing(); len(missing) > 0 {
		saw = append(saw, "missing: "+strings.Join(missing, ", "))
	}
	if excess := c.account.Excess(); len(excess) > 0 {
		var names []string
		for _, each := range excess {
			names = append(names, each.String())
		}
		saw = append(saw, "too much: "+strings.Join(names, "; "))
	}
	if len(saw) > 0 {
		return wrong(c.bootstrap(), "%s", strings.Join(saw, "; "))
	}
	return fine("%s on %s, and no more", strings.Join(mysql.AppPrivileges, ", "), c.account.Schema)
}

func (c *databaseCheck) lookApp(ctx context.Context) (outcome, error) {
	if c.asApp, c.appFailed = c.app.Connect(ctx); c.appFailed != nil {
		return failed(c.appFailed)
	}
	var is string
	if err := c.asApp.One(ctx, "SELECT CURRENT_USER()", nil, &is); err != nil {
		return outcome{}, err
	}
	if is != c.env.Database.AppUser+"@%" {
		return wrong(c.bootstrap(), "the database takes it for %s", is)
	}
	return fine("%s", is)
}

func (c *databaseCheck) lookDDL(ctx context.Context) (outcome, error) {
	if c.appFailed != nil {
		return skipped("it does not log in")
	}
	grants, err := mysql.OwnGrants(ctx, c.asApp)
	if err != nil {
		return outcome{}, err
	}
	if may := mysql.DDLOf(grants); len(may) > 0 {
		slices.Sort(may)
		return wrong(c.bootstrap(), "it may %s", strings.Join(slices.Compact(may), ", "))
	}
	return fine("none of its grants allows any")
}
