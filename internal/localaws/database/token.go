package database

import (
	"bufio"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

const (
	// tokenLife is how long a login token is good (RDS).
	tokenLife = 15 * time.Minute
	// clockSkew is how far in the future a token may be of.
	clockSkew = 5 * time.Minute
	// signedService is in the scope of a token's signature.
	signedService = "rds-db"
	// amzTime is the layout of X-Amz-Date.
	amzTime = "20060102T150405Z"
	// tokenMax is more than a token with a session token has, in bytes.
	tokenMax = 16 << 10
)

// verifier says which tokens let which user in.
type verifier struct {
	endpoint string            // host:port that a token must be for
	secrets  map[string]string // secret access keys by access key id
}

// Verify says why a token does not let a user in: it is RDS's own check but
// for IAM's policies, which the local AWS does not have.
func (v verifier) Verify(token, user string, now time.Time) error {
	// AWS's SDKs leave the slash out, its command line has it.
	host, query, _ := strings.Cut(token, "?")
	host = strings.TrimSuffix(host, "/")
	asked, err := url.ParseQuery(query)
	if err != nil || query == "" {
		return errors.New("the token is not an address with a signature")
	}
	scope := strings.Split(asked.Get("X-Amz-Credential"), "/")
	signed, badTime := time.Parse(amzTime, asked.Get("X-Amz-Date"))
	switch {
	case len(scope) != 5 || badTime != nil:
		return errors.New("the token has no scope or no time")
	case host != v.endpoint:
		return fmt.Errorf("the token is for %s, this is %s", host, v.endpoint)
	case asked.Get("DBUser") != user:
		return fmt.Errorf("the token is for user %q, not %q", asked.Get("DBUser"), user)
	case asked.Get("Action") != "connect" || scope[3] != signedService:
		return fmt.Errorf("the token is for %s of %s, not connect of %s", asked.Get("Action"), scope[3], signedService)
	case now.Sub(signed) > tokenLife || asked.Get("X-Amz-Expires") != fmt.Sprint(int(tokenLife.Seconds())):
		return fmt.Errorf("the token expired: it is of %s and good for %s", asked.Get("X-Amz-Date"), tokenLife)
	case signed.Sub(now) > clockSkew:
		return fmt.Errorf("the token is of the future: %s", asked.Get("X-Amz-Date"))
	}
	secret, known := v.secrets[scope[0]]
	if !known {
		return fmt.Errorf("the access key id %s is not known here", scope[0])
	}
	want, err := signature(host, asked, scope, secret, signed)
	if err != nil {
		return err
	}
	if !hmac.Equal([]byte(want), []byte(asked.Get("X-Amz-Signature"))) {
		return fmt.Errorf("the signature of access key id %s does not match", scope[0])
	}
	return nil
}

// signature is what the token's should be, by AWS's own signer.
func signature(host string, asked url.Values, scope []string, secret string, at time.Time) (string, error) {
	bare := url.Values{}
	for _, name := range []string{"Action", "DBUser", "X-Amz-Expires"} {
		bare.Set(name, asked.Get(name))
	}
	request, err := http.NewRequest(http.MethodGet, "https://"+host+"/?"+bare.Encode(), nil)
	if err != nil {
		return "", err
	}
	nothing := sha256.Sum256(nil)
	credentials := aws.Credentials{AccessKeyID: scope[0], SecretAccessKey: secret, SessionToken: asked.Get("X-Amz-Security-Token")}
	again, _, err := v4.NewSigner().PresignHTTP(context.Background(), credentials, request, hex.EncodeToString(nothing[:]), signedService, scope[2], at)
	if err != nil {
		return "", err
	}
	parsed, err := url.Parse(again)
	if err != nil {
		return "", err
	}
	return parsed.Query().Get("X-Amz-Signature"), nil
}

// answer reads a user and a token from the server's plug-in, and lets in or not.
func (v verifier) answer(conn net.Conn, log func(string)) {
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(clockSkew))
	lines := bufio.NewScanner(conn)
	lines.Buffer(nil, tokenMax)
	var said []string
	for len(said) < 2 && lines.Scan() {
		said = append(said, lines.Text())
	}
	if len(said) < 2 {
		return
	}
	if err := v.Verify(said[1], said[0], time.Now()); err != nil {
		log(fmt.Sprintf("login of %q by token refused: %v", said[0], err))
		_, _ = conn.Write([]byte("n"))
		return
	}
	_, _ = conn.Write([]byte("y"))
}
