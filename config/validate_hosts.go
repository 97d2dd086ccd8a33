package config

import (
	"regexp"
	"time"
)

const (
	// leastVolumeGiB is the size of Amazon Linux 2023's image.
	leastVolumeGiB = 8
	// mostVolumeGiB is the largest gp3 volume that every Region offers.
	mostVolumeGiB = 16384
)

// nodeMajors are the versions of Node.js that the hosts are tested with.
var nodeMajors = []int{20, 22, 24}

var (
	versionPattern      = regexp.MustCompile(`^[0-9]+\.[0-9]+\.[0-9]+$`)
	mysqlClientPattern  = regexp.MustCompile(`^8\.[04]\.[0-9]+$`)
	imagePattern        = regexp.MustCompile(`^ami-([0-9a-f]{8}|[0-9a-f]{17})$`)
	instanceTypePattern = regexp.MustCompile(`^[a-z]+[0-9]+[a-z0-9-]*\.(nano|micro|small|medium|large|[0-9]*xlarge|metal(-[0-9]+xl)?)$`)
	// After the generation's digit, g is Graviton: t4g, c7gn; g5 is no Graviton, g5g is.
	gravitonPattern = regexp.MustCompile(`^(a1|[a-z]+[0-9]+[a-z]*g[a-z]*)\.`)
)

// hosts checks what every instance is made of.
func (v *validator) hosts() {
	e := v.env
	v.among("runtime.node_major", e.Runtime.NodeMajor, nodeMajors, "the hosts' boot")
	v.like("runtime.pm2_version", e.Runtime.PM2Version, versionPattern, "an exact version of PM2", pm2Version)
	if _, err := time.Parse(time.DateOnly, e.Runtime.PM2PackagesBefore); err != nil {
		v.bad("runtime.pm2_packages_before", quoted(e.Runtime.PM2PackagesBefore)+" is no day", "write it like "+pm2PackagesBefore)
	}
	v.like("runtime.mysql_client_version", e.Runtime.MySQLClientVersion, mysqlClientPattern, "an exact version of MySQL's client, 8.0.x or 8.4.x", mysqlVersion)
	if e.Runtime.AMIID != "" {
		v.like("runtime.ami_id", e.Runtime.AMIID, imagePattern, "the id of a machine image", "ami-0123456789abcdef0")
	}
	v.instance("host.instance_type", e.Host.InstanceType)
	v.volume("host.root_volume_gib", e.Host.RootVolumeGiB)
	v.instance("bastion.bastion_instance_type", e.Bastion.InstanceType)
	v.volume("bastion.root_volume_gib", e.Bastion.RootVolumeGiB)
}

// instance checks an EC2 type; the machine images are x86_64 (facts 1.4), on which Graviton does not boot.
func (v *validator) instance(key, name string) {
	if v.like(key, name, instanceTypePattern, "an EC2 instance type", smallInstance) && gravitonPattern.MatchString(name) {
		v.bad(key, name+" is an ARM type, but the hosts' images are x86_64", "choose an Intel or AMD type, e.g. "+smallInstance)
	}
}

func (v *validator) volume(key string, gib int) {
	v.between(key, gib, leastVolumeGiB, mostVolumeGiB, " GiB")
}

// fleet checks the size of one service's Auto Scaling group.
func (v *validator) fleet(key string, fleet Fleet) {
	v.instance(key+".instance_type", fleet.InstanceType)
	v.volume(key+".root_volume_gib", fleet.RootVolumeGiB)
	v.between(key+".min_size", fleet.MinSize, 1, fleetMax, " instances")
	v.between(key+".max_size", fleet.MaxSize, 1, fleetMax, " instances")
	if fleet.MinSize > fleet.MaxSize {
		v.bad(key+".min_size", numbers("%d is above max_size, %d", fleet.MinSize, fleet.MaxSize), "lower min_size or raise max_size")
	}
	v.between(key+".cpu_target_percent", fleet.CPUTargetPercent, 10, 90, " percent")
	v.between(key+".requests_per_target", fleet.RequestsPerTarget, 1, 1_000_000, " requests a minute")
	v.between(key+".health_check_grace_period_seconds", fleet.GraceSeconds, 60, 7200, " seconds")
	v.between(key+".warmup_seconds", fleet.WarmupSeconds, 30, 3600, " seconds")
}
