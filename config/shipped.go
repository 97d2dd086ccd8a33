package config

import (
	"embed"
	"path"
)

//go:embed environments/*.yaml
var shipped embed.FS

// Shipped is an environment as the file that this program was built with says,
// so that d2ctl needs no checkout beside it.
func Shipped(stage Stage) (*Environment, error) {
	name := path.Join("environments", string(stage)+".yaml")
	data, err := shipped.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return Parse(path.Join(path.Dir(DefaultDir), name), data)
}

// LoadStage reads one environment of a directory. It does not look at the other,
// whose problems are not this one's.
func LoadStage(dir string, stage Stage) (*Environment, error) {
	env, _, problems := loadStage(dir, stage)
	if len(problems) > 0 {
		return nil, problems
	}
	return env, nil
}
