package ssmtest

import (
	"bufio"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// shellOn starts a shell session with our own document.
func shellOn(t *testing.T, options Options) (*Gateway, *client) {
	t.Helper()
	options.Documents = map[string]Document{"our-session": {Kind: KindShell}}
	gateway := start(t, options)
	c := open(t, gateway, &ssm.StartSessionInput{Target: aws.String(target), DocumentName: aws.String("our-session")})
	awaits(t, "the handshake", c.ready)
	return gateway, c
}

// types sends what a person types.
func (c *client) types(text string) {
	c.t.Helper()
	require.NoError(c.t, c.channel.send(payloadData, []byte(text)))
}

// sees reads until a line says so. What is typed is echoed, so want must not be in it.
func (c *client) sees(lines *bufio.Reader, want string) {
	c.t.Helper()
	for {
		line, err := lines.ReadString('\n')
		require.NoError(c.t, err, "waited for %q, last was %q", want, line)
		if strings.Contains(line, want) {
			return
		}
	}
}

func TestAShellKnowsItsWindowItsSignalsAndItsEnd(t *testing.T) {
	gateway, c := shellOn(t, Options{})
	lines := bufio.NewReader(c)
	require.NoError(t, c.channel.send(payloadSize, []byte(`{"cols":123,"rows":45}`)))
	c.types("stty size\n")
	c.sees(lines, "45 123")
	c.types("echo $D2_INSTANCE $HOME.\n")
	c.sees(lines, target+" .") // nothing of our own environment
	c.types("sleep 60\n")
	time.Sleep(100 * time.Millisecond)
	c.types("\x03")
	c.types("echo interr''upted $?\n")
	c.sees(lines, "interrupted 130")
	c.types("exit 7\n")
	awaits(t, "the end", c.done)
	assert.Equal(t, "channel closed: ", c.ended)
	assert.Equal(t, "the shell ended: exit status 7", endedAs(t, gateway))
}

func TestATerminatedShellTakesWhatItStartedWithIt(t *testing.T) {
	gateway, c := shellOn(t, Options{})
	lines := bufio.NewReader(c)
	c.types("echo st''arted; sleep 60\n")
	c.sees(lines, "started")
	require.NoError(t, c.channel.send(payloadFlag, flagBody(flagTerminate)))
	awaits(t, "the end", c.done)
	assert.Equal(t, "the client terminated it", endedAs(t, gateway))
	gateway.Close() // returns only when the shell is gone
}

func TestAShellEndsThoughWhatItStartedGoesOn(t *testing.T) {
	gateway, c := shellOn(t, Options{})
	c.types("trap '' HUP; sleep 2 & exit\n")
	awaits(t, "the end", c.done)
	assert.Equal(t, "the shell ended: exit status 0", endedAs(t, gateway))
}

func TestAShellHealsToo(t *testing.T) {
	gateway, c := shellOn(t, Options{Faults: Faults{CutAfter: 5, Drop: 0.05, Seed: 3}})
	lines := bufio.NewReader(c)
	for range 10 {
		c.types("echo a''live\n")
		c.sees(lines, "alive")
	}
	assert.Equal(t, 2, only(t, gateway).Sockets)
}

func TestAShellThatCannotStartSaysSo(t *testing.T) {
	_, c := shellOn(t, Options{Shell: []string{"/no/such/shell"}})
	awaits(t, "the end", c.done)
	assert.Contains(t, c.ended, "Unable to start shell: fork/exec /no/such/shell: no such file or directory")
}
