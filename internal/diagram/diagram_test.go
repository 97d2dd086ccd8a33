package diagram

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/d2-ride-booking/platform/internal/template"
)

// shipped is the picture of a committed template.
func shipped(t *testing.T, stack string) *Picture {
	t.Helper()
	read, err := template.Read("../../test/__snapshots__/" + stack + "_1.snap.json")
	require.NoError(t, err)
	picture, err := Read(read)
	require.NoError(t, err)
	return picture
}

// arrows are those of a picture as "from > to: by".
func arrows(p *Picture) []string {
	var found []string
	for _, arrow := range p.Arrows {
		found = append(found, arrow.From+" > "+arrow.To+": "+arrow.Label)
	}
	return found
}

func TestPRODIsDrawnAsWhoMayReachWhom(t *testing.T) {
	assert.ElementsMatch(t, []string{
		"internet > alb: 443, 80", "alb > backend_api: 3000", "backend_api > database: 3306", "backend_api > nat: 443",
		"bastion > database: 3306", "bastion > internet: 443", "nat > internet: 443", "staff > bastion: Session Manager",
		"internet > web_admin: 443", "internet > web_passenger: 443", "internet > users: 443",
	}, arrows(shipped(t, "D2-Prod")))
}

func TestDEVIsDrawnWithItsHostWhereItStands(t *testing.T) {
	dev := shipped(t, "D2-Dev")
	assert.Equal(t, "host", dev.Tiers[0].Nodes[0].ID, "in the public tier while NAT is off")
	assert.ElementsMatch(t, []string{
		"host > database: 3306", "host > internet: 443", "bastion > database: 3306", "bastion > internet: 443",
		"staff > bastion: Session Manager", "internet > users: 443",
	}, arrows(dev))
}

// groups is a VPC in which a host may call the database, if the rules say so.
const groups = `{"Resources": {
  "VPC": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}},
  "Subnet": {"Type": "AWS::EC2::Subnet", "Properties": {"CidrBlock": "10.0.1.0/24", "AvailabilityZone": "a", "Tags": [{"Key": "aws-cdk:subnet-name", "Value": "app"}]}},
  "Host": {"Type": "AWS::EC2::Instance", "Properties": {"LaunchTemplate": {"LaunchTemplateId": {"Ref": "Launch"}}}},
  "Launch": {"Type": "AWS::EC2::LaunchTemplate", "Properties": {"LaunchTemplateData": {"NetworkInterfaces": [{"SubnetId": {"Ref": "Subnet"}, "Groups": [{"Fn::GetAtt": ["HostGroup", "GroupId"]}]}]}}},
  "Database": {"Type": "AWS::RDS::DBInstance", "Properties": {"DBSubnetGroupName": {"Ref": "Subnets"}, "VPCSecurityGroups": [{"Fn::GetAtt": ["DatabaseGroup", "GroupId"]}]}},
  "Subnets": {"Type": "AWS::RDS::DBSubnetGroup", "Properties": {"SubnetIds": [{"Ref": "Subnet"}]}},
  "HostGroup": {"Type": "AWS::EC2::SecurityGroup", "Properties": {"SecurityGroupEgress": [%s]}},
  "DatabaseGroup": {"Type": "AWS::EC2::SecurityGroup", "Properties": {"SecurityGroupIngress": [%s]}}}}`

func TestAnArrowStandsOnlyWhereBothEndsLetItPass(t *testing.T) {
	out := `{"IpProtocol": "tcp", "FromPort": 3306, "DestinationSecurityGroupId": {"Fn::GetAtt": ["DatabaseGroup", "GroupId"]}}`
	in := `{"IpProtocol": "tcp", "FromPort": 3306, "SourceSecurityGroupId": {"Fn::GetAtt": ["HostGroup", "GroupId"]}}`
	everywhere := `{"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}`
	for name, each := range map[string]struct {
		out, in string
		want    []string
	}{
		"both":                          {out, in, []string{"host > database: 3306"}},
		"the way out alone":             {out, "", nil},
		"the way in alone":              {"", in, nil},
		"out to anywhere, but no route": {everywhere, in, []string{"host > database: 3306"}},
		"in from anywhere":              {"", strings.Replace(everywhere, `"-1"`, `"tcp", "FromPort": 22`, 1), []string{"internet > database: 22"}},
	} {
		t.Run(name, func(t *testing.T) {
			read, err := template.Parse(fmt.Appendf(nil, groups, each.out, each.in))
			require.NoError(t, err)
			picture, err := Read(read)
			require.NoError(t, err)
			assert.ElementsMatch(t, each.want, arrows(picture))
		})
	}
}

func TestATemplateWithoutAVPCIsNotDrawn(t *testing.T) {
	read, err := template.Read("../../test/__snapshots__/D2-Prod-Edge_1.snap.json")
	require.NoError(t, err)
	_, err = Read(read)
	assert.EqualError(t, err, "this is no template of a main stack: it has 0 VPCs")
}

// crowded is PROD with so many services, and everything else that can stand there.
func crowded(t *testing.T, services int) *Picture {
	p := shipped(t, "D2-Prod")
	for i := range services {
		id := fmt.Sprintf("service_%d", i)
		p.Tiers[1].Nodes = append(p.Tiers[1].Nodes, Node{ID: id, Kind: Service, Title: id})
		p.Arrows = append(p.Arrows, Arrow{From: "alb", To: id, Label: "3000"}, Arrow{From: id, To: "database", Label: "3306"}, Arrow{From: id, To: "nat", Label: "443"})
	}
	p.Tiers[1].Nodes = append(p.Tiers[1].Nodes, Node{ID: "endpoints", Kind: Endpoints, Title: "Endpoints"})
	return p
}

func TestNoBoxCoversAnotherOrLeavesTheDrawing(t *testing.T) {
	for _, picture := range []*Picture{shipped(t, "D2-Prod"), shipped(t, "D2-Dev"), crowded(t, 1), crowded(t, 7)} {
		l := arrange(picture)
		for id, at := range l.nodes {
			assert.True(t, at.x >= 0 && at.y >= 0 && at.right() <= l.width && at.bottom() <= l.height, "%s at %v in %d × %d", id, at, l.width, l.height)
			for other, there := range l.nodes {
				apart := at.right() < there.x || there.right() < at.x || at.bottom() < there.y || there.bottom() < at.y
				assert.True(t, id == other || apart, "%s at %v, %s at %v", id, at, other, there)
			}
		}
		for i, tier := range picture.Tiers {
			for _, node := range tier.Nodes {
				assert.True(t, l.nodes[node.ID].bottom() <= l.tiers[i].bottom() && l.nodes[node.ID].y >= l.tiers[i].y, "%s stands in its tier", node.ID)
			}
		}
	}
}

func TestTheDrawingIsXMLThatNeedsNothingElse(t *testing.T) {
	for _, picture := range []*Picture{shipped(t, "D2-Prod"), crowded(t, 3)} {
		picture.Name = `<&"`
		drawn := picture.SVG()
		decoder := xml.NewDecoder(strings.NewReader(drawn))
		for {
			if _, err := decoder.Token(); errors.Is(err, io.EOF) {
				break
			} else {
				require.NoError(t, err)
			}
		}
		assert.NotContains(t, strings.Replace(drawn, "http://www.w3.org/2000/svg", "", 1), "http", "no file, font or script from elsewhere")
		assert.Contains(t, drawn, "prefers-color-scheme: dark")
		assert.Equal(t, len(picture.Arrows), strings.Count(drawn, "marker-end"))
	}
}

func TestMermaidNamesEachNodeOnceAndEachArrow(t *testing.T) {
	picture := shipped(t, "D2-Prod")
	drawn := picture.Mermaid()
	assert.Equal(t, 1, strings.Count(drawn, `database[("MySQL 8.0.46<br>db.t3.micro, Multi-AZ")]`))
	assert.Contains(t, drawn, "  staff -.->|\"Session Manager\"| bastion\n")
	assert.Equal(t, len(picture.Arrows), strings.Count(drawn, "->|"))
}
