package mysql

import (
	"crypto/x509"
	_ "embed" // RDS's authorities
	"os"

	"github.com/d2-ride-booking/platform/internal/fault"
)

//go:embed authorities/rds-ca.pem
var shippedAuthorities []byte

// Authorities are those whose signature on a database's certificate is taken:
// RDS's, which are built in, or instead those of a file of PEM certificates.
type Authorities struct {
	pool *x509.CertPool
	pem  []byte
	from string
}

// ReadAuthorities reads a file of PEM certificates; no file means RDS's own.
func ReadAuthorities(file string) (Authorities, error) {
	a := Authorities{pool: x509.NewCertPool(), pem: shippedAuthorities, from: "RDS's authorities (built in)"}
	if file != "" {
		var err error
		if a.pem, err = os.ReadFile(file); err != nil {
			return a, fault.New(fault.Usage, "give a file of PEM certificates to --ca or D2_DB_CA; neither means RDS's own authorities", "the authorities' file cannot be read: %v", err)
		}
		a.from = file
	}
	if !a.pool.AppendCertsFromPEM(a.pem) {
		return a, fault.New(fault.Usage, "give a file of PEM certificates to --ca or D2_DB_CA", "%s has no certificate in it", file)
	}
	return a, nil
}

// PEM is all of them, for a client of people's own.
func (a Authorities) PEM() []byte { return a.pem }

// String says where they come from.
func (a Authorities) String() string { return a.from }
