package ops

import (
	"context"
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/fault"
)

// SecurityGroupReader is what is asked of EC2 about who reaches whom.
type SecurityGroupReader interface {
	DescribeSecurityGroups(context.Context, *ec2.DescribeSecurityGroupsInput, ...func(*ec2.Options)) (*ec2.DescribeSecurityGroupsOutput, error)
}

// way is from some security groups to others, on one TCP port.
type way struct {
	from, to []string
	port     int
	what     string // who goes it
}

// lookWay is fine when some group at the beginning lets out, and some group at the end lets in.
func (d *doctor) lookWay(ctx context.Context, w way) (outcome, error) {
	answer, err := d.api.SecurityGroups.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{
		GroupIds: slices.Compact(slices.Sorted(slices.Values(slices.Concat(w.from, w.to)))),
	})
	if err != nil {
		return outcome{}, err
	}
	var out, in bool
	for _, group := range answer.SecurityGroups {
		id := aws.ToString(group.GroupId)
		out = out || (slices.Contains(w.from, id) && lets(group.IpPermissionsEgress, w.to, w.port))
		in = in || (slices.Contains(w.to, id) && lets(group.IpPermissions, w.from, w.port))
	}
	switch {
	case !in:
		return wrong(d.redeploy(), "no rule of %s lets %s in on port %d", listed(w.to), w.what, w.port)
	case !out:
		return wrong(d.redeploy(), "no rule of %s lets %s out on port %d", listed(w.from), w.what, w.port)
	}
	return fine("%s reaches port %d", w.what, w.port)
}

// lets says whether rules cover a port and one of the groups, or any address.
func lets(rules []types.IpPermission, groups []string, port int) bool {
	return slices.ContainsFunc(rules, func(rule types.IpPermission) bool {
		all := aws.ToString(rule.IpProtocol) == "-1"
		if !all && (int(aws.ToInt32(rule.FromPort)) > port || int(aws.ToInt32(rule.ToPort)) < port) {
			return false
		}
		return slices.ContainsFunc(rule.UserIdGroupPairs, func(pair types.UserIdGroupPair) bool {
			return slices.Contains(groups, aws.ToString(pair.GroupId))
		}) || slices.ContainsFunc(rule.IpRanges, func(addresses types.IpRange) bool {
			return aws.ToString(addresses.CidrIp) == "0.0.0.0/0"
		})
	})
}

// hostGroups are the security groups of a service's hosts.
func (d *doctor) hostGroups(ctx context.Context, service config.Service) ([]string, error) {
	hosts, err := d.appHosts()
	if err != nil {
		return nil, err
	}
	var instances []string
	for _, host := range hosts {
		if host.Runs(d.env, service.Name) {
			instances = append(instances, host.Instance)
		}
	}
	if len(instances) == 0 {
		return nil, fault.New(fault.NotFound, d.say("status", ""), "no host of %s runs", service.Name)
	}
	answer, err := d.api.Hosts.DescribeInstances(ctx, &ec2.DescribeInstancesInput{InstanceIds: instances})
	if err != nil {
		return nil, err
	}
	var groups []string
	for _, reservation := range answer.Reservations {
		for _, instance := range reservation.Instances {
			for _, group := range instance.SecurityGroups {
				groups = append(groups, aws.ToString(group.GroupId))
			}
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(groups))), nil
}

// innermost is the last cause of an error, which is the system's own word.
func innermost(err error) error {
	for next := errors.Unwrap(err); next != nil; next = errors.Unwrap(err) {
		err = next
	}
	return err
}
