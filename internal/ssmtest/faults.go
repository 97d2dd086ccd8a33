package ssmtest

import (
	"math/rand/v2"
	"sync"
	"time"
)

// Faults are what goes wrong. The zero value is a gateway without any. Shares
// run from 0 to 1, and hold for both directions; the same seed makes the same
// choices in the same order of frames.
type Faults struct {
	// Seed of what is drawn.
	Seed uint64
	// Drop is the share of data frames that get lost.
	Drop float64
	// Double is the share of data frames that come twice.
	Double float64
	// Reorder is the share of data frames that the one after them overtakes.
	Reorder float64
	// Delay is the share of data frames that come DelayBy late, and all after them with them.
	Delay float64
	// DelayBy is how late; 0 means 50 ms.
	DelayBy time.Duration
	// LoseAcks is the share of acknowledgements that get lost.
	LoseAcks float64

	// ByeAfter closes a session's web socket with 1000 "Bye" once so many data
	// frames went to the client, as AWS does about hourly; 0 never.
	ByeAfter int
	// CutAfter breaks the connection without a word after so many data frames; 0 never.
	CutAfter int
	// EveryTime lets ByeAfter and CutAfter strike each web socket of a session; otherwise only its first.
	EveryTime bool
	// PauseAfter tells the client to pause after so many data frames, for PauseFor; 0 never.
	PauseAfter int
	// PauseFor is how long a pause takes, before start_publication ends it.
	PauseFor time.Duration

	// RefuseDial answers every web socket with this HTTP status, e.g. 403 for credentials that expired; 0 does not.
	RefuseDial int
	// RefuseToken closes with 1008 whoever shows a token, as AWS does a wrong or used one.
	RefuseToken bool
	// Silent accepts web sockets and tokens, and never says anything.
	Silent bool
	// Offline makes StartSession answer TargetNotConnected.
	Offline bool
	// RefuseResume makes ResumeSession answer 403, as it does when credentials have expired.
	RefuseResume bool
	// ResumeTooLate makes ResumeSession answer without a token, as for a session that timed out.
	ResumeTooLate bool
	// RefuseConnections makes the agent fail to connect to the port.
	RefuseConnections bool
	// Idle ends a session on which no data moved for so long; 0 leaves it to the document.
	Idle time.Duration
}

// delay is how late a delayed frame comes.
func (f Faults) delay() time.Duration {
	if f.DelayBy == 0 {
		return 50 * time.Millisecond
	}
	return f.DelayBy
}

// fate is what happens to frames on one direction of one web socket.
type fate struct {
	faults Faults
	mu     sync.Mutex
	drawn  *rand.Rand
	held   []byte // a data frame that the next one overtakes
}

// newFate draws from the seed and what tells one direction of one web socket from another.
func newFate(faults Faults, which uint64) *fate {
	return &fate{faults: faults, drawn: rand.New(rand.NewPCG(faults.Seed, which))}
}

// of tells which frames go on in place of one, and how long they wait.
func (f *fate) of(raw []byte, kind string) (on [][]byte, wait time.Duration) {
	if !f.faults.drawsAny() {
		return [][]byte{raw}, 0
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case kind == typeAck:
		if f.strikes(f.faults.LoseAcks) {
			return nil, 0
		}
		return [][]byte{raw}, 0
	case kind != typeInput && kind != typeOutput:
		return [][]byte{raw}, 0
	case f.strikes(f.faults.Drop):
		return nil, 0
	}
	if f.strikes(f.faults.Delay) {
		wait = f.faults.delay()
	}
	if f.held == nil && f.strikes(f.faults.Reorder) {
		f.held = raw
		return nil, wait
	}
	on = [][]byte{raw}
	if f.strikes(f.faults.Double) {
		on = append(on, raw)
	}
	if f.held != nil {
		on, f.held = append(on, f.held), nil
	}
	return on, wait
}

func (f *fate) strikes(share float64) bool { return share > 0 && f.drawn.Float64() < share }

func (f Faults) drawsAny() bool {
	return f.Drop+f.Double+f.Reorder+f.Delay+f.LoseAcks > 0
}
