package d2ctl

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestWhatWasSynthesizedIsDrawn(t *testing.T) {
	p := deployed(t)
	prod := filepath.Join(common.assembly, "D2-Prod.template.json")
	assert.Contains(t, p.succeeds(t, "diagram", "--template", prod).out, "  alb -->|\"3000\"| backend_api\n")
	assert.Contains(t, p.succeeds(t, "diagram", "--template", prod, "--format", "svg").out, "<title>d2-ride-booking-prod-vpc")
	assert.Contains(t, p.succeeds(t, "diagram", "--template", prod, "-o", "tsv").out, "\nalb\tbackend_api\t3000\n")
}

func TestWhatCannotBeDrawnSaysWhy(t *testing.T) {
	p := deployed(t)
	edge := filepath.Join(common.assembly, "D2-Prod-Edge.template.json")
	for args, code := range map[string]int{"--template " + edge: 2, "--template none.json": 3, "": 2} {
		command := []string{"diagram"}
		if args != "" {
			command = append(command, args[:len("--template")], args[len("--template "):])
		}
		assert.Equal(t, code, p.d2ctl(t, command...).code, args)
	}
	assert.Contains(t, p.d2ctl(t, "diagram", "--template", edge).errors, "this is no template of a main stack: it has 0 VPCs\nTry: name the template of D2-Prod or D2-Dev\n")
	assert.Contains(t, p.d2ctl(t, "diagram", "--template", filepath.Join(common.assembly, "D2-Dev.template.json"), "--format", "png").errors, "--format png is no way to draw")
}
