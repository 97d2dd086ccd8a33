package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Load reads one environment file. The error is Problems, holding every problem at once.
func Load(path string) (*Environment, error) {
	env, _, problems := load(path)
	if len(problems) > 0 {
		return nil, problems
	}
	return env, nil
}

// LoadAll reads dev.yaml and prod.yaml of a directory and checks that the two
// share nothing (runbook PROD 11.1). It returns DEV first, then PROD.
func LoadAll(dir string) ([]*Environment, error) {
	problems := strangers(dir)
	dev, devLines, devProblems := loadStage(dir, Dev)
	prod, _, prodProblems := loadStage(dir, Prod)
	problems = append(append(problems, devProblems...), prodProblems...)
	if dev != nil && prod != nil {
		problems = append(problems, isolation(dev, prod, stageFile(dir, Dev), devLines)...)
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return []*Environment{dev, prod}, nil
}

// Parse decodes and checks one environment file whose bytes are at hand; name is
// the file that problems point at. Nothing else is read: no other file, no
// environment variable, no network.
func Parse(name string, data []byte) (*Environment, error) {
	env, _, problems := parse(name, data)
	if len(problems) > 0 {
		return nil, problems
	}
	return env, nil
}

func stageFile(dir string, stage Stage) string {
	return filepath.Join(dir, string(stage)+".yaml")
}

func loadStage(dir string, stage Stage) (*Environment, lines, Problems) {
	path := stageFile(dir, stage)
	env, at, problems := load(path)
	if env != nil && env.Environment != stage {
		problems = append(problems, Problem{
			File: path, Line: at.of("environment"), Key: "environment",
			What:   "is " + string(env.Environment) + ", but the file's name says " + string(stage),
			Remedy: "set " + string(stage) + ", or give the file its environment's name",
		})
		return nil, at, problems.sorted()
	}
	return env, at, problems
}

func load(path string) (*Environment, lines, Problems) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, Problems{unreadable(path, err)}
	}
	return parse(path, data)
}

func unreadable(path string, err error) Problem {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		err = pathError.Err
	}
	return Problem{
		File: path, What: "cannot be read: " + err.Error(),
		Remedy: "the directory of the environments holds dev.yaml and prod.yaml; another one is named with -c environments=DIR (cdk) or --environments DIR (d2ctl)",
	}
}

// parse returns the environment when the file could be decoded and its stage is
// known, also with problems, so that LoadAll can go on to compare the two.
func parse(name string, data []byte) (*Environment, lines, Problems) {
	decoded := decode(data)
	problems := decoded.problems
	if decoded.env != nil {
		for _, problem := range decoded.env.check() {
			if !decoded.misses(problem.Key) {
				problem.Line = decoded.lines.of(problem.Key)
				problems = append(problems, problem)
			}
		}
	}
	for i := range problems {
		problems[i].File = name
	}
	return decoded.env, decoded.lines, problems.sorted()
}

// strangers are YAML files that nobody reads: a misspelt prod.yml would otherwise go unnoticed.
func strangers(dir string) Problems {
	var problems Problems
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil // reading the two files says it better
	}
	for _, entry := range entries {
		name := entry.Name()
		extension := filepath.Ext(name)
		if (extension != ".yaml" && extension != ".yml") || name == "dev.yaml" || name == "prod.yaml" {
			continue
		}
		problems = append(problems, Problem{
			File: filepath.Join(dir, name), What: "is not an environment",
			Remedy: "rename it to dev.yaml or prod.yaml, or take it out of this directory",
		})
	}
	return problems
}
