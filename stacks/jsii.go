package stacks

// Stacks hold few values of their own; these turn them into what jsii takes.

func str(s string) *string { return &s }
func boolean(b bool) *bool { return &b }
func strs(s ...string) *[]*string {
	pointers := make([]*string, len(s))
	for i := range s {
		pointers[i] = &s[i]
	}
	return &pointers
}
