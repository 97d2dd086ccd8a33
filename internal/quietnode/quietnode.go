// Package quietnode silences jsii's banner about the end of life of Node 20.
//
// jsii-runtime-go reads the environment while its packages initialize, before
// main. Go initializes packages in the order of their import paths once what
// they import is ready; jsii imports packages that sort after this one, so this
// init runs first. A test of cmd/infra fails if the banner ever comes back.
package quietnode

import "os"

func init() {
	// The value is the Node major whose banner is silenced.
	os.Setenv("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")
}
