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

// operation is one kind of request to a plugin that was started.
type operation func(context.Context, *managed, json.RawMessage) (any, error)

// calls are the operations by the names that requests give them.
var calls = map[string]operation{
	"load":            timeLoad,
	"mix":             runMix,
	"raw":             callRaw,
	"ping":            ping,
	"state":           state,
	"logs":            logs,
	"kill":            kill,
	"check_health":    through("diagnostics", checkHealth),
	"query":           through("data", query),
	"query_chunked":   through("data", queryChunked),
	"resource":        through("resource", callResource),
	"collect_metrics": through("diagnostics", collectMetrics),
	"subscribe":       through("stream", subscribe),
	"publish":         through("stream", publish),
	"run_stream":      through("stream", runStream),
	"validate":        through("admission", validateAdmission),
	"mutate":          through("admission", mutateAdmission),
	"convert_objects": through("conversion", convertObjects),
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

// through makes an operation of a call on one of the SDK's client adapters.
func through[Client, Fields any, Request interface {
	*Fields
	proto.Message
}](adapter string, call func(context.Context, Client, Request, message) (any, error)) operation {
	return func(ctx context.Context, m *managed, args json.RawMessage) (any, error) {
		req := Request(new(Fields))
		ctx, how, err := prepare(ctx, args, req)
		if err != nil {
			return nil, err
		}
		client, err := dispense[Client](m, adapter)
		if err != nil {
			return nil, err
		}
		return call(ctx, client, req, how)
	}
}

// prepare fills a protobuf request from the arguments and puts the metadata into the context.
func prepare(ctx context.Context, args json.RawMessage, into proto.Message) (context.Context, message, error) {
	var m message
	if err := decode(args, &m); err != nil {
		return ctx, m, err
	}
	if len(m.Request) > 0 {
		if err := readRequest(m.Request, into); err != nil {
			return ctx, m, err
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

// readRequest fills a protobuf request from its JSON form.
func readRequest(text json.RawMessage, into proto.Message) error {
	if err := protojson.Unmarshal(text, into); err != nil {
		return &failure{Kind: "usage", Message: err.Error()}
	}
	return nil
}

func ping(_ context.Context, m *managed, _ json.RawMessage) (any, error) {
	protocol, err := m.current().Client()
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

func checkHealth(ctx context.Context, client grpcplugin.DiagnosticsClient, req *pluginv2.CheckHealthRequest, _ message) (any, error) {
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

func collectMetrics(ctx context.Context, client grpcplugin.DiagnosticsClient, req *pluginv2.CollectMetricsRequest, _ message) (any, error) {
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
func callResource(ctx context.Context, client grpcplugin.ResourceClient, req *pluginv2.CallResourceRequest, _ message) (any, error) {
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
