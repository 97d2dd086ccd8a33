package config

import (
	"fmt"
	"maps"
	"net/mail"
	"regexp"
	"slices"
	"strings"
)

const (
	// projectMax lets a load balancer's name, project-prod-alb, fit 32 characters with room to spare.
	projectMax = 20
	// tagsMax leaves room below AWS's 50 for our six and those that AWS adds.
	tagsMax = 40
	// leastPassword is Cognito's use in DEV (runbook PROD 1.4); 99 is Cognito's most.
	leastPassword = 8
	mostPassword  = 99
)

var (
	accountPattern = regexp.MustCompile(`^[0-9]{12}$`)
	regionPattern  = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]$`)
	wordsPattern   = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	repoPattern    = regexp.MustCompile(`^[A-Za-z0-9](-?[A-Za-z0-9])*/[A-Za-z0-9._-]+$`)
	tagPattern     = regexp.MustCompile(`^[\p{L}\p{Zs}\p{N}_.:/=+\-@]*$`)
)

// reservedProjects begin names that AWS keeps for itself.
var reservedProjects = map[string]string{
	"internal":      "names of load balancers",
	"aws":           "names of Systems Manager parameters",
	"ssm":           "names of Systems Manager parameters",
	"sthree-":       "names of buckets",
	"amzn-s3-demo-": "names of buckets",
}

// identity checks who and where the environment is.
func (v *validator) identity() {
	e := v.env
	v.like("account", e.Account, accountPattern, "an account's twelve digits, in quotes", `"111122223333"`)
	if v.like("aws_region", e.Region, regionPattern, "an AWS Region", "ap-southeast-1") && !v.hasEdge() {
		v.bad("aws_region", quoted(e.Region)+" lies in a partition without CloudFront's "+EdgeRegion, "choose a Region of the standard partition, e.g. ap-southeast-1")
	}
	v.project()
	v.tags()
	v.github()
}

// hasEdge says whether the Region is in the partition of CloudFront and us-east-1.
func (v *validator) hasEdge() bool {
	for _, apart := range []string{"cn-", "us-gov-", "us-iso", "eu-isoe-", "eusc-"} {
		if strings.HasPrefix(v.env.Region, apart) {
			return false
		}
	}
	return true
}

func (v *validator) project() {
	project := v.env.Project
	if !v.like("project_name", project, wordsPattern, "lower-case words joined by hyphens", "d2-ride-booking") {
		return
	}
	if over := len(project) - projectMax; over > 0 {
		v.bad("project_name", fmt.Sprintf("has %d characters, %d more than names made of it have room for", len(project), over),
			fmt.Sprintf("shorten it to %d or fewer", projectMax))
	}
	for _, prefix := range slices.Sorted(maps.Keys(reservedProjects)) {
		if strings.HasPrefix(project, prefix) {
			v.bad("project_name", fmt.Sprintf("begins with %q, which AWS keeps for itself in %s", prefix, reservedProjects[prefix]), "choose another name")
		}
	}
}

func (v *validator) tags() {
	own := []string{TagEnvironment, TagProject, TagService, TagName, TagManagedBy, TagDomain}
	v.demand(len(v.env.Tags) <= tagsMax, "tags", fmt.Sprintf("has %d tags, more than %d", len(v.env.Tags), tagsMax), "keep those that someone filters by")
	for _, name := range slices.Sorted(maps.Keys(v.env.Tags)) {
		key := "tags." + name
		value := v.env.Tags[name]
		switch {
		case slices.Contains(own, name):
			v.bad(key, "is set by the platform, and the runbooks search by it", "choose another name for your tag")
		case name == "" || len(name) > 128 || !tagPattern.MatchString(name) || strings.HasPrefix(strings.ToLower(name), "aws:"):
			v.bad(key, "is no name that AWS takes for a tag", "use up to 128 letters, digits, spaces and _.:/=+-@, not beginning with aws:")
		case value == "" || len(value) > 256 || !tagPattern.MatchString(value):
			v.bad(key, quoted(value)+" is no value that AWS takes for a tag", "use 1 to 256 letters, digits, spaces and _.:/=+-@")
		}
	}
}

func (v *validator) github() {
	e := v.env
	if e.EnableGitHubActionsDeployRole || e.GitHubRepo != "" {
		v.like("github_repo", e.GitHubRepo, repoPattern, "the repository that may deploy, as owner/name (runbook PROD 12.3)", "d2-ride-booking/d2-ride-booking")
	}
	v.arn("github_oidc_provider_arn", e.GitHubOIDCProviderARN, arnShape{
		service: "iam", resource: regexp.MustCompile(`^oidc-provider/token\.actions\.githubusercontent\.com$`),
		sample: "oidc-provider/token.actions.githubusercontent.com", kind: "GitHub's OIDC provider",
	})
}

// arnShape is what an ARN in the file must be.
type arnShape struct {
	service, region string
	resource        *regexp.Regexp
	sample          string // a resource that fits
	kind            string // what the ARN names, for the message
}

// arn checks an ARN that may be empty; each part is named when it is the wrong one.
func (v *validator) arn(key, value string, want arnShape) {
	if value == "" {
		return
	}
	account := v.env.Account
	if !accountPattern.MatchString(account) {
		account = "111122223333"
	}
	remedy := "write it like " + strings.Join([]string{"arn", "aws", want.service, want.region, account, want.sample}, ":")
	parts := strings.SplitN(value, ":", 6)
	switch {
	case len(parts) != 6 || parts[0] != "arn" || parts[1] != "aws" || parts[2] != want.service || !want.resource.MatchString(parts[5]):
		v.bad(key, quoted(value)+" is not the ARN of "+want.kind, remedy+", or leave it empty to have one made")
	case parts[3] != want.region:
		v.bad(key, fmt.Sprintf("is in Region %s, but %s must be in %s", orNone(parts[3]), want.kind, orNone(want.region)), remedy)
	case accountPattern.MatchString(v.env.Account) && parts[4] != v.env.Account:
		v.bad(key, fmt.Sprintf("is in account %s, but this environment is in %s", orNone(parts[4]), v.env.Account), remedy)
	}
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return quoted(text)
}

// users checks the Cognito pool.
func (v *validator) users() {
	v.between("identity.cognito_password_min_length", v.env.Identity.PasswordMinLength, leastPassword, mostPassword, " characters")
}

// isEmail takes a bare address, without a name beside it, as SNS and Budgets do.
func isEmail(text string) bool {
	address, err := mail.ParseAddress(text)
	return err == nil && address.Address == text && strings.Contains(text[strings.LastIndex(text, "@")+1:], ".")
}
