//go:build unix

package session

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"regexp"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	awssession "github.com/aws/session-manager-plugin/src/sessionmanagerplugin/session"
	_ "github.com/aws/session-manager-plugin/src/sessionmanagerplugin/session/portsession" // AWS's own end, to compare with
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/ssmtest"
)

// bePlugin makes this test's program AWS's own plugin.
const bePlugin = "SESSION_TEST_BE_THE_PLUGIN"

func plugin() {
	awssession.ValidateInputAndStartSession(os.Args, os.Stdout)
	os.Exit(0)
}

// benchmarked is how many bytes go one way.
const benchmarked = 3_000_000

// BenchmarkWays compares a client directly on the server with one through AWS's
// own plugin, run as the AWS CLI does, and one through our tunnel:
//
//	go test ./internal/session -run - -bench Ways -benchtime 3x
func BenchmarkWays(b *testing.B) {
	s := serve(b)
	gateway, err := ssmtest.Start(ssmtest.Options{Hosts: map[string]string{endpoint + ":3306": s.Addr().String()}})
	require.NoError(b, err)
	defer gateway.Close()
	tunnel, err := open(b.Context(), options(callerOf(gateway.URL())), usual)
	require.NoError(b, err)
	defer tunnel.Close()
	ways := []struct{ name, address string }{{"directly", s.Addr().String()}, {"AWS's plugin", startPlugin(b, gateway)}, {"d2ctl", tunnel.Addr()}}
	for _, way := range ways {
		b.Run("down/"+way.name, func(b *testing.B) { measure(b, way.address, "echo %d\n", nil) })
		b.Run("up/"+way.name, func(b *testing.B) { measure(b, way.address, "sink %d\n", noise(benchmarked)) })
		b.Run("round trip/"+way.name, func(b *testing.B) { roundTrips(b, way.address) })
		b.Run("connect/"+way.name, func(b *testing.B) {
			for b.Loop() {
				_, conn := greeted(b, way.address)
				_ = conn.Close()
			}
		})
	}
}

func greeted(b *testing.B, address string) (*bufio.Reader, net.Conn) {
	b.Helper()
	conn, err := net.Dial("tcp", address)
	require.NoError(b, err)
	_ = conn.SetDeadline(time.Now().Add(2 * time.Minute))
	reader := bufio.NewReader(conn)
	_, err = reader.ReadString('\n')
	require.NoError(b, err)
	return reader, conn
}

func measure(b *testing.B, address, ask string, body []byte) {
	b.SetBytes(benchmarked)
	reader, conn := greeted(b, address)
	defer conn.Close()
	for b.Loop() {
		_, err := fmt.Fprintf(conn, ask, benchmarked)
		require.NoError(b, err)
		if body == nil {
			_, err = io.CopyN(io.Discard, reader, benchmarked)
			require.NoError(b, err)
			continue
		}
		_, err = conn.Write(body)
		require.NoError(b, err)
		_, err = reader.ReadString('\n')
		require.NoError(b, err)
	}
}

func roundTrips(b *testing.B, address string) {
	reader, conn := greeted(b, address)
	defer conn.Close()
	for b.Loop() {
		for range 100 {
			_, err := io.WriteString(conn, "slow 0\n")
			require.NoError(b, err)
			_, err = reader.ReadString('\n')
			require.NoError(b, err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/100, "µs/trip")
}

var portOpened = regexp.MustCompile(`Port (\d+) opened`)

// startPlugin is AWS's own plugin, as the AWS CLI runs it.
func startPlugin(b *testing.B, g *ssmtest.Gateway) string {
	b.Helper()
	begun, err := callerOf(g.URL()).API.StartSession(b.Context(), &ssm.StartSessionInput{
		Target: aws.String(instance), DocumentName: aws.String(config.PortForwardingDocument),
		Parameters: map[string][]string{"host": {endpoint}, "portNumber": {"3306"}},
	})
	require.NoError(b, err)
	response, err := json.Marshal(begun)
	require.NoError(b, err)
	process := exec.CommandContext(b.Context(), os.Args[0], responseVariable, "ap-southeast-1", "StartSession", "", `{"Target":"i"}`, g.URL())
	process.Env = append(os.Environ(), bePlugin+"=1", responseVariable+"="+string(response), "AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local")
	out, err := process.StdoutPipe()
	require.NoError(b, err)
	require.NoError(b, process.Start())
	b.Cleanup(func() { _ = process.Process.Kill(); _ = process.Wait() })
	reader := bufio.NewReader(out)
	for {
		line, err := reader.ReadString('\n')
		require.NoError(b, err)
		if found := portOpened.FindStringSubmatch(line); found != nil {
			go func() { _, _ = io.Copy(io.Discard, reader) }()
			return net.JoinHostPort("localhost", found[1])
		}
	}
}
