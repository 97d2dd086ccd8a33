package ops

import (
	"mime"
	"path"
	"regexp"
	"strings"
	"unicode"
)

// SiteFile is one file of a site as it is to stand in the bucket.
type SiteFile struct {
	// Key is its object's: the path below the directory, with slashes.
	Key string `json:"key"`
	// Bytes is its size.
	Bytes int64 `json:"bytes"`

	md5 [16]byte
}

// Cache-Control of what is published. A page is asked for anew each time; what
// has a hash in its name never changes; anything else CloudFront keeps for a day
// or until it is invalidated, and browsers ask whether it has changed.
const (
	cachePage    = "no-cache"
	cacheHashed  = "public, max-age=31536000, immutable"
	cacheBetween = "public, max-age=0, s-maxage=86400, must-revalidate"
)

// stage is when a file is uploaded: a page may be read as soon as it is there,
// and then all that it names must be there too.
type stage int

const (
	stageHashed stage = iota
	stageOthers
	stagePages
)

// stages are all, in their order, by what people call their files.
var stages = []struct {
	stage
	name, cache string
}{
	{stageHashed, "hashed assets", cacheHashed},
	{stageOthers, "other files", cacheBetween},
	{stagePages, "pages", cachePage},
}

func stageOf(key string) stage {
	switch {
	case path.Ext(key) == ".html":
		return stagePages
	case isHashed(key):
		return stageHashed
	default:
		return stageOthers
	}
}

// nextStatic is the folder whose files Next.js never changes under one name.
const nextStatic = "_next/static/"

var (
	// hexHash is what webpack and Next.js put before the extension: main.2f4a1b3c.js.
	hexHash = regexp.MustCompile(`[.-]([0-9a-f]{8,})\.`)
	// viteHash is Vite's: assets/index-BxK3f9aQ.js.
	viteHash = regexp.MustCompile(`^assets/(?:.*/)?[^/]+-([A-Za-z0-9_-]{8})\.[^/]+$`)
)

// isHashed says that the name tells the content, so that a changed file has
// another name. In doubt it says no: a file that is asked for too often does no
// harm, one that is kept for a year under a name that stays does.
func isHashed(key string) bool {
	if strings.HasPrefix(key, nextStatic) {
		return true
	}
	if found := hexHash.FindStringSubmatch(path.Base(key)); found != nil && hasLetterAndDigit(found[1]) {
		return true
	}
	found := viteHash.FindStringSubmatch(key)
	return found != nil && !isWord(found[1])
}

// hasLetterAndDigit tells a hash from a date or a number.
func hasLetterAndDigit(text string) bool {
	return strings.ContainsAny(text, "0123456789") && strings.IndexFunc(text, unicode.IsLetter) >= 0
}

// isWord tells "document" and "Document", and numbers, from eight characters of a hash.
func isWord(text string) bool {
	rest := text[1:]
	return rest == strings.ToLower(rest) && !hasLetterAndDigit(text)
}

// contentTypes are what the web needs and machines disagree about: the system's
// own table differs from one to the next.
var contentTypes = map[string]string{
	".avif": "image/avif", ".css": "text/css", ".csv": "text/csv", ".gif": "image/gif",
	".html": "text/html", ".ico": "image/x-icon", ".jpeg": "image/jpeg", ".jpg": "image/jpeg",
	".js": "text/javascript", ".json": "application/json", ".map": "application/json", ".md": "text/markdown",
	".mjs": "text/javascript", ".mp4": "video/mp4", ".otf": "font/otf", ".pdf": "application/pdf",
	".png": "image/png", ".svg": "image/svg+xml", ".ttf": "font/ttf", ".txt": "text/plain",
	".wasm": "application/wasm", ".webm": "video/webm", ".webmanifest": "application/manifest+json",
	".webp": "image/webp", ".woff": "font/woff", ".woff2": "font/woff2", ".xml": "application/xml",
}

// contentType is what a browser is told that a file is; of text also its encoding.
func contentType(key string) string {
	extension := strings.ToLower(path.Ext(key))
	known, found := contentTypes[extension]
	if !found {
		known = mime.TypeByExtension(extension)
	}
	switch {
	case known == "":
		return "application/octet-stream"
	case strings.HasPrefix(known, "text/") && !strings.Contains(known, "charset"):
		return known + "; charset=utf-8"
	}
	return known
}
