package ops

import (
	_ "embed"
	"sync"

	"github.com/goccy/go-yaml"
)

//go:embed prices.yaml
var pricesFile []byte

// price is one of AWS's, in USD, with where it comes from.
type price struct {
	USD    float64 `yaml:"usd"`
	Source string  `yaml:"source"`
}

// prices are those of prices.yaml.
type prices struct {
	AsOf    string            `yaml:"as_of"`
	Region  string            `yaml:"region"`
	Sources map[string]string `yaml:"sources"`

	NATGatewayHour    price `yaml:"nat_gateway_hour"`
	LoadBalancerHour  price `yaml:"load_balancer_hour"`
	EndpointZoneHour  price `yaml:"endpoint_zone_hour"`
	PublicAddressHour price `yaml:"public_address_hour"`
	VolumeGiBMonth    price `yaml:"volume_gib_month"`
	DatabaseGiBMonth  price `yaml:"database_gib_month"`
	WebACLMonth       price `yaml:"web_acl_month"`
	WebACLRuleMonth   price `yaml:"web_acl_rule_month"`
	KeyMonth          price `yaml:"key_month"`
	SecretMonth       price `yaml:"secret_month"`
	AlarmMonth        price `yaml:"alarm_month"`
	MetricMonth       price `yaml:"metric_month"`

	InstanceHour map[string]price `yaml:"instance_hour"`
	DatabaseHour map[string]price `yaml:"database_hour"`

	ByUse     []string          `yaml:"by_use"`
	ToggleUse map[string]string `yaml:"toggle_use"`
}

// readPrices reads the file that is built in, once.
var readPrices = sync.OnceValues(func() (*prices, error) {
	var read prices
	return &read, yaml.UnmarshalWithOptions(pricesFile, &read, yaml.Strict())
})
