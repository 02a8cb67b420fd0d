package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/grpcplugin"
	"github.com/grafana/grafana-plugin-sdk-go/genproto/pluginv2"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// calls are the operations on a plugin that was started.
var calls = map[string]func(context.Context, *managed, json.RawMessage) (any, error){
	"load":            timeLoad,
	"mix":             runMix,
	"raw":             callRaw,
	"ping":            ping,
	"state":           state,
	"logs":            logs,
	"kill":            kill,
	"check_health":    checkHealth,
	"query":           query,
	"query_chunked":   queryChunked,
	"resource":        callResource,
	"collect_metrics": collectMetrics,
	"subscribe":       subscribe,
	"publish":         publish,
	"run_stream":      runStream,
	"validate":        validateAdmission,
	"mutate":          mutateAdmission,
	"convert_objects": convertObjects,
}

// message is the arguments of a call: the protobuf request in its JSON form, gRPC metadata, and wire bytes to add, with
// which a request can hold what the SDK has no name for.
type message struct {
	Request  json.RawMessage     `json:"request"`
	Metadata map[string][]string `json:"metadata"`
	Extra    []byte              `json:"extra"`
	Summary  bool                `json:"summary"` // leave the values of frames out
	Count    int                 `json:"count"`   // packets of a stream to wait for
}

// prepare fills a protobuf request from the arguments and puts the metadata into the context.
func prepare(ctx context.Context, args json.RawMessage, into proto.Message) (context.Context, message, error) {
	var m message
	if err := decode(args, &m); err != nil {
		return ctx, m, err
	}
	if len(m.Request) > 0 {
		if err := protojson.Unmarshal(m.Request, into); err != nil {
			return ctx, m, &failure{Kind: "usage", Message: err.Error()}
		}
	}
	if err := (proto.UnmarshalOptions{Merge: true}).Unmarshal(m.Extra, into); err != nil {
		return ctx, m, &failure{Kind: "usage", Message: err.Error()}
	}
	for name, values := range m.Metadata {
		for _, value := range values {
			ctx = metadata.AppendToOutgoingContext(ctx, name, value)
		}
	}
	return ctx, m, nil
}

func ping(_ context.Context, m *managed, _ json.RawMessage) (any, error) {
	m.mu.Lock()
	client := m.client
	m.mu.Unlock()
	protocol, err := client.Client()
	if err != nil {
		return nil, err
	}
	begin := time.Now()
	if err := protocol.Ping(); err != nil {
		return nil, err
	}
	return map[string]float64{"ms": milliseconds(begin)}, nil
}

// state tells what the client believes about the process.
func state(_ context.Context, m *managed, _ json.RawMessage) (any, error) {
	ended := m.exit()
	m.mu.Lock()
	defer m.mu.Unlock()
	pid := 0
	if m.cmd.Process != nil {
		pid = m.cmd.Process.Pid
	}
	return map[string]any{
		"pid": pid, "starts": m.starts, "exited": m.client.Exited(), "exit": ended, "stdout": m.stdout.String(),
	}, nil
}

func logs(_ context.Context, m *managed, args json.RawMessage) (any, error) {
	var from struct {
		Since int `json:"since"`
	}
	if err := decode(args, &from); err != nil {
		return nil, err
	}
	return map[string]any{"records": m.logs.since(from.Since), "stderr": m.logs.stderr.String()}, nil
}

func kill(_ context.Context, m *managed, _ json.RawMessage) (any, error) { return m.kill(), nil }

func checkHealth(ctx context.Context, m *managed, args json.RawMessage) (any, error) {
	req := &pluginv2.CheckHealthRequest{}
	ctx, _, err := prepare(ctx, args, req)
	if err != nil {
		return nil, err
	}
	client, err := dispense[grpcplugin.DiagnosticsClient](ctx, m, "diagnostics")
	if err != nil {
		return nil, err
	}
	begin := time.Now()
	answer, err := client.CheckHealth(ctx, req)
	if err != nil {
		return nil, err
	}
	result := backend.FromProto().CheckHealthResponse(answer)
	return map[string]any{
		"status": result.Status.String(), "message": result.Message, "details": string(result.JSONDetails), "ms": milliseconds(begin),
	}, nil
}

func collectMetrics(ctx context.Context, m *managed, args json.RawMessage) (any, error) {
	req := &pluginv2.CollectMetricsRequest{}
	ctx, _, err := prepare(ctx, args, req)
	if err != nil {
		return nil, err
	}
	client, err := dispense[grpcplugin.DiagnosticsClient](ctx, m, "diagnostics")
	if err != nil {
		return nil, err
	}
	answer, err := client.CollectMetrics(ctx, req)
	if err != nil {
		return nil, err
	}
	return map[string]string{"prometheus": string(backend.FromProto().CollectMetricsResponse(answer).PrometheusMetrics)}, nil
}

type part struct {
	Code    int                 `json:"code"`
	Headers map[string][]string `json:"headers"`
	Body    string              `json:"body"` // base64
}

// callResource collects the messages of an answer as they came.
func callResource(ctx context.Context, m *managed, args json.RawMessage) (any, error) {
	req := &pluginv2.CallResourceRequest{}
	ctx, _, err := prepare(ctx, args, req)
	if err != nil {
		return nil, err
	}
	client, err := dispense[grpcplugin.ResourceClient](ctx, m, "resource")
	if err != nil {
		return nil, err
	}
	stream, err := client.CallResource(ctx, req)
	if err != nil {
		return nil, err
	}
	parts := []part{}
	for {
		answer, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return map[string]any{"parts": parts}, nil
		}
		if err != nil {
			return nil, err
		}
		converted := backend.FromProto().CallResourceResponse(answer)
		body := base64.StdEncoding.EncodeToString(converted.Body)
		parts = append(parts, part{Code: converted.Status, Headers: converted.Headers, Body: body})
	}
}
