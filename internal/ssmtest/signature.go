package ssmtest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

const (
	// signedService is in the scope of every dial's signature.
	signedService = "ssmmessages"
	// clockSkew is how far AWS lets a signature's time be from its own.
	clockSkew = 5 * time.Minute
	algorithm = "AWS4-HMAC-SHA256"
	// amzTime is the layout of X-Amz-Date.
	amzTime = "20060102T150405Z"
)

// verifySignature says why a request is not signed by one whose secret is known.
// secrets are by access key id.
func verifySignature(r *http.Request, secrets map[string]string, now time.Time) error {
	claim, err := readAuthorization(r.Header.Get("Authorization"))
	if err != nil {
		return err
	}
	secret, known := secrets[claim.key]
	if !known {
		return fmt.Errorf("the access key id %s is not known here", claim.key)
	}
	signed, err := time.Parse(amzTime, r.Header.Get("X-Amz-Date"))
	switch {
	case err != nil:
		return fmt.Errorf("X-Amz-Date %q is no time", r.Header.Get("X-Amz-Date"))
	case signed.Sub(now).Abs() > clockSkew:
		return fmt.Errorf("signature expired: it is of %s, now is %s", signed.Format(amzTime), now.UTC().Format(amzTime))
	case claim.day != signed.Format("20060102"):
		return fmt.Errorf("the scope is of day %s, the signature of %s", claim.day, signed.Format("20060102"))
	case claim.service != signedService:
		return fmt.Errorf("signed for service %s, not %s", claim.service, signedService)
	}
	want, err := sign(r, claim, secret, signed)
	if err != nil {
		return err
	}
	if !hmac.Equal([]byte(want.signature), []byte(claim.signature)) {
		return fmt.Errorf("the signature of access key id %s does not match", claim.key)
	}
	return nil
}

// sign computes what the Authorization header should say, with AWS's own signer.
func sign(r *http.Request, claim authorization, secret string, at time.Time) (authorization, error) {
	again, err := http.NewRequest(r.Method, "http://"+r.Host+r.URL.RequestURI(), nil)
	if err != nil {
		return authorization{}, err
	}
	for _, name := range strings.Split(claim.headers, ";") {
		if name != "host" && name != "x-amz-date" {
			again.Header[http.CanonicalHeaderKey(name)] = r.Header.Values(name)
		}
	}
	nothing := sha256.Sum256(nil)
	// The token of temporary credentials is a header of the request and copied above.
	credentials := aws.Credentials{AccessKeyID: claim.key, SecretAccessKey: secret, SessionToken: r.Header.Get("X-Amz-Security-Token")}
	if err := v4.NewSigner().SignHTTP(r.Context(), credentials, again, hex.EncodeToString(nothing[:]), signedService, claim.region, at); err != nil {
		return authorization{}, err
	}
	return readAuthorization(again.Header.Get("Authorization"))
}

// authorization is an Authorization header, taken apart.
type authorization struct{ key, day, region, service, headers, signature string }

func readAuthorization(header string) (authorization, error) {
	if header == "" {
		return authorization{}, fmt.Errorf("the request is not signed")
	}
	fields := map[string]string{}
	rest, ours := strings.CutPrefix(header, algorithm+" ")
	for _, field := range strings.Split(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		fields[name] = value
	}
	scope := strings.Split(fields["Credential"], "/")
	if !ours || len(scope) != 5 || scope[4] != "aws4_request" || fields["Signature"] == "" {
		return authorization{}, fmt.Errorf("the Authorization header is not one of %s", algorithm)
	}
	return authorization{scope[0], scope[1], scope[2], scope[3], fields["SignedHeaders"], fields["Signature"]}, nil
}
