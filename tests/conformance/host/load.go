package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/grpcplugin"
	"github.com/grafana/grafana-plugin-sdk-go/genproto/pluginv2"
)

// load is a number of equal calls, so many of them at a time. Encoding the request and reading the answer off the wire are
// part of each; decoding its frames is not, since it costs the same whoever answered.
type load struct {
	Request     json.RawMessage `json:"request"` // QueryData's, or CheckHealth's
	Health      bool            `json:"health"`  // call CheckHealth
	Ping        bool            `json:"ping"`    // call grpc.health.v1's Check, as Grafana does to see whether a plugin lives
	Concurrency int             `json:"concurrency"`
	Count       int             `json:"count"`
	Warmup      int             `json:"warmup"` // calls before the first that counts
}

// timed is what came of a load. Rows and Bytes are those of one answer.
type timed struct {
	Seconds float64 `json:"seconds"`
	MinMS   float64 `json:"min_ms"`
	P50MS   float64 `json:"p50_ms"`
	P99MS   float64 `json:"p99_ms"`
	MaxMS   float64 `json:"max_ms"`
	Rows    int     `json:"rows"`
	Bytes   int     `json:"bytes"`
}

// timeLoad measures a plugin under a load; a single failed call fails all of it.
func timeLoad(ctx context.Context, m *managed, args json.RawMessage) (any, error) {
	l := load{Concurrency: 1, Count: 1}
	if err := decode(args, &l); err != nil {
		return nil, err
	}
	result := &timed{}
	call, err := l.caller(ctx, m, result)
	if err != nil {
		return nil, err
	}
	if _, err := l.times(ctx, call, max(l.Warmup, 1)); err != nil {
		return nil, err
	}
	begin := time.Now()
	times, err := l.times(ctx, call, l.Count)
	if err != nil {
		return nil, err
	}
	result.Seconds = time.Since(begin).Seconds()
	result.summarize(times)
	return result, nil
}

// caller gives the call to repeat, after one whose answer was decoded and described in the result.
func (l *load) caller(ctx context.Context, m *managed, result *timed) (func(context.Context) error, error) {
	if l.Ping {
		return func(ctx context.Context) error {
			_, err := ping(ctx, m, nil)
			return err
		}, nil
	}
	if l.Health {
		return healthCaller(m, l.Request)
	}
	req := &pluginv2.QueryDataRequest{}
	if err := readRequest(l.Request, req); err != nil {
		return nil, err
	}
	client, err := dispense[grpcplugin.DataClient](m, "data")
	if err != nil {
		return nil, err
	}
	first, err := client.QueryData(ctx, req)
	if err != nil {
		return nil, err
	}
	if err := result.describe(first); err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		answer, err := client.QueryData(ctx, req)
		if err != nil {
			return err
		}
		for refID, one := range answer.Responses {
			if one.Error != "" {
				return fmt.Errorf("%s: %s", refID, one.Error)
			}
		}
		return nil
	}, nil
}

func healthCaller(m *managed, request json.RawMessage) (func(context.Context) error, error) {
	req := &pluginv2.CheckHealthRequest{}
	if err := readRequest(request, req); err != nil {
		return nil, err
	}
	client, err := dispense[grpcplugin.DiagnosticsClient](m, "diagnostics")
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		_, err := client.CheckHealth(ctx, req)
		return err
	}, nil
}

// times makes so many calls and gives how long each took.
func (l *load) times(ctx context.Context, call func(context.Context) error, count int) ([]time.Duration, error) {
	times, failures := make([]time.Duration, count), make([]error, l.Concurrency)
	var next atomic.Int64
	var open sync.WaitGroup
	for worker := range l.Concurrency {
		open.Go(func() {
			for failures[worker] == nil {
				number := int(next.Add(1)) - 1
				if number >= count {
					return
				}
				begin := time.Now()
				failures[worker] = call(ctx)
				times[number] = time.Since(begin)
			}
		})
	}
	open.Wait()
	return times, errors.Join(failures...)
}

func (t *timed) describe(answer *pluginv2.QueryDataResponse) error {
	decoded, err := backend.FromProto().QueryDataResponse(answer)
	if err != nil {
		return &failure{Kind: "decode", Message: err.Error()}
	}
	for refID, one := range decoded.Responses {
		if one.Error != nil {
			return &failure{Kind: "query", Message: one.Error.Error()}
		}
		t.Bytes += total(answer.Responses[refID].Frames)
		for _, frame := range one.Frames {
			t.Rows += frame.Rows()
		}
	}
	return nil
}

func (t *timed) summarize(times []time.Duration) {
	slices.Sort(times)
	at := func(share float64) float64 {
		return float64(times[int(share*float64(len(times)-1)+0.5)].Nanoseconds()) / 1e6
	}
	t.MinMS, t.P50MS, t.P99MS, t.MaxMS = at(0), at(0.5), at(0.99), at(1)
}
