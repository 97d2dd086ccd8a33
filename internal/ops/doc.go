// Package ops does the work of d2ctl. It knows no terminal: a function takes the
// environment and the few methods of AWS that it needs, tells what happens as
// Events, and returns a value that can be printed as JSON. Everything is found
// by the names and tags of package config.
package ops
