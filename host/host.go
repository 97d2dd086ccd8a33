// Package host holds what an instance runs: the boot script that its user data
// carries, and root/, the files that the script puts on the host, each at its
// place. It knows nothing of CDK.
package host

import (
	_ "embed"
	"fmt"
	"strings"
	"text/template"

	"github.com/d2-ride-booking/platform/config"
)

// UserDataLimit is how many bytes of user data EC2 takes, before base64 (AWS, Instance user data).
const UserDataLimit = 16384

// values is what the templates of the boot script and of root/ may name.
type values struct {
	Region, User, Home, PM2Home, LogDir string
	NodeMajor                           int
	PM2Version, PM2Before               string
	MySQLClientVersion, MySQLSeries     string
	MySQLKeyURL, MySQLKeyFingerprint    string
	AppsDir, CABundle                   string
	Services, WithDatabase              []config.Service
	Root                                string // root/ as base64 of a gzipped tar
}

//go:embed boot.sh.tmpl
var bootTemplate string

// Render returns the user data of a host that runs the services given: one in
// PROD, every enabled one on DEV's host. It is an error when it would not fit EC2's limit.
func Render(env *config.Environment, services ...config.Service) (string, error) {
	told := valuesOf(env, services)
	files, err := rootFiles(told)
	if err != nil {
		return "", err
	}
	for path, content := range map[string]any{
		"etc/d2/host.json":             hostConfiguration(env, services),
		"etc/d2/cloudwatch-agent.json": agentConfiguration(env, services),
	} {
		if files[path], err = marshal(content); err != nil {
			return "", fmt.Errorf("host: %s: %w", path, err)
		}
	}
	if told.Root, err = pack(files); err != nil {
		return "", fmt.Errorf("host: root/: %w", err)
	}
	script, err := execute("boot.sh.tmpl", bootTemplate, told)
	if err != nil {
		return "", err
	}
	if len(script) > UserDataLimit {
		return "", fmt.Errorf("host: user data is %d bytes, over EC2's limit of %d; run fewer services on this host", len(script), UserDataLimit)
	}
	return script, nil
}

func valuesOf(env *config.Environment, services []config.Service) values {
	told := values{
		Region: env.Region, User: config.OSUser, Home: config.OSHome, PM2Home: config.PM2Home, LogDir: config.HostLogDir,
		NodeMajor: env.Runtime.NodeMajor, PM2Version: env.Runtime.PM2Version, PM2Before: env.Runtime.PM2PackagesBefore,
		MySQLClientVersion: env.Runtime.MySQLClientVersion, MySQLSeries: env.Runtime.MySQLSeries(),
		AppsDir: config.AppsDir, CABundle: config.CABundleFile, Services: services,
		MySQLKeyURL: config.MySQLKeyURL, MySQLKeyFingerprint: config.MySQLKeyFingerprint,
	}
	for _, service := range services {
		if service.UsesDatabase && env.EnableRDS {
			told.WithDatabase = append(told.WithDatabase, service)
		}
	}
	return told
}

// names are those of services, as words of a shell.
func names(services []config.Service) string {
	var words []string
	for _, service := range services {
		words = append(words, service.Name)
	}
	return strings.Join(words, " ")
}

func execute(name, text string, told values) (string, error) {
	parsed, err := template.New(name).Funcs(template.FuncMap{"names": names}).Parse(text)
	if err != nil {
		return "", fmt.Errorf("host: %w", err)
	}
	var out strings.Builder
	if err := parsed.Execute(&out, told); err != nil {
		return "", fmt.Errorf("host: %w", err)
	}
	return out.String(), nil
}
