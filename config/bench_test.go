package config_test

import (
	"testing"

	"github.com/d2-ride-booking/platform/config"
)

func BenchmarkLoadAll(b *testing.B) {
	for b.Loop() {
		if _, err := config.LoadAll("environments"); err != nil {
			b.Fatal(err)
		}
	}
}
