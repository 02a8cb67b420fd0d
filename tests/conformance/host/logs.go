package main

import (
	"encoding/json"
	"fmt"
	"io"
	"sync"

	"github.com/hashicorp/go-hclog"
)

// recorder keeps what the real client logged about a plugin, and the bytes of the plugin's stderr; a short one only what the
// client said last, for plugins that run for long.
type recorder struct {
	short   bool
	mu      sync.Mutex
	records []record
	stderr  recording
}

// shortLog is how many records a short recorder keeps at most.
const shortLog = 1000

type record struct {
	Level   string         `json:"level"`
	Message string         `json:"message"`
	Fields  map[string]any `json:"fields"`
}

// logger is the hclog logger to hand to go-plugin; as Grafana's, it claims every level.
func (r *recorder) logger() hclog.Logger {
	logger := hclog.NewInterceptLogger(&hclog.LoggerOptions{Output: io.Discard, Level: hclog.Trace})
	logger.RegisterSink(r)
	return logger
}

// Accept takes one log entry from hclog.
func (r *recorder) Accept(_ string, level hclog.Level, message string, args ...any) {
	fields := map[string]any{}
	for i := 0; i+1 < len(args); i += 2 {
		fields[fmt.Sprint(args[i])] = plain(args[i+1])
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.short && len(r.records) > shortLog {
		r.records = r.records[len(r.records)-shortLog/2:]
	}
	r.records = append(r.records, record{Level: level.String(), Message: message, Fields: fields})
}

// Write takes the plugin's stderr as it came.
func (r *recorder) Write(p []byte) (int, error) {
	if r.short {
		return len(p), nil
	}
	return r.stderr.Write(p)
}

func (r *recorder) saw(message string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, entry := range r.records {
		if entry.Message == message {
			return true
		}
	}
	return false
}

func (r *recorder) since(index int) []record {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]record{}, r.records[min(index, len(r.records)):]...)
}

// plain keeps what JSON can say and renders the rest as text.
func plain(value any) any {
	if _, err := json.Marshal(value); err != nil {
		return fmt.Sprint(value)
	}
	if err, isError := value.(error); isError {
		return err.Error()
	}
	return value
}
