package ops

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/d2-ride-booking/platform/config"
)

// HostReader is what is asked of EC2.
type HostReader interface {
	DescribeInstances(context.Context, *ec2.DescribeInstancesInput, ...func(*ec2.Options)) (*ec2.DescribeInstancesOutput, error)
}

// AgentReader is what is asked of Systems Manager about its agents.
type AgentReader interface {
	DescribeInstanceInformation(context.Context, *ssm.DescribeInstanceInformationInput, ...func(*ssm.Options)) (*ssm.DescribeInstanceInformationOutput, error)
}

// Host is one instance of the environment: DEV's host, one of a fleet, or the bastion.
type Host struct {
	// Instance is its id.
	Instance string `json:"instance"`
	// Name is its tag Name.
	Name string `json:"name"`
	// Service is its tag Service: a service, or bastion.
	Service string `json:"service"`
	// State is EC2's: running, stopped, ...
	State string `json:"state"`
	// Zone is its Availability Zone.
	Zone string `json:"zone"`
	// Type is its EC2 type.
	Type string `json:"type"`
	// PrivateIP is its address in the VPC.
	PrivateIP string `json:"private_ip"`
	// Launched is when it was last started.
	Launched time.Time `json:"launched"`
	// Agent says whether Systems Manager reaches it: Online, ConnectionLost, Inactive; empty when not known.
	Agent string `json:"agent,omitempty"`
}

// Online is the PingStatus of a host on which commands and sessions work.
const Online = string(ssmtypes.PingStatusOnline)

// ReadHosts are the instances of the environment, found by its tags (runbook DEV 1.1, PROD 2.1), but those that are gone.
func ReadHosts(ctx context.Context, api HostReader, env *config.Environment) ([]Host, error) {
	pages := ec2.NewDescribeInstancesPaginator(api, &ec2.DescribeInstancesInput{Filters: []types.Filter{
		{Name: aws.String("tag:" + config.TagEnvironment), Values: []string{string(env.Environment)}},
		{Name: aws.String("tag:" + config.TagProject), Values: []string{env.Project}},
		{Name: aws.String("instance-state-name"), Values: []string{"pending", "running", "stopping", "stopped", "shutting-down"}},
	}})
	hosts := []Host{}
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, reservation := range page.Reservations {
			for _, instance := range reservation.Instances {
				hosts = append(hosts, hostFrom(instance))
			}
		}
	}
	slices.SortFunc(hosts, func(a, b Host) int {
		return cmp.Or(cmp.Compare(a.Service, b.Service), a.Launched.Compare(b.Launched), cmp.Compare(a.Instance, b.Instance))
	})
	return hosts, nil
}

func hostFrom(instance types.Instance) Host {
	host := Host{
		Instance: aws.ToString(instance.InstanceId), Type: string(instance.InstanceType),
		PrivateIP: aws.ToString(instance.PrivateIpAddress), Launched: aws.ToTime(instance.LaunchTime),
	}
	if instance.State != nil {
		host.State = string(instance.State.Name)
	}
	if instance.Placement != nil {
		host.Zone = aws.ToString(instance.Placement.AvailabilityZone)
	}
	for _, tag := range instance.Tags {
		switch aws.ToString(tag.Key) {
		case config.TagName:
			host.Name = aws.ToString(tag.Value)
		case config.TagService:
			host.Service = aws.ToString(tag.Value)
		}
	}
	return host
}

// ReadAgents notes in each host whether Systems Manager reaches it.
func ReadAgents(ctx context.Context, api AgentReader, hosts []Host) error {
	agents := map[string]string{}
	pages := ssm.NewDescribeInstanceInformationPaginator(api, &ssm.DescribeInstanceInformationInput{})
	for len(hosts) > 0 && pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, agent := range page.InstanceInformationList {
			agents[aws.ToString(agent.InstanceId)] = string(agent.PingStatus)
		}
	}
	for i, host := range hosts {
		hosts[i].Agent = agents[host.Instance]
	}
	return nil
}

// Runs says whether a host runs a service: DEV's one host runs them all.
func (h Host) Runs(env *config.Environment, service string) bool {
	if env.Environment == config.Dev {
		return h.Name == env.AppHostName()
	}
	return h.Service == service
}
