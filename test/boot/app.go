package boot

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Temper is how an app of the test behaves.
type Temper string

// The tempers.
const (
	Well    Temper = "well"    // serves
	Sick    Temper = "sick"    // serves, but its health check never gets better than 503
	Crashes Temper = "crashes" // ends as soon as it starts
)

// server is an app of the agreed layout: it answers its health check, and shows
// its variables so that a test can compare them.
const server = `
const http = require('http')
const temper = %q
console.log('Database pool initialized with IAM auth token flow')
if (temper === 'crashes') {
  console.error('Error: cannot find the rides')
  process.exit(1)
}
http.createServer((request, response) => {
  const { pathname } = new URL(request.url, 'http://localhost')
  const status = pathname !== '/health' || temper === 'well' ? 200 : 503
  const body = pathname === '/env' ? process.env
    : { status: status === 200 ? 'ok' : 'sick', version: process.env.APP_VERSION, timestamp: new Date().toISOString() }
  response.writeHead(status, { 'Content-Type': 'application/json' })
  response.end(JSON.stringify(body))
}).listen(process.env.PORT, () => console.log('listens on ' + process.env.PORT))
`

// backendProcess is the ecosystem file of the original's backend-api (facts 6.1),
// with a value of its own that the environment's variables must win over.
const backendProcess = `
module.exports = { apps: [{
  name: 'backend-api', script: 'dist/main.js', exec_mode: 'fork', instances: 1, max_memory_restart: '300M',
  max_restarts: 3, min_uptime: 1000,
  cwd: '/opt/apps/elsewhere', out_file: '/tmp/elsewhere.log',
  env: { NODE_ENV: 'dev', PORT: 9999, OWN: 'of the app' },
  env_production: { ONLY_IN_PRODUCTION: 'yes' },
}] }
`

// driverProcess is that of web-driver, which goes through bash and shared/env.sh (facts 6.3).
const driverProcess = `
module.exports = { apps: [{
  name: 'web-driver', script: 'bash', interpreter: 'none',
  args: ['-c', 'set -a; source "${APP_DIR:-/opt/apps/web-driver}/shared/env.sh"; exec node dist/main.js'],
}] }
`

// Artifact packs an app for one of the two services of the runbooks. Size adds
// that many bytes of data that no compression makes smaller.
func Artifact(service string, temper Temper, size int) ([]byte, error) {
	process := map[string]string{"backend-api": backendProcess, "web-driver": driverProcess}[service]
	return Pack(map[string]string{
		"dist/main.js":         fmt.Sprintf(server, temper),
		"ecosystem.config.js":  process,
		"package.json":         fmt.Sprintf(`{"name": %q, "version": "1.0.0"}`, service),
		"node_modules/big.bin": noise(size),
	})
}

// Pack makes a gzipped tar of the files given by name.
func Pack(files map[string]string) ([]byte, error) {
	var packed bytes.Buffer
	compressor := gzip.NewWriter(&packed)
	archive := tar.NewWriter(compressor)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		content := files[name]
		if err := archive.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content))}); err != nil {
			return nil, err
		}
		if _, err := archive.Write([]byte(content)); err != nil {
			return nil, err
		}
	}
	if err := archive.Close(); err != nil {
		return nil, err
	}
	if err := compressor.Close(); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}

// noise is a repeatable text of size bytes in which nothing repeats soon.
func noise(size int) string {
	var text strings.Builder
	state := uint64(88172645463325252)
	for text.Len() < size {
		state ^= state << 13
		state ^= state >> 7
		state ^= state << 17
		fmt.Fprintf(&text, "%016x", state)
	}
	return text.String()[:size]
}
