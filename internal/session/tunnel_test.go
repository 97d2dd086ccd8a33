//go:build unix

package session

import (
	"testing"
	"time"

	"github.com/d2-ride-booking/platform/internal/ssmtest"
)

func TestATunnelMovesBytesBothWays(t *testing.T) {
	w := start(t, ssmtest.Faults{})
	tunnel := w.opened(t)
	works(t, tunnel, 10*time.Second)
}
