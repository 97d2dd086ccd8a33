package session

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	awssession "github.com/aws/session-manager-plugin/src/sessionmanagerplugin/session"
	"golang.org/x/term"
)

const (
	// childArgument is the only argument of a child.
	childArgument = "__session"
	// lineVariable names the descriptors of a shell's child by which parent and
	// child talk, "read,write"; without it they are its stdin and stdout.
	lineVariable = "D2CTL_SESSION_LINE"
	// endOrder is what a parent writes when the session is to end.
	endOrder = "end"
	// farewellWithin is how long a child's farewell to the agent may take.
	farewellWithin = time.Second
)

// IsChild says that this process was started to run one session.
func IsChild(args []string) bool { return len(args) == 2 && args[1] == childArgument }

// Child runs the session that the parent asks for, and ends the process. Its
// exit code means nothing: what happened is in its reports.
func Child() {
	// The parent decides about signals that a terminal sends to both.
	signal.Ignore(os.Interrupt, syscall.SIGHUP)
	orders, reports := line()
	reader := bufio.NewReader(orders)
	text, err := reader.ReadBytes('\n')
	if err != nil {
		os.Exit(1) // the parent is gone before it asked
	}
	c := &child{reports: reports}
	if err := json.Unmarshal(text, &c.request); err != nil {
		os.Exit(1)
	}
	c.settle()
	go c.obey(reader)
	ends := &ends{child: c}
	awssession.SessionRegistry[kindPort] = &portEnd{ends: ends}
	awssession.SessionRegistry[kindShell] = &shellEnd{ends: ends}
	awssession.ValidateInputAndStartSession([]string{
		os.Args[0], responseVariable, c.request.Region, "StartSession", "", string(c.target()), c.request.Endpoint,
	}, io.Discard)
	c.exit(report{Lost: "the plugin gave up"})
}

// responseVariable is where the plugin looks for StartSession's answer (facts, operations-cli 3.2).
const responseVariable = "AWS_SSM_START_SESSION_RESPONSE"

// child is this process as the child of another.
type child struct {
	request request
	mu      sync.Mutex
	reports io.Writer
	console *term.State // of the terminal, before it was made raw
	ends    *ends
}

// line is where orders come from and reports go to. What the plugin prints must not get there.
func line() (orders io.Reader, reports io.Writer) {
	orders, reports = os.Stdin, os.Stdout
	if read, write, given := strings.Cut(os.Getenv(lineVariable), ","); given {
		orders, reports = inherited(read), inherited(write)
	}
	return orders, reports
}

func inherited(number string) *os.File {
	handle, _ := strconv.ParseUint(number, 10, 64)
	return os.NewFile(uintptr(handle), "line")
}

// settle gives the plugin what it reads from its environment. That of this
// process as others see it is the one that it began with, and has none of it.
func (c *child) settle() {
	for name, value := range map[string]string{
		responseVariable: c.request.response(), "AWS_REGION": c.request.Region,
		"AWS_ACCESS_KEY_ID": c.request.Key, "AWS_SECRET_ACCESS_KEY": c.request.Secret, "AWS_SESSION_TOKEN": c.request.Security,
	} {
		_ = os.Setenv(name, value)
	}
	// The credentials are resolved: a profile would resolve them again, and may ask for MFA.
	for _, name := range []string{"AWS_PROFILE", "AWS_DEFAULT_PROFILE"} {
		_ = os.Unsetenv(name)
	}
	nowhere, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err == nil {
		streams.out, os.Stdout = os.Stdout, nowhere // the plugin prints in some sixty places
	}
}

func (c *child) target() []byte {
	text, _ := json.Marshal(map[string]string{"Target": c.request.Target})
	return text
}

// obey waits for the order to end, or for the end of the line, which is the
// parent's: then nobody else would end the session.
func (c *child) obey(orders *bufio.Reader) {
	text, err := orders.ReadString('\n')
	if err == nil && strings.TrimSpace(text) == endOrder {
		c.farewell()
		c.exit(report{})
	}
	c.terminate()
	c.exit(report{})
}

// terminate calls TerminateSession.
func (c *child) terminate() {
	ctx, cancel := context.WithTimeout(context.Background(), terminateWithin)
	defer cancel()
	loaded, err := config.LoadDefaultConfig(ctx, config.WithRegion(c.request.Region))
	if err != nil {
		return
	}
	api := ssm.NewFromConfig(loaded, func(o *ssm.Options) {
		if c.request.Endpoint != "" {
			o.BaseEndpoint = &c.request.Endpoint
		}
	})
	_, _ = api.TerminateSession(ctx, &ssm.TerminateSessionInput{SessionId: &c.request.SessionID})
}

// farewell tells the agent, where there is a channel by which to.
func (c *child) farewell() {
	c.mu.Lock()
	ends := c.ends
	c.mu.Unlock()
	if ends == nil {
		return
	}
	said := make(chan struct{})
	go func() {
		ends.terminate()
		close(said)
	}()
	select {
	case <-said:
	case <-time.After(farewellWithin):
	}
}

// tell reports to the parent. Where that fails, it is gone, and obey sees it.
func (c *child) tell(r report) {
	c.mu.Lock()
	defer c.mu.Unlock()
	text, _ := json.Marshal(r)
	_, _ = c.reports.Write(append(text, '\n'))
}

// exit ends the process, with the terminal as it was.
func (c *child) exit(last report) {
	if last != (report{}) {
		c.tell(last)
	}
	c.mu.Lock() // for good: only one exits
	if c.console != nil {
		_ = term.Restore(int(os.Stdin.Fd()), c.console)
	}
	os.Exit(0)
}

// lost ends the process because the session cannot be used any more.
func (c *child) lost(format string, values ...any) {
	c.exit(report{Lost: fmt.Sprintf(format, values...)})
}
