package config

import (
	"regexp"
	"strings"
)

// What stands on every host, where the runbooks look for it.
const (
	// AppsDir is where releases are unpacked (facts 9.0).
	AppsDir = "/opt/apps"
	// CABundleFile is where in a service's directory RDS's certificate authorities are (facts 1.15).
	CABundleFile = "shared/aws-rds-global-bundle.pem"
	// OSUser runs PM2 and with it every app (facts 4.1).
	OSUser = "appuser"
	// OSHome is that user's home.
	OSHome = "/home/" + OSUser
	// PM2Home is where PM2 keeps its state and the apps' logs (runbook DEV 5.4).
	PM2Home = OSHome + "/.pm2"
	// BootLog is what the boot script wrote (runbook DEV 2.1).
	BootLog = "/var/log/cloud-init-output.log"
	// HostLogDir is where d2-release writes its log, one file a service.
	HostLogDir = "/var/log/d2"
	// ReleaseCommand is the program on a host that fetches, starts, restarts and reports releases.
	ReleaseCommand = "d2-release"
	// VersionVariable tells an app which version it is (docs/application.md).
	VersionVariable = "APP_VERSION"
)

// LogStream is what one stream of a service's log group carries; its name in
// CloudWatch Logs is <instance id>/<stream>.
type LogStream string

// The four streams that an instance writes for a service.
const (
	StreamOut     LogStream = "out"     // what the app wrote to its standard output
	StreamError   LogStream = "error"   // what it wrote to its standard error
	StreamRelease LogStream = "release" // what d2-release did
	StreamBoot    LogStream = "boot"    // BootLog, of the host's first service
)

// MySQL's packages are signed with this key, which MySQL publishes at this
// address (MySQL 8.0 Reference Manual, "Signature Checking Using GnuPG").
const (
	MySQLKeyURL         = "https://repo.mysql.com/RPM-GPG-KEY-mysql-2025"
	MySQLKeyFingerprint = "BCA43417C3B485DD128EC6D4B7B3B788A8D3785C"
)

// VersionPattern is what the version of a release looks like, in the regular
// expressions of Go and Python alike: it becomes a directory and an object's name.
const VersionPattern = `[A-Za-z0-9][A-Za-z0-9._+-]{0,127}`

var versionOnly = regexp.MustCompile(`^` + VersionPattern + `$`)

// IsVersion says whether text can be the version of a release, e.g. v1.0.1.
func IsVersion(text string) bool { return text != Unreleased && versionOnly.MatchString(text) }

// MySQLSeries is the client's major and minor version, by which MySQL names its repositories, e.g. 8.0.
func (r Runtime) MySQLSeries() string {
	return r.MySQLClientVersion[:strings.LastIndex(r.MySQLClientVersion, ".")]
}

// AppDir is where a service lives on its host (runbook DEV 5.8).
func (s Service) AppDir() string { return AppsDir + "/" + s.Name }

// CABundle is the file with RDS's certificate authorities, which the service verifies MySQL against (facts 1.15).
func (s Service) CABundle() string { return s.AppDir() + "/" + CABundleFile }

// EnvFile holds the variables of the running release, for people to read (runbook DEV 5.8).
func (s Service) EnvFile() string { return s.AppDir() + "/current/.env" }

// OutLog is the app's standard output as PM2 writes it (runbook DEV 5.4).
func (s Service) OutLog() string { return PM2Home + "/logs/" + s.Name + "-out.log" }

// ErrorLog is the app's standard error as PM2 writes it (runbook DEV 5.4).
func (s Service) ErrorLog() string { return PM2Home + "/logs/" + s.Name + "-error.log" }

// ReleaseLog is what d2-release did for the service.
func (s Service) ReleaseLog() string { return HostLogDir + "/" + s.Name + "-release.log" }
