package ops

import (
	"context"
	"strconv"
	"strings"

	"github.com/d2-ride-booking/platform/config"
	"github.com/d2-ride-booking/platform/internal/fault"
)

// AppLog is the end of one log file of a host (runbook DEV 5.3 and 5.4).
type AppLog struct {
	// Instance it is on.
	Instance string `json:"instance"`
	// Stream is out, error, release or boot.
	Stream config.LogStream `json:"stream"`
	// File is its path on the host.
	File string `json:"file"`
	// Lines are the last ones, the oldest first.
	Lines []string `json:"lines"`
	// Cut says that Systems Manager cut the answer, so that the newest lines are missing.
	Cut bool `json:"cut,omitempty"`
}

// cutMark is how Systems Manager ends an answer that it cut.
const cutMark = "--output truncated--"

// LogFile is where a stream of a service lies on its host.
func LogFile(service config.Service, stream config.LogStream) string {
	switch stream {
	case config.StreamOut:
		return service.OutLog()
	case config.StreamError:
		return service.ErrorLog()
	case config.StreamRelease:
		return service.ReleaseLog()
	default:
		return config.BootLog
	}
}

// ReadAppLogs reads the end of the streams from the hosts given. A file that is
// not there is an empty one: PM2 makes it when the first release starts.
func ReadAppLogs(ctx context.Context, api HostCommander, instances []string, service config.Service, streams []config.LogStream, lines int) ([]AppLog, error) {
	logs := []AppLog{}
	for _, stream := range streams {
		file := LogFile(service, stream)
		line := "tail -n " + strconv.Itoa(lines) + " " + file
		answers, err := RunOnHosts(ctx, api, instances, line)
		if err != nil {
			return logs, err
		}
		for _, answer := range answers {
			log := AppLog{Instance: answer.Instance, Stream: stream, File: file, Lines: []string{}}
			if err := answered(answer, line); err != nil && !strings.Contains(answer.Err, "No such file") {
				return logs, err
			}
			if answer.Out != "" {
				log.Lines = strings.Split(answer.Out, "\n")
				log.Cut = strings.HasSuffix(answer.Out, cutMark)
			}
			logs = append(logs, log)
		}
	}
	return logs, nil
}

// LogStreams are the streams that --stream names; all of them is "all".
func LogStreams(name string) ([]config.LogStream, error) {
	all := []config.LogStream{config.StreamOut, config.StreamError, config.StreamRelease, config.StreamBoot}
	switch name {
	case "":
		return all[:2], nil
	case "all":
		return all, nil
	}
	var names []string
	for _, stream := range all {
		if string(stream) == name {
			return []config.LogStream{stream}, nil
		}
		names = append(names, string(stream))
	}
	return nil, fault.New(fault.Usage, "name one of: "+listed(names)+", all", "there is no stream %q", name)
}
