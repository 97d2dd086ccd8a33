package config

import (
	"fmt"
	"strings"
)

// comparison checks two environments against each other. PROD is taken as it
// stands, so every problem points into DEV's file.
type comparison struct {
	dev, prod *Environment
	file      string
	lines     lines
	problems  Problems
}

// isolation refuses whatever the two environments would share or confuse (runbook PROD 11.1).
func isolation(dev, prod *Environment, devFile string, devLines lines) Problems {
	c := &comparison{dev: dev, prod: prod, file: devFile, lines: devLines}
	c.networks()
	c.domains()
	c.names()
	if accountPattern.MatchString(dev.Account) && dev.Account == prod.Account {
		c.sharedAccount()
	}
	return c.problems.sorted()
}

func (c *comparison) bad(key, what, remedy string) {
	c.problems = append(c.problems, Problem{File: c.file, Line: c.lines.of(key), Key: key, What: what, Remedy: remedy})
}

func (c *comparison) networks() {
	dev, prod := c.dev.Network.VPCCIDR, c.prod.Network.VPCCIDR
	if dev.IsValid() && prod.IsValid() && dev.Overlaps(prod) {
		c.bad("network.vpc_cidr", fmt.Sprintf("%s overlaps PROD's %s; the two share no network (runbook PROD 11.1)", dev, prod), "give DEV and its subnets a block of its own, e.g. 10.20.0.0/16")
	}
}

func (c *comparison) domains() {
	if base := c.dev.Domain.Base; base == c.prod.Domain.Base {
		c.bad("domain.base", quoted(base)+" is PROD's too, so both would answer at the same names", "give DEV a domain of its own, e.g. dev."+base)
	}
}

// names: a project called like the other's prefix makes a search for one environment find both.
func (c *comparison) names() {
	dev, prod := c.dev.Prefix()+"-", c.prod.Prefix()+"-"
	if strings.HasPrefix(dev, prod) || strings.HasPrefix(prod, dev) {
		c.bad("project_name", fmt.Sprintf("makes names that begin with %s, and PROD's begin with %s: a search for one finds both", dev, prod), "give the two the same project_name, or two that do not continue one another")
	}
}

// sharedAccount checks what two accounts would keep apart by themselves.
func (c *comparison) sharedAccount() {
	if c.dev.EnableGitHubActionsDeployRole {
		c.bad("enable_github_actions_deploy_role", "is on in PROD's account, where the role could deploy PROD's stacks too, through the roles of cdk bootstrap, and nobody is asked to approve a job of DEV (docs/adr/0016)",
			"give DEV an account of its own, or set false and release to DEV with d2ctl")
	}
	if strings.Contains(c.dev.Project, string(Prod)) {
		c.bad("project_name", "contains prod, so that in the shared account the runbooks' searches for PROD find DEV too (runbook PROD 3.5, 7.1)", "choose a name without prod, or give DEV an account of its own")
	}
	if both := len(c.dev.EnabledSites()) + len(c.prod.EnabledSites()); both > SitesMax {
		c.bad("sites", numbers("makes %d sites with PROD's in the same account, more than its %d response headers policies", both, SitesMax), "switch entries off, or give DEV an account of its own")
	}
}
