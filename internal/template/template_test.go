package template

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const small = `{"Resources": {
  "Host": {"Type": "AWS::EC2::Instance", "Properties": {
    "LaunchTemplate": {"LaunchTemplateId": {"Ref": "Launch"}}, "Tags": [{"Key": "Service", "Value": "bastion"}]}},
  "Launch": {"Type": "AWS::EC2::LaunchTemplate", "Properties": {"Volumes": [{"Size": 10, "Fast": true}, {"Size": "20"}]}}
}}`

func TestPropertiesAreFoundByPathAndResourcesByReference(t *testing.T) {
	read, err := Parse([]byte(small))
	require.NoError(t, err)
	host := read.All("AWS::EC2::Instance")[0]
	assert.Equal(t, "bastion", host.Tag("Service"))
	launch, found := read.Get(host.At("LaunchTemplate.LaunchTemplateId"))
	require.True(t, found)
	assert.Equal(t, 10, launch.Number("Volumes.0.Size"))
	assert.Equal(t, 20, launch.Number("Volumes.1.Size"), "a number that is written as a text")
	assert.True(t, launch.Bool("Volumes.0.Fast"))
	assert.Len(t, launch.List("Volumes"), 2)
	assert.Equal(t, "Launch", Target(map[string]any{"Fn::GetAtt": []any{"Launch", "Arn"}}))
}

func TestWhatIsNotThereIsEmpty(t *testing.T) {
	read, err := Parse([]byte(small))
	require.NoError(t, err)
	launch := read.All("AWS::EC2::LaunchTemplate")[0]
	assert.Nil(t, launch.At("Volumes.7.Size"))
	assert.Nil(t, launch.At("Volumes.first"))
	assert.Zero(t, launch.Number("Volumes"))
	assert.Empty(t, launch.Tag("Service"))
	assert.Empty(t, Target("Launch"))
	assert.Empty(t, read.All("AWS::S3::Bucket"))
}

func TestWhatIsNoTemplateIsRefusedByName(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.json")
	require.NoError(t, os.WriteFile(path, []byte("{}"), 0o600))
	_, err := Read(path)
	assert.EqualError(t, err, path+": this template has no resources")
	_, err = Parse([]byte("Resources: {}"))
	assert.ErrorContains(t, err, "no template in JSON")
}
