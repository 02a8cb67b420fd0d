// Command host plays Grafana: it starts data source plugins with the genuine go-plugin client, speaks to them through the
// genuine Grafana SDK, and is driven by one JSON object per line on stdin, answered by one JSON object per line on stdout.
//
// A request is {"id": 1, "op": "query", "plugin": "p1", "args": {...}}; its reply carries the same id and either "result" or
// "error". Requests run side by side, so that a call that blocks never hides how others fare.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"sync"
	"time"
)

type request struct {
	ID      int64           `json:"id"`
	Op      string          `json:"op"`
	Plugin  string          `json:"plugin"`
	Args    json.RawMessage `json:"args"`
	Timeout float64         `json:"timeout_s"`
}

type reply struct {
	ID     int64    `json:"id"`
	Result any      `json:"result,omitempty"`
	Error  *failure `json:"error,omitempty"`
}

type host struct {
	mu       sync.Mutex
	plugins  map[string]*managed
	inFlight map[int64]context.CancelFunc
	writing  sync.Mutex
	replies  *json.Encoder
}

func main() {
	commands := privateStdin()
	h := &host{
		plugins:  map[string]*managed{},
		inFlight: map[int64]context.CancelFunc{},
		replies:  json.NewEncoder(os.Stdout),
	}
	h.replies.SetEscapeHTML(false)
	h.serve(commands)
	h.killAll()
}

// privateStdin keeps the command pipe from the plugins: go-plugin hands os.Stdin down, which under Grafana is /dev/null.
func privateStdin() io.Reader {
	commands := os.Stdin
	null, err := os.Open(os.DevNull)
	if err != nil {
		fmt.Fprintln(os.Stderr, "host:", err)
		os.Exit(1)
	}
	os.Stdin = null
	return commands
}

// serve answers requests until stdin ends.
func (h *host) serve(commands io.Reader) {
	lines := bufio.NewReader(commands)
	var open sync.WaitGroup
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 1 {
			open.Go(func() { h.answer(line) })
		}
		if err != nil {
			break
		}
	}
	h.cancelAll()
	open.Wait()
}

func (h *host) answer(line []byte) {
	var req request
	if err := json.Unmarshal(line, &req); err != nil {
		h.send(reply{Error: &failure{Kind: "usage", Message: err.Error()}})
		return
	}
	result, err := h.run(req)
	if err != nil {
		h.send(reply{ID: req.ID, Error: explain(err)})
		return
	}
	h.send(reply{ID: req.ID, Result: result})
}

// run carries out one request; a panic in it becomes an error.
func (h *host) run(req request) (result any, err error) {
	defer func() {
		if caught := recover(); caught != nil {
			err = &failure{Kind: "panic", Message: fmt.Sprint(caught)}
		}
	}()
	if req.Timeout == 0 {
		req.Timeout = 60
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(req.Timeout*float64(time.Second)))
	defer cancel()
	h.mu.Lock()
	h.inFlight[req.ID] = cancel
	h.mu.Unlock()
	defer func() {
		h.mu.Lock()
		delete(h.inFlight, req.ID)
		h.mu.Unlock()
	}()
	return h.dispatch(ctx, req)
}

func (h *host) dispatch(ctx context.Context, req request) (any, error) {
	switch req.Op {
	case "start":
		return h.start(req.Args)
	case "cancel":
		return h.cancel(req.Args)
	}
	if tool, known := tools[req.Op]; known {
		return tool(req.Args)
	}
	call, known := calls[req.Op]
	if !known {
		return nil, &failure{Kind: "usage", Message: "unknown op " + strconv.Quote(req.Op)}
	}
	h.mu.Lock()
	m := h.plugins[req.Plugin]
	h.mu.Unlock()
	if m == nil {
		return nil, &failure{Kind: "usage", Message: "no plugin named " + strconv.Quote(req.Plugin)}
	}
	return call(ctx, m, req.Args)
}

func (h *host) send(r reply) {
	h.writing.Lock()
	defer h.writing.Unlock()
	if err := h.replies.Encode(r); err != nil {
		_ = h.replies.Encode(reply{ID: r.ID, Error: &failure{Kind: "encode", Message: err.Error()}})
	}
}

// start launches a plugin and gives it a name for later requests; a plugin that failed to start keeps its logs readable.
func (h *host) start(args json.RawMessage) (any, error) {
	var opts options
	if err := decode(args, &opts); err != nil {
		return nil, err
	}
	m := newManaged(opts)
	h.mu.Lock()
	name := opts.Name
	if name == "" {
		name = "p" + strconv.Itoa(len(h.plugins)+1)
	}
	h.plugins[name] = m
	h.mu.Unlock()
	started, err := m.launch()
	if err != nil {
		return nil, err
	}
	started.Plugin = name
	if opts.Restart {
		go m.keepRunning()
	}
	return started, nil
}

// cancel ends another request's context, as Grafana does when a browser goes away.
func (h *host) cancel(args json.RawMessage) (any, error) {
	var target struct {
		ID int64 `json:"id"`
	}
	if err := decode(args, &target); err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	stop, found := h.inFlight[target.ID]
	if found {
		stop()
	}
	return map[string]bool{"found": found}, nil
}

func (h *host) cancelAll() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, stop := range h.inFlight {
		stop()
	}
}

func (h *host) killAll() {
	var open sync.WaitGroup
	for _, m := range h.plugins {
		open.Go(func() { m.kill() })
	}
	open.Wait()
}
