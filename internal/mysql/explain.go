package mysql

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	sqldriver "database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	driver "github.com/go-sql-driver/mysql"

	"github.com/d2-ride-booking/platform/internal/fault"
)

// Numbers of the server's errors; MySQL and MariaDB share them.
const (
	errTooManyConnections  = 1040
	errDeniedToDatabase    = 1044
	errAccessDenied        = 1045
	errUnknownDatabase     = 1049
	errUnknownColumn       = 1054
	errSyntax              = 1064
	errDeniedCommand       = 1142
	errDeniedColumn        = 1143
	errNoSuchTable         = 1146
	errTooManyUser         = 1203
	errLockWait            = 1205
	errDeadlock            = 1213
	errMissingPrivilege    = 1227
	errInterrupted         = 1317
	errDeniedRoutine       = 1370
	errPluginNotLoaded     = 1524
	errReadOnlyTransaction = 1792
)

const (
	// TokenLife is how long a login token is good (RDS). It is needed to log in, not to stay.
	TokenLife = 15 * time.Minute
	// amzTime is the layout of a token's X-Amz-Date.
	amzTime = "20060102T150405Z"
	// tryCA is the advice where a certificate is not taken.
	tryCA = "give the authority's certificate as --ca FILE or D2_DB_CA; there is no way to connect without verifying"
)

// Explain says an error of a statement in words, with an exit code; what is
// explained already stays as it is.
func Explain(err error) error {
	var known *fault.Error
	var answer *driver.MySQLError
	switch {
	case err == nil || errors.As(err, &known) || errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &answer):
		return explainAnswer(answer)
	case errors.Is(err, context.DeadlineExceeded):
		return &fault.Error{Code: fault.TimedOut, What: "the database did not answer in time", Try: "give it longer: --timeout 10m", Cause: err}
	case brokeOff(err):
		return &fault.Error{Code: fault.Failed, What: "the connection to the database broke off; whether the statement was done is not known", Try: "look at its effect before you run it again", Cause: err}
	}
	return err
}

func brokeOff(err error) bool {
	for _, each := range []error{driver.ErrInvalidConn, sqldriver.ErrBadConn, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed} {
		if errors.Is(err, each) {
			return true
		}
	}
	var network *net.OpError
	return errors.As(err, &network)
}

// explainAnswer is for what the server itself refused.
func explainAnswer(answer *driver.MySQLError) *fault.Error {
	problem := &fault.Error{Code: fault.Failed, What: fmt.Sprintf("the database says: %s (%d)", answer.Message, answer.Number), Cause: answer}
	switch answer.Number {
	case errSyntax, errUnknownColumn:
		problem.Code = fault.Usage
	case errUnknownDatabase:
		problem.Code, problem.Try = fault.NotFound, "see which there are: SHOW DATABASES; the application's is made by d2ctl db bootstrap"
	case errNoSuchTable:
		problem.Code = fault.NotFound
	case errDeniedToDatabase, errDeniedCommand, errDeniedColumn, errMissingPrivilege, errDeniedRoutine:
		problem.Code, problem.Try = fault.Credentials, "see what the user may: d2ctl db check; the administrator may more: --user admin"
	case errReadOnlyTransaction:
		problem.Code, problem.What, problem.Try = fault.Usage, "that statement changes something, and this connection only reads", "add --write"
	case errTooManyConnections, errTooManyUser:
		problem.What = fmt.Sprintf("the database has too many connections already (%d)", answer.Number)
		problem.Try = "see whose they are: d2ctl db query --user admin 'SHOW PROCESSLIST'; RDS keeps a few for the administrator"
	case errLockWait, errDeadlock:
		problem.Try = "run it again; what holds locks: d2ctl db query --user admin 'SHOW PROCESSLIST'"
	case errInterrupted:
		problem.Code, problem.What = fault.Interrupted, "the statement was cancelled"
	case errPluginNotLoaded:
		problem.Try = "IAM logins are off on this database: set database.iam_authentication and deploy the stack"
	}
	return problem
}

// explainLogin is Explain for what happens before the first statement.
func (db *DB) explainLogin(ctx context.Context, err error) error {
	var known *fault.Error
	if errors.As(err, &known) || ctx.Err() != nil {
		return Explain(err)
	}
	if explained := db.explainTLS(err); explained != nil {
		explained.Cause = err
		return explained
	}
	var answer *driver.MySQLError
	switch {
	case errors.As(err, &answer) && answer.Number == errAccessDenied && db.login.ByToken,
		errors.Is(err, driver.ErrUnknownPlugin), errors.Is(err, driver.ErrOldPassword):
		return db.explainToken(ctx, err)
	case errors.As(err, &answer) && answer.Number == errAccessDenied, isCleartextAsked(err):
		return &fault.Error{
			Code: fault.Credentials, Cause: err, What: fmt.Sprintf("the database refused the password of %s", db.login.User),
			Try: "the secret and the database have different passwords: see d2ctl db secret, and docs/database.md on rotating by hand",
		}
	case errors.As(err, &answer) && answer.Number == errDeniedToDatabase:
		return &fault.Error{
			Code: fault.Credentials, Cause: err, What: fmt.Sprintf("%s may not use the schema %s", db.login.User, db.login.Database),
			Try: "see what it may: d2ctl db check; d2ctl db bootstrap grants what the runbook says",
		}
	case brokeOff(err):
		return &fault.Error{Code: fault.Failed, Cause: err, What: "the connection to " + db.login.Endpoint() + " broke off during the login", Try: "run it again; look at the way there: d2ctl doctor database"}
	}
	return Explain(err)
}

// explainTLS is for a server that cannot show who it is; nil for other errors.
func (db *DB) explainTLS(err error) *fault.Error {
	var (
		unknown x509.UnknownAuthorityError
		name    x509.HostnameError
		invalid x509.CertificateInvalidError
		other   *tls.CertificateVerificationError
		alert   tls.AlertError
		record  tls.RecordHeaderError
	)
	host := db.login.Host
	switch {
	case errors.Is(err, driver.ErrNoTLS):
		return fault.New(fault.Failed, "the parameter group must have require_secure_transport; this may not be the database at all", "%s offers no TLS: nothing was sent to it", host)
	case errors.As(err, &name):
		return fault.New(fault.Failed, "the connection leads to another server than meant; look where the tunnel goes", "the certificate is for %s, not for %s: nothing was sent", names(name.Certificate), host)
	case errors.As(err, &unknown):
		return fault.New(fault.Failed, tryCA, "the certificate of %s is signed by %q, which is none of %s: nothing was sent", host, issuer(unknown.Cert), db.login.Authorities)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return fault.New(fault.Failed, "rotate the database's certificate (RDS console: Certificate update), and look at this machine's clock",
			"the certificate of %s is good from %s to %s, and it is %s: nothing was sent", host, day(invalid.Cert.NotBefore), day(invalid.Cert.NotAfter), day(time.Now()))
	case errors.As(err, &other):
		return fault.New(fault.Failed, tryCA, "the certificate of %s cannot be verified: %v; nothing was sent", host, other.Err)
	case errors.As(err, &alert), errors.As(err, &record):
		return fault.New(fault.Failed, "look at the server's TLS versions; d2ctl speaks 1.2 and 1.3", "TLS with %s failed: %v", host, err)
	}
	return nil
}

func names(certificate *x509.Certificate) string {
	if len(certificate.DNSNames) == 0 {
		return certificate.Subject.CommonName
	}
	return strings.Join(certificate.DNSNames, ", ")
}

func issuer(certificate *x509.Certificate) string {
	if certificate == nil {
		return "somebody unknown"
	}
	return certificate.Issuer.CommonName
}

func day(at time.Time) string { return at.UTC().Format(time.DateOnly) }

func isCleartextAsked(err error) bool { return errors.Is(err, driver.ErrCleartextPassword) }

// explainToken looks for the reason of a refusal of which the server says nothing.
func (db *DB) explainToken(ctx context.Context, err error) *fault.Error {
	user := db.login.User
	problem := &fault.Error{Code: fault.Credentials, Cause: err, What: "the database refused the login of " + user + " by IAM token"}
	db.mutex.Lock()
	last := db.last
	db.mutex.Unlock()
	if fit := tokenMisfit(last, db.login.Endpoint(), user, time.Now()); fit != "" {
		problem.What += ": " + fit
		problem.Try = "make a new one: d2ctl db token"
		return problem
	}
	if !db.asksForToken(ctx) {
		problem.What += ": there is no such user, or it does not log in by AWSAuthenticationPlugin"
		problem.Try = "make it as the runbook says: d2ctl db bootstrap"
		return problem
	}
	// A server hides who exists: it asks a stranger for what some other user is asked for.
	problem.Try = "your IAM role needs rds-db:connect for " + user + ", its credentials must not have expired, this machine's clock must be right, and the user must exist: d2ctl db check"
	return problem
}

// tokenMisfit is why a token cannot be good here, as far as can be seen in it; empty where nothing is seen.
func tokenMisfit(token, endpoint, user string, now time.Time) string {
	host, query, isToken := strings.Cut(token, "?")
	asked, err := url.ParseQuery(query)
	if !isToken || err != nil {
		return "what was given is no token"
	}
	signed, err := time.Parse(amzTime, asked.Get("X-Amz-Date"))
	switch {
	case strings.TrimSuffix(host, "/") != endpoint:
		return fmt.Sprintf("the token is for %s, and this is %s", strings.TrimSuffix(host, "/"), endpoint)
	case asked.Get("DBUser") != user:
		return fmt.Sprintf("the token is for the user %q", asked.Get("DBUser"))
	case err == nil && now.Sub(signed) > TokenLife:
		return fmt.Sprintf("the token expired: it was made %s ago and is good for %s", now.Sub(signed).Round(time.Minute), TokenLife)
	}
	return ""
}

// errorNumber is the server's number of an error; 0 for errors that are not its.
func errorNumber(err error) int {
	var answer *driver.MySQLError
	if errors.As(err, &answer) {
		return int(answer.Number)
	}
	return 0
}

// isOneOf says whether the server's error has one of the numbers.
func isOneOf(err error, numbers ...int) bool { return slices.Contains(numbers, errorNumber(err)) }
