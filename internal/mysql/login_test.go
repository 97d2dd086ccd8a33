package mysql

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/internal/fault"
	"github.com/d2-ride-booking/platform/internal/localaws/database"
)

func TestTheAdministratorAndTheApplicationLogInOverVerifiedTLS(t *testing.T) {
	s := bootstrapped(t)
	for user, login := range map[string]Login{"admin@%": s.admin(t), "app_user@%": s.app(t)} {
		db, err := Open(login)
		require.NoError(t, err)
		conn, err := db.Connect(t.Context())
		require.NoError(t, err)
		var is string
		require.NoError(t, conn.One(t.Context(), "SELECT CURRENT_USER()", nil, &is))
		assert.Equal(t, user, is)
		assert.Equal(t, "TLS 1.3, "+instance.Host, db.TLS())
		require.NoError(t, conn.Close())
		require.NoError(t, db.Close())
	}
}

func TestATokenIsMadeForEachConnection(t *testing.T) {
	login := bootstrapped(t).app(t)
	made, mint := 0, login.Secret
	login.Secret = func(ctx context.Context) (string, error) {
		made++
		return mint(ctx)
	}
	db, err := Open(login)
	require.NoError(t, err)
	defer db.Close()
	for range 3 {
		conn, err := db.Connect(t.Context())
		require.NoError(t, err)
		require.NoError(t, conn.Close())
	}
	assert.Equal(t, 3, made)
}

// TestEveryRefusedLoginSaysWhy is "Done when" 3 of issue 5, against real servers.
func TestEveryRefusedLoginSaysWhy(t *testing.T) {
	s := bootstrapped(t)
	admin := in(t, s.admin(t))
	admin.does(t, "CREATE USER IF NOT EXISTS 'by_password'@'%' IDENTIFIED BY 'another canary' REQUIRE SSL", "CREATE DATABASE IF NOT EXISTS closed")
	expired := another(t, database.Options{Certificate: func(c *x509.Certificate) { c.NotAfter = c.NotBefore.Add(time.Minute) }})
	misnamed := another(t, database.Options{Certificate: func(c *x509.Certificate) { c.DNSNames = []string{"other.example.com"} }})
	plain := another(t, database.Options{Plain: true})
	stranger, err := database.NewAuthority()
	require.NoError(t, err)
	for name, each := range map[string]struct {
		server *shared
		change func(*Login)
		code   fault.Code
		what   string
		try    string
	}{
		"wrong CA": {s, func(l *Login) {
			l.Authorities = Authorities{pool: x509.NewCertPool(), from: "the authorities of FILE"}
			l.Authorities.pool.AppendCertsFromPEM(stranger.PEM())
		}, fault.Failed, `is signed by "D2 local RDS CA", which is none of the authorities of FILE: nothing was sent`, "--ca FILE or D2_DB_CA"},
		"RDS's own CA does not know it": {s, func(l *Login) {
			l.Authorities, err = ReadAuthorities("")
			require.NoError(t, err)
		}, fault.Failed, "none of RDS's authorities (built in)", "--ca FILE"},
		"wrong name":          {misnamed, nil, fault.Failed, "the certificate is for other.example.com, not for " + instance.Host, "where the tunnel goes"},
		"expired certificate": {expired, nil, fault.Failed, "is good from", "this machine's clock"},
		"no TLS":              {plain, nil, fault.Failed, "offers no TLS: nothing was sent to it", "require_secure_transport"},
		"token for another host": {s, func(l *Login) { l.Secret = tokenFor("other.example.com:3306", "app_user") },
			fault.Credentials, "the token is for other.example.com:3306, and this is " + instance.Endpoint(), "d2ctl db token"},
		"token for another user": {s, func(l *Login) { l.Secret = tokenFor(instance.Endpoint(), "someone") },
			fault.Credentials, `the token is for the user "someone"`, "d2ctl db token"},
		"expired token": {s, func(l *Login) {
			mint := l.Secret
			l.Secret = func(ctx context.Context) (string, error) { return aged(t, mint, time.Hour) }
		}, fault.Credentials, "the token expired: it was made 1h0m0s ago and is good for 15m0s", "d2ctl db token"},
		"token that does not verify": {s, func(l *Login) {
			mint := l.Secret
			l.Secret = func(ctx context.Context) (string, error) {
				token, err := mint(ctx)
				return token[:len(token)-4] + "0000", err
			}
		}, fault.Credentials, "the database refused the login of app_user by IAM token", "rds-db:connect"},
		"wrong password": {s, func(l *Login) {
			l.User, l.ByToken, l.Secret = "admin", false, func(context.Context) (string, error) { return "canary-wrong", nil }
		}, fault.Credentials, "the database refused the password of admin", "d2ctl db secret"},
		"user without the IAM plugin": {s, func(l *Login) { l.User, l.Secret = "by_password", tokenFor(instance.Endpoint(), "by_password") },
			fault.Credentials, "does not log in by AWSAuthenticationPlugin", "d2ctl db bootstrap"},
		"nobody of that name": {s, func(l *Login) { l.User, l.Secret = "nobody", tokenFor(instance.Endpoint(), "nobody") },
			fault.Credentials, "the database refused the login of nobody by IAM token", "d2ctl db"},
		"password for the user of tokens": {s, func(l *Login) { l.ByToken = false }, fault.Credentials, "refused the password of app_user", ""},
		"schema of others":                {s, func(l *Login) { l.Database = "closed" }, fault.Credentials, "app_user may not use the schema closed", "d2ctl db check"},
		"no such schema": {s, func(l *Login) {
			*l = s.admin(t)
			l.Database = "nowhere"
		}, fault.NotFound, "Unknown database 'nowhere' (1049)", ""},
		"nothing there": {s, func(l *Login) {
			l.Dial = func(ctx context.Context) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, "tcp", "127.0.0.1:1")
			}
		}, fault.Failed, "broke off during the login", "d2ctl doctor database"},
	} {
		t.Run(name, func(t *testing.T) {
			login := each.server.app(t)
			if each.change != nil {
				each.change(&login)
			}
			_, err := tryIn(t, login)
			var known *fault.Error
			require.ErrorAs(t, err, &known)
			assert.Equal(t, each.code, known.Code, known.What)
			assert.Contains(t, known.What, each.what)
			assert.Contains(t, known.Try, each.try)
			assert.NotContains(t, known.What+known.Try, "canary")
			assert.NotContains(t, known.What+known.Try, "X-Amz-Signature")
		})
	}
}

// aged is a token as it was made some time ago. Its signature is of no account:
// the server refuses it for its age.
func aged(t *testing.T, mint func(context.Context) (string, error), age time.Duration) (string, error) {
	t.Helper()
	token, err := mint(t.Context())
	host, query, _ := strings.Cut(token, "?")
	values, parseErr := url.ParseQuery(query)
	require.NoError(t, parseErr)
	values.Set("X-Amz-Date", time.Now().UTC().Add(-age).Format(amzTime))
	return host + "?" + values.Encode(), err
}

func TestADatabaseThatIsFullSaysSo(t *testing.T) {
	s := another(t, database.Options{})
	for range 80 { // more than it takes, without logging in
		conn, err := net.Dial("tcp", s.Address())
		require.NoError(t, err)
		defer conn.Close()
		_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		_, _ = conn.Read(make([]byte, 1))
	}
	_, err := tryIn(t, s.admin(t))
	assert.ErrorContains(t, err, "too many connections already (1040)")
}

func TestAServerThatIsSilentIsNotWaitedForForever(t *testing.T) {
	login := server(t).admin(t)
	login.Dial = func(context.Context) (net.Conn, error) {
		here, there := net.Pipe()
		t.Cleanup(func() { _ = there.Close() })
		return here, nil
	}
	db, err := Open(login)
	require.NoError(t, err)
	defer db.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = db.Connect(ctx)
	assert.Equal(t, fault.TimedOut, fault.CodeOf(err), err)
}

func TestTheShippedAuthoritiesAreRDSsAndLastAYear(t *testing.T) {
	a, err := ReadAuthorities("")
	require.NoError(t, err)
	rest, count, here := a.PEM(), 0, 0
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		require.NoError(t, err)
		assert.True(t, certificate.IsCA, certificate.Subject)
		assert.NoError(t, certificate.CheckSignatureFrom(certificate), "signed by itself")
		assert.Equal(t, []string{"Amazon Web Services, Inc."}, certificate.Subject.Organization)
		assert.True(t, certificate.NotAfter.After(time.Now().AddDate(1, 0, 0)), "%s ends on %s: renew the file", certificate.Subject, certificate.NotAfter)
		count++
		if strings.Contains(certificate.Subject.CommonName, " ap-southeast-1 ") {
			here++
		}
	}
	assert.Equal(t, 81, count)
	assert.Equal(t, 3, here, "RSA2048, RSA4096 and ECC384 of the platform's Region")
}

func TestAFileThatHoldsNoAuthorityIsRefused(t *testing.T) {
	for _, file := range []string{"login_test.go", "nowhere.pem"} {
		_, err := ReadAuthorities(file)
		assert.Equal(t, fault.Usage, fault.CodeOf(err), err)
	}
}
