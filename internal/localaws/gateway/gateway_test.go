package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/feature/rds/auth"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	awssession "github.com/aws/session-manager-plugin/src/sessionmanagerplugin/session"
	_ "github.com/aws/session-manager-plugin/src/sessionmanagerplugin/session/portsession"  // registers Port
	_ "github.com/aws/session-manager-plugin/src/sessionmanagerplugin/session/shellsession" // registers Standard_Stream
	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/internal/localaws"
	"github.com/d2-ride-booking/platform/internal/localaws/database"
	"github.com/d2-ride-booking/platform/internal/ssmtest"
	"github.com/d2-ride-booking/platform/internal/tooltest"
)

// bePlugin makes this test's program AWS's own plugin, which is these tests' client.
const bePlugin = "D2_TEST_BE_THE_PLUGIN"

func TestMain(m *testing.M) {
	if os.Getenv(bePlugin) != "" {
		awssession.ValidateInputAndStartSession(os.Args, os.Stdout)
		os.Exit(0)
	}
	// Of its own, so that a test sees what is left there. Short: sockets lie in it.
	temporary, err := os.MkdirTemp("", "gw")
	if err == nil {
		err = os.Setenv("TMPDIR", temporary)
	}
	if err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(temporary)
	os.Exit(code)
}

// platform is a local AWS with a host and a database, as the stacks make them but smaller.
type platform struct {
	*localaws.Server
	config   aws.Config
	instance string
}

// stack has what a session needs: a host with a profile, our session document, a database.
const stack = `{"Resources": {
  "V": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.7.0.0/16"}},
  "S": {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": {"Ref": "V"}, "CidrBlock": "10.7.0.0/24"}},
  "R": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []}}},
  "P": {"Type": "AWS::IAM::InstanceProfile", "Properties": {"Roles": [{"Ref": "R"}]}},
  "I": {"Type": "AWS::EC2::Instance", "Properties": {"ImageId": "ami-1", "InstanceType": "t3.micro", "SubnetId": {"Ref": "S"}, "IamInstanceProfile": {"Ref": "P"}}},
  "D": {"Type": "AWS::SSM::Document", "Properties": {"Name": "our-session", "DocumentType": "Session", "Content": {
    "schemaVersion": "1.0", "sessionType": "Standard_Stream", "inputs": {"idleSessionTimeout": "20"}}}},
  "M": {"Type": "AWS::SecretsManager::Secret", "Properties": {"Name": "master", "GenerateSecretString": {
    "SecretStringTemplate": "{\"username\":\"admin\"}", "GenerateStringKey": "password", "PasswordLength": 30}}},
  "B": {"Type": "AWS::RDS::DBInstance", "Properties": {"DBInstanceIdentifier": "db", "DBInstanceClass": "db.t3.micro", "Engine": "mysql",
    "AllocatedStorage": "20", "DBName": "app", "EnableIAMDatabaseAuthentication": true,
    "MasterUsername": {"Fn::Sub": "{{resolve:secretsmanager:${M}:SecretString:username}}"},
    "MasterUserPassword": {"Fn::Sub": "{{resolve:secretsmanager:${M}:SecretString:password}}"}}}
}}`

// shared is one local AWS for all tests.
var shared = sync.OnceValues(func() (*platform, error) {
	server, err := localaws.Start(context.Background(), localaws.Options{})
	if err != nil {
		return nil, err
	}
	p := &platform{Server: server}
	return p, p.deploy()
})

func (p *platform) deploy() error {
	for _, variable := range p.Environ() {
		name, value, _ := strings.Cut(variable, "=")
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	loaded, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		return err
	}
	p.config = loaded
	deploy := p.Command(context.Background(), p.Tools.AWS, "cloudformation", "create-stack", "--stack-name", "s", "--template-body", stack)
	if said, err := deploy.CombinedOutput(); err != nil {
		return errors.New(string(said))
	}
	for range 200 {
		known, err := ssm.NewFromConfig(loaded).DescribeInstanceInformation(context.Background(), nil)
		if err != nil {
			return err
		}
		if len(known.InstanceInformationList) == 1 {
			p.instance = *known.InstanceInformationList[0].InstanceId
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return errors.New("the host does not come online")
}

func deployed(t *testing.T) *platform {
	t.Helper()
	p, err := shared()
	tooltest.Need(t, localaws.IsMissing(err), err)
	t.Cleanup(func() {
		if text, err := os.ReadFile(p.Log); err == nil && t.Failed() {
			t.Logf("%s", text)
		}
	})
	return p
}

// plugin gives a session to AWS's plugin.
func (p *platform) plugin(t *testing.T, ask *ssm.StartSessionInput) (*exec.Cmd, *bufio.Reader, io.Writer) {
	t.Helper()
	begun, err := ssm.NewFromConfig(p.config).StartSession(t.Context(), ask)
	require.NoError(t, err)
	response, err := json.Marshal(begun)
	require.NoError(t, err)
	process := exec.CommandContext(t.Context(), os.Args[0], "AWS_SSM_START_SESSION_RESPONSE", localaws.DefaultRegion, "StartSession", "", `{"Target":"i"}`, p.URL())
	process.Env = append(os.Environ(), bePlugin+"=1", "AWS_SSM_START_SESSION_RESPONSE="+string(response))
	process.Stderr = os.Stderr
	stdout, err := process.StdoutPipe()
	require.NoError(t, err)
	stdin, err := process.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, process.Start())
	t.Cleanup(func() {
		_ = process.Process.Kill()
		_ = process.Wait()
	})
	return process, bufio.NewReader(stdout), stdin
}

func (p *platform) database(t *testing.T) (host string, port int32) {
	t.Helper()
	found, err := rds.NewFromConfig(p.config).DescribeDBInstances(t.Context(), nil)
	require.NoError(t, err)
	require.Len(t, found.DBInstances, 1)
	return *found.DBInstances[0].Endpoint.Address, *found.DBInstances[0].Endpoint.Port
}

var opened = regexp.MustCompile(`Port (\d+) opened`)

// TestTheDatabaseIsReachedThroughATunnel is the way of runbook PROD 3: a tunnel,
// the master secret, app_user, and a login by token.
func TestTheDatabaseIsReachedThroughATunnel(t *testing.T) {
	p := deployed(t)
	host, port := p.database(t)
	process, said, _ := p.plugin(t, &ssm.StartSessionInput{
		Target: &p.instance, DocumentName: aws.String(ssmtest.RemoteHostDocument),
		Parameters: map[string][]string{"host": {host}, "portNumber": {"3306"}},
	})
	var local string
	for local == "" {
		line, err := said.ReadString('\n')
		require.NoError(t, err)
		if found := opened.FindStringSubmatch(line); found != nil {
			local = net.JoinHostPort("127.0.0.1", found[1])
		}
	}
	secret, err := p.Command(t.Context(), p.Tools.AWS, "secretsmanager", "get-secret-value", "--secret-id", "master", "--query", "SecretString", "--output", "text").Output()
	require.NoError(t, err)
	var master struct{ Username, Password string }
	require.NoError(t, json.Unmarshal(secret, &master))
	admin := connect(t, p, host, local, master.Username, master.Password)
	if err := admin.PingContext(t.Context()); err != nil {
		log, _ := os.ReadFile(p.Log)
		missing := strings.Contains(string(log), database.ErrNoServer.Error()) || strings.Contains(string(log), database.ErrNoCompiler.Error())
		tooltest.Need(t, missing, err)
	}
	for _, statement := range []string{
		"CREATE USER 'app_user'@'%' IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS' REQUIRE SSL",
		"GRANT SELECT, INSERT, UPDATE, DELETE ON app.* TO 'app_user'@'%'",
	} {
		_, err := admin.ExecContext(t.Context(), statement)
		require.NoError(t, err)
	}
	token, err := auth.BuildAuthToken(t.Context(), net.JoinHostPort(host, "3306"), localaws.DefaultRegion, "app_user", p.config.Credentials)
	require.NoError(t, err)
	assert.EqualValues(t, 3306, port)
	user := connect(t, p, host, local, "app_user", token)
	var current string
	var long []byte
	require.NoError(t, user.QueryRowContext(t.Context(), "SELECT current_user(), REPEAT('x', 5000000)").Scan(&current, &long))
	assert.Equal(t, "app_user@%", current)
	assert.Len(t, long, 5_000_000)
	_, err = user.ExecContext(t.Context(), "CREATE TABLE t (n INT)")
	assert.ErrorContains(t, err, "CREATE command denied")

	require.NoError(t, process.Process.Signal(syscall.SIGINT))
	_ = process.Wait()
	assert.Eventually(t, func() bool {
		sessions, err := p.Sessions(t.Context())
		return err == nil && !sessions[len(sessions)-1].Connected
	}, 10*time.Second, 20*time.Millisecond)
}

func connect(t *testing.T, p *platform, host, address, user, password string) *sql.DB {
	t.Helper()
	authority, err := os.ReadFile(p.DatabaseCA())
	require.NoError(t, err)
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(authority))
	settings := mysql.NewConfig()
	settings.User, settings.Passwd, settings.Net, settings.Addr, settings.DBName = user, password, "tcp", address, "app"
	settings.TLS, settings.AllowCleartextPasswords = &tls.Config{RootCAs: pool, ServerName: host}, true
	settings.MaxAllowedPacket = 16 << 20
	settings.Timeout = 30 * time.Second
	connector, err := mysql.NewConnector(settings)
	require.NoError(t, err)
	db := sql.OpenDB(connector)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func TestAShellAnswersFromTheModelOfTheHost(t *testing.T) {
	p := deployed(t)
	_, said, stdin := p.plugin(t, &ssm.StartSessionInput{Target: &p.instance, DocumentName: aws.String("our-session")})
	_, err := io.WriteString(stdin, "head -n 1 /etc/os-release\nid\necho $?\nstty size\nsleep 60\n")
	require.NoError(t, err)
	time.Sleep(300 * time.Millisecond) // until sleep runs
	_, err = io.WriteString(stdin, "\x03echo ended with $?\nexit 5\n")
	require.NoError(t, err)
	all, err := io.ReadAll(said)
	require.NoError(t, err)
	assert.Contains(t, string(all), `ID="amzn"`)
	assert.Contains(t, string(all), "ended with 130")
	assert.Contains(t, string(all), "the local AWS does not run this: id")
	assert.Contains(t, string(all), "100 300", "the size that the plugin gives without a terminal")
	sessions, err := p.Sessions(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "the shell ended: exit status 5", sessions[len(sessions)-1].End)
}

func TestWhatIsNotADatabaseCannotBeReached(t *testing.T) {
	p := deployed(t)
	behind := &databases{aws: p.URL()}
	for _, address := range []string{"127.0.0.1:22", "localhost:3306", "169.254.169.254:80", "example.com:3306"} {
		host, port, _ := net.SplitHostPort(address)
		_, err := behind.dial(t.Context(), host, port)
		assert.ErrorContains(t, err, "is no endpoint of a DB instance here", address)
	}
}

func TestAHostThatIsNotOnlineGetsNoSession(t *testing.T) {
	p := deployed(t)
	api := ssm.NewFromConfig(p.config, func(o *ssm.Options) { o.RetryMaxAttempts = 1 })
	_, err := api.StartSession(t.Context(), &ssm.StartSessionInput{Target: aws.String("i-0000000000000000f")})
	assert.ErrorContains(t, err, "TargetNotConnected: i-0000000000000000f is not connected.")
	_, err = api.StartSession(t.Context(), &ssm.StartSessionInput{Target: &p.instance, DocumentName: aws.String("no-such")})
	assert.ErrorContains(t, err, "InvalidDocument")
	require.NoError(t, p.SetSessionFaults(t.Context(), ssmtest.Faults{Offline: true}))
	_, err = api.StartSession(t.Context(), &ssm.StartSessionInput{Target: &p.instance})
	assert.ErrorContains(t, err, "TargetNotConnected")
	require.NoError(t, p.SetSessionFaults(t.Context(), ssmtest.Faults{}))
}

// TestTheGatewayEndsWithTheLocalAWS stands last in this file, as it ends what the others use.
func TestTheGatewayEndsWithTheLocalAWS(t *testing.T) {
	p := deployed(t)
	url, err := p.GatewayURL(t.Context())
	require.NoError(t, err)
	address := strings.TrimPrefix(url, "http://")
	conn, err := net.Dial("tcp", address)
	require.NoError(t, err)
	_ = conn.Close()
	require.NoError(t, p.Stop())
	assert.Eventually(t, func() bool {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	}, 10*time.Second, 20*time.Millisecond)
	assert.Eventually(t, func() bool {
		left, err := filepath.Glob(filepath.Join(os.TempDir(), "d2db-*"))
		return err == nil && len(left) == 0
	}, 10*time.Second, 20*time.Millisecond, "a database goes with its gateway")
}
