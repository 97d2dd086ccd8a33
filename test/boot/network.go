package boot

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	_ "embed"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"

	"github.com/d2-ride-booking/platform/config"
)

// Where a machine finds the world.
const (
	metadataAddress = "169.254.169.254:80" // EC2's metadata service, at its real address
	awsAddress      = "127.0.0.1:4566"     // AWS, by AWS_ENDPOINT_URL
	webAddress      = "127.0.0.1:443"      // the web servers of hostNames, by /etc/hosts
)

// mysqlKey is the key that MySQL signs its packages with, as its manual prints it
// (MySQL 8.0 Reference Manual, "Signature Checking Using GnuPG").
//
//go:embed testdata/RPM-GPG-KEY-mysql
var mysqlKey []byte

// CABundle is what the world serves as RDS's certificate authorities.
const CABundle = "-----BEGIN CERTIFICATE-----\nof RDS\n-----END CERTIFICATE-----\n"

const truststore = "https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem"

// hostNames are the web servers that a boot fetches from.
func (w *World) hostNames() []string {
	var names []string
	for _, address := range []string{config.MySQLKeyURL, truststore} {
		parsed, err := url.Parse(address)
		if err != nil {
			panic(err) // a constant of ours
		}
		names = append(names, parsed.Hostname())
	}
	return names
}

// web serves the two files that a boot fetches, and nothing else.
func (w *World) web() http.Handler {
	return http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		files := map[string][]byte{config.MySQLKeyURL: mysqlKey, truststore: []byte(CABundle)}
		if w.MySQLKey != nil {
			files[config.MySQLKeyURL] = w.MySQLKey
		}
		content, ok := files["https://"+request.Host+request.URL.Path]
		if !ok {
			http.NotFound(response, request)
			return
		}
		_, _ = response.Write(content)
	})
}

// aws hands a request on to the local AWS, unless the test has it fail.
func (w *World) aws() http.Handler {
	target := &url.URL{Scheme: "http", Host: fmt.Sprintf("127.0.0.1:%d", w.server.Port)}
	proxy := &httputil.ReverseProxy{Rewrite: func(request *httputil.ProxyRequest) {
		request.SetURL(target)
		request.Out.Host = request.In.Host
	}}
	return http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		if w.Fault != nil && w.Fault(response, request) {
			return
		}
		proxy.ServeHTTP(response, request)
	})
}

// metadata is version 2 of EC2's metadata service: no token, no answer.
func (w *World) metadata() http.Handler {
	const token, role = "token-of-the-test", "d2-ride-booking-test"
	answers := map[string]string{
		"/latest/meta-data/iam/security-credentials/": role,
		"/latest/meta-data/iam/security-credentials/" + role: fmt.Sprintf(
			`{"Code":"Success","Type":"AWS-HMAC","AccessKeyId":"local","SecretAccessKey":"local","Token":"local","LastUpdated":%q,"Expiration":%q}`,
			time.Now().UTC().Format(time.RFC3339), time.Now().Add(6*time.Hour).UTC().Format(time.RFC3339)),
	}
	return http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		if request.Method == http.MethodPut && request.URL.Path == "/latest/api/token" {
			_, _ = response.Write([]byte(token))
			return
		}
		answer, ok := answers[request.URL.Path]
		switch {
		case request.Header.Get("X-Aws-Ec2-Metadata-Token") != token:
			http.Error(response, "IMDSv2 asks for a token", http.StatusUnauthorized)
		case !ok:
			http.NotFound(response, request)
		default:
			_, _ = response.Write([]byte(answer))
		}
	})
}

// authority is a certificate authority of the world's own, and a server's certificate by it.
type authority struct {
	PEM    []byte
	server tls.Certificate
}

func newAuthority(names []string) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test of the boot"}, DNSNames: names,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	if err := pem.Encode(&text, &pem.Block{Type: "CERTIFICATE", Bytes: der}); err != nil {
		return nil, err
	}
	return &authority{PEM: text.Bytes(), server: tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}}, nil
}

func (w *World) withTLS(listener net.Listener) net.Listener {
	return tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{w.authority.server}, MinVersion: tls.VersionTLS12})
}
