package main

import (
	"crypto/md5"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// standIn is an S3 in memory that is as fast as a server can be, so that a
// client's own speed shows. It also answers what d2ctl asks besides: who calls,
// which distribution a site has, and to forget what it keeps.
type standIn struct {
	*httptest.Server
	account, domain string
	mutex           sync.Mutex
	objects         map[string]stored // by bucket/key
}

type stored struct {
	Key          string
	LastModified string
	ETag         string
	Size         int
}

func newStandIn(account, domain string) *standIn {
	s := &standIn{account: account, domain: domain, objects: map[string]stored{}}
	s.Server = httptest.NewServer(s)
	return s
}

func (s *standIn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	scope := r.Header.Get("Authorization")
	switch {
	case strings.Contains(scope, "/sts/"):
		fmt.Fprintf(w, "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>%s</Account><Arn>arn:aws:iam::%s:user/bench</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>", s.account, s.account)
	case strings.Contains(scope, "/cloudfront/"):
		s.cloudFront(w, r)
	case r.Method == http.MethodPut:
		s.put(w, r)
	case r.Method == http.MethodGet && r.URL.Query().Get("list-type") == "2":
		s.list(w, r)
	default:
		http.Error(w, "the stand-in has no "+r.Method+" "+r.URL.String(), http.StatusNotImplemented)
	}
}

func (s *standIn) cloudFront(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/distribution") {
		fmt.Fprintf(w, "<DistributionList><Items><DistributionSummary><Id>E1</Id><Status>Deployed</Status><Enabled>true</Enabled><Aliases><Quantity>1</Quantity><Items><CNAME>%s</CNAME></Items></Aliases></DistributionSummary></Items></DistributionList>", s.domain)
		return
	}
	fmt.Fprint(w, "<Invalidation><Id>I1</Id><Status>Completed</Status></Invalidation>")
}

func (s *standIn) put(w http.ResponseWriter, r *http.Request) {
	if strings.Contains(r.Header.Get("Content-Encoding"), "aws-chunked") {
		http.Error(w, "the stand-in takes bodies as they are", http.StatusNotImplemented)
		return
	}
	content, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client is gone
	}
	etag := fmt.Sprintf(`"%x"`, md5.Sum(content))
	_, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	s.mutex.Lock()
	s.objects[strings.TrimPrefix(r.URL.Path, "/")] = stored{Key: key, LastModified: time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), ETag: etag, Size: len(content)}
	s.mutex.Unlock()
	w.Header().Set("ETag", etag)
}

// listing is what ListObjectsV2 answers: everything on one page, which S3 would
// cut after a thousand. Both clients ask for more only when they are told that there is.
type listing struct {
	XMLName     xml.Name `xml:"ListBucketResult"`
	IsTruncated bool
	KeyCount    int
	Contents    []stored
}

func (s *standIn) list(w http.ResponseWriter, r *http.Request) {
	bucket, prefix := strings.Trim(r.URL.Path, "/")+"/", r.URL.Query().Get("prefix")
	escaped := r.URL.Query().Get("encoding-type") == "url"
	answer := listing{}
	s.mutex.Lock()
	for _, name := range slices.Sorted(maps.Keys(s.objects)) {
		if object := s.objects[name]; strings.HasPrefix(name, bucket+prefix) {
			if escaped {
				object.Key = strings.ReplaceAll(url.QueryEscape(object.Key), "%2F", "/")
			}
			answer.Contents = append(answer.Contents, object)
		}
	}
	s.mutex.Unlock()
	answer.KeyCount = len(answer.Contents)
	if err := xml.NewEncoder(w).Encode(answer); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

// clear empties a bucket.
func (s *standIn) clear(bucket string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	maps.DeleteFunc(s.objects, func(name string, _ stored) bool { return strings.HasPrefix(name, bucket+"/") })
}
