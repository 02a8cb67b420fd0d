package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/grpcplugin"
	"github.com/grafana/grafana-plugin-sdk-go/genproto/pluginv2"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// mix is a load of calls of every kind, side by side, as many users with many panels make them: for a while, by so many
// workers. Failures that were asked for are no failures; an answer that is not the one asked for is.
type mix struct {
	Seconds float64  `json:"seconds"`
	Workers int      `json:"workers"`
	Only    []string `json:"only"` // these kinds alone
}

// mixed is what came of one kind of call.
type mixed struct {
	Calls    int    `json:"calls"`
	Failures int    `json:"failures"`
	Lost     int    `json:"lost"` // those of the failures that say that a process was killed
	First    string `json:"first_failure,omitempty"`
}

// dataSources is how many of them the mix asks; their settings change as it goes on.
const dataSources = 3

type kind struct {
	name string
	call func(*mixer, context.Context, *pluginv2.PluginContext) error
}

type mixer struct {
	kinds       []kind
	m           *managed
	data        grpcplugin.DataClient
	health      grpcplugin.DiagnosticsClient
	resource    grpcplugin.ResourceClient
	stream      grpcplugin.StreamClient
	version     atomic.Int64 // of the settings
	mu          sync.Mutex
	countByKind map[string]*mixed
}

// mixKinds are the calls, each as often as it stands here.
var mixKinds = []kind{
	{"query", (*mixer).query},
	{"query of 1000 rows", (*mixer).largeQuery},
	{"query", (*mixer).query},
	{"queries that fail", (*mixer).failing},
	{"health", (*mixer).checkHealth},
	{"stream cancelled", (*mixer).cancelledStream},
	{"query", (*mixer).query},
	{"resource", (*mixer).callResource},
	{"query cancelled", (*mixer).cancelledQuery},
	{"query in chunks", (*mixer).chunked},
	{"query", (*mixer).query},
	{"stream to its end", (*mixer).endingStream},
	{"query of 100000 rows", (*mixer).hugeQuery},
	{"resource in parts", (*mixer).resourceInParts},
	{"query", (*mixer).query},
	{"stream that fails", (*mixer).failingStream},
	{"subscribe", (*mixer).subscribe},
	{"publish", (*mixer).publish},
	{"metrics", (*mixer).metrics},
	{"ping", (*mixer).ping},
}

// settingsEvery is the number of calls of one worker after which a data source's settings change.
const settingsEvery = 200

func runMix(ctx context.Context, m *managed, args json.RawMessage) (any, error) {
	asked := mix{Seconds: 1, Workers: 8}
	if err := decode(args, &asked); err != nil {
		return nil, err
	}
	x, err := newMixer(m)
	if len(asked.Only) > 0 {
		x.kinds = slices.DeleteFunc(slices.Clone(x.kinds), func(k kind) bool { return !slices.Contains(asked.Only, k.name) })
	}
	if len(x.kinds) == 0 {
		return nil, &failure{Kind: "usage", Message: "no such kind"}
	}
	if err != nil {
		return nil, err
	}
	until := time.Now().Add(time.Duration(asked.Seconds * float64(time.Second)))
	var open sync.WaitGroup
	for worker := range asked.Workers {
		open.Go(func() { x.work(ctx, worker, until) })
	}
	open.Wait()
	return map[string]any{"kinds": x.countByKind, "changes": x.version.Load()}, ctx.Err()
}

func newMixer(m *managed) (*mixer, error) {
	x := &mixer{m: m, kinds: mixKinds, countByKind: map[string]*mixed{}}
	var problems [4]error
	x.data, problems[0] = dispense[grpcplugin.DataClient](m, "data")
	x.health, problems[1] = dispense[grpcplugin.DiagnosticsClient](m, "diagnostics")
	x.resource, problems[2] = dispense[grpcplugin.ResourceClient](m, "resource")
	x.stream, problems[3] = dispense[grpcplugin.StreamClient](m, "stream")
	return x, errors.Join(problems[:]...)
}

func (x *mixer) work(ctx context.Context, worker int, until time.Time) {
	for number := worker; time.Now().Before(until) && ctx.Err() == nil; number++ {
		if number%settingsEvery == 0 {
			x.version.Add(1)
		}
		kind := x.kinds[number%len(x.kinds)]
		x.count(kind.name, kind.call(x, ctx, x.context(number%dataSources)))
	}
}

func (x *mixer) count(kind string, err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	of := x.countByKind[kind]
	if of == nil {
		of = &mixed{}
		x.countByKind[kind] = of
	}
	of.Calls++
	if err != nil {
		of.Failures++
		if strings.Contains(err.Error(), "was killed by SIGKILL") {
			of.Lost++
		}
		if of.First == "" {
			of.First = err.Error()
		}
	}
}

// context names one of the data sources, in the newest version of its settings, whose secrets change too.
func (x *mixer) context(source int) *pluginv2.PluginContext {
	version := x.version.Load()
	return &pluginv2.PluginContext{
		OrgId: 1, PluginId: "gfplug-probe-datasource", PluginVersion: "1.0.0",
		User:          &pluginv2.User{Login: "ada", Name: "Ada", Email: "ada@example.com", Role: "Editor"},
		GrafanaConfig: map[string]string{"GF_APP_URL": "http://localhost:3000/"},
		DataSourceInstanceSettings: &pluginv2.DataSourceInstanceSettings{
			Id: int64(source + 1), Uid: fmt.Sprintf("mix-%d", source), Name: fmt.Sprintf("Source %d", source), JsonData: []byte("{}"),
			DecryptedSecureJsonData: map[string]string{"token": fmt.Sprintf("secret-of-version-%d", version)},
			LastUpdatedMS:           1_700_000_000_000 + version,
		},
	}
}

func mixQuery(refID, model string) *pluginv2.DataQuery {
	return &pluginv2.DataQuery{
		RefId: refID, Json: []byte(model), MaxDataPoints: 100, IntervalMS: 60_000,
		TimeRange: &pluginv2.TimeRange{FromEpochMS: 1_700_000_000_000, ToEpochMS: 1_700_003_600_000},
	}
}

// ask calls QueryData and decodes its answer as Grafana does; statuses are those wanted, by ref id.
func (x *mixer) ask(ctx context.Context, source *pluginv2.PluginContext, wanted map[string]int32, queries ...*pluginv2.DataQuery) (*backend.QueryDataResponse, error) {
	answer, err := x.data.QueryData(ctx, &pluginv2.QueryDataRequest{PluginContext: source, Queries: queries})
	if err != nil {
		return nil, err
	}
	for refID, status := range wanted {
		one := answer.Responses[refID]
		if one == nil || one.Status != status {
			return nil, fmt.Errorf("query %s: wanted status %d, got %v", refID, status, one)
		}
	}
	return backend.FromProto().QueryDataResponse(answer)
}

func (x *mixer) askRows(ctx context.Context, source *pluginv2.PluginContext, kind string, rows int) error {
	answer, err := x.ask(ctx, source, map[string]int32{"A": 200}, mixQuery("A", fmt.Sprintf(`{"kind":%q,"rows":%d}`, kind, rows)))
	if err != nil {
		return err
	}
	if found := answer.Responses["A"].Frames[0].Rows(); found != rows {
		return fmt.Errorf("wanted %d rows, got %d", rows, found)
	}
	return nil
}

func (x *mixer) query(ctx context.Context, source *pluginv2.PluginContext) error {
	return x.askRows(ctx, source, "series", 10)
}

func (x *mixer) largeQuery(ctx context.Context, source *pluginv2.PluginContext) error {
	return x.askRows(ctx, source, "series", 1000)
}

func (x *mixer) hugeQuery(ctx context.Context, source *pluginv2.PluginContext) error {
	return x.askRows(ctx, source, "big", 100_000)
}

// failing asks queries that fail in every way, beside one that does not.
func (x *mixer) failing(ctx context.Context, source *pluginv2.PluginContext) error {
	_, err := x.ask(ctx, source, map[string]int32{"A": 200, "B": 500, "C": 503, "D": 404, "E": 400},
		mixQuery("A", `{}`), mixQuery("B", `{"kind":"raise"}`), mixQuery("C", `{"kind":"downstream"}`), mixQuery("D", `{"kind":"fail"}`),
		mixQuery("E", `{"rows":"many"}`))
	return err
}

// cancelledQuery gives up on a query that would wait for a minute.
func (x *mixer) cancelledQuery(ctx context.Context, source *pluginv2.PluginContext) error {
	ctx, cancel := context.WithCancel(ctx)
	defer time.AfterFunc(30*time.Millisecond, cancel).Stop()
	defer cancel()
	_, err := x.ask(ctx, source, nil, mixQuery("A", `{"kind":"wait","seconds":60}`))
	if status.Code(err) != codes.Canceled {
		return fmt.Errorf("a query that was given up ended with %v", err)
	}
	return nil
}

func (x *mixer) chunked(ctx context.Context, source *pluginv2.PluginContext) error {
	stream, err := x.data.QueryChunkedData(ctx, &pluginv2.QueryChunkedDataRequest{
		PluginContext: source, Queries: []*pluginv2.DataQuery{mixQuery("A", `{"rows":5}`)},
	})
	if err != nil {
		return err
	}
	return receive(5, func() error { _, err := stream.Recv(); return err })
}

// receive reads so many messages and then the end.
func receive(wanted int, next func() error) error {
	for number := 0; ; number++ {
		err := next()
		if errors.Is(err, io.EOF) && number == wanted {
			return nil
		}
		if err != nil || number == wanted {
			return fmt.Errorf("after %d of %d messages: %v", number, wanted, err)
		}
	}
}

func (x *mixer) checkHealth(ctx context.Context, source *pluginv2.PluginContext) error {
	answer, err := x.health.CheckHealth(ctx, &pluginv2.CheckHealthRequest{PluginContext: source})
	if err == nil && answer.Status != pluginv2.CheckHealthResponse_OK {
		err = fmt.Errorf("health: %v", answer)
	}
	return err
}

func (x *mixer) metrics(ctx context.Context, source *pluginv2.PluginContext) error {
	_, err := x.health.CollectMetrics(ctx, &pluginv2.CollectMetricsRequest{PluginContext: source})
	return err
}

func (x *mixer) ping(context.Context, *pluginv2.PluginContext) error {
	_, err := ping(context.Background(), x.m, nil)
	return err
}

func (x *mixer) callPath(ctx context.Context, source *pluginv2.PluginContext, path string, code int32, parts int) error {
	stream, err := x.resource.CallResource(ctx, &pluginv2.CallResourceRequest{PluginContext: source, Path: path, Url: path, Method: "GET"})
	if err != nil {
		return err
	}
	first, err := stream.Recv()
	if err != nil || first.Code != code {
		return fmt.Errorf("resource %s: %v, %w", path, first, err)
	}
	return receive(parts-1, func() error { _, err := stream.Recv(); return err })
}

func (x *mixer) callResource(ctx context.Context, source *pluginv2.PluginContext) error {
	return x.callPath(ctx, source, "echo", 200, 1)
}

func (x *mixer) resourceInParts(ctx context.Context, source *pluginv2.PluginContext) error {
	return x.callPath(ctx, source, "parts", 200, 3)
}

// run starts a stream, reads so many packets, and leaves; wanted says how it may end before that.
func (x *mixer) run(ctx context.Context, source *pluginv2.PluginContext, path string, packets int, wanted func(error) bool) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := x.stream.RunStream(ctx, &pluginv2.RunStreamRequest{PluginContext: source, Path: path})
	if err != nil {
		return err
	}
	for number := range packets {
		if _, err := stream.Recv(); err != nil {
			if wanted(err) {
				return nil
			}
			return fmt.Errorf("stream %s after %d packets: %w", path, number, err)
		}
	}
	return nil
}

func (x *mixer) cancelledStream(ctx context.Context, source *pluginv2.PluginContext) error {
	return x.run(ctx, source, "live", 5, func(error) bool { return false })
}

func (x *mixer) endingStream(ctx context.Context, source *pluginv2.PluginContext) error {
	return x.run(ctx, source, "three", 4, func(err error) bool { return errors.Is(err, io.EOF) })
}

func (x *mixer) failingStream(ctx context.Context, source *pluginv2.PluginContext) error {
	return x.run(ctx, source, "raise", 1, func(err error) bool { return status.Code(err) == codes.Unknown })
}

func (x *mixer) subscribe(ctx context.Context, source *pluginv2.PluginContext) error {
	answer, err := x.stream.SubscribeStream(ctx, &pluginv2.SubscribeStreamRequest{PluginContext: source, Path: "live", Data: []byte(`{"a":1}`)})
	if err == nil && answer.Status != pluginv2.SubscribeStreamResponse_OK {
		err = fmt.Errorf("subscribe: %v", answer)
	}
	return err
}

func (x *mixer) publish(ctx context.Context, source *pluginv2.PluginContext) error {
	answer, err := x.stream.PublishStream(ctx, &pluginv2.PublishStreamRequest{PluginContext: source, Path: "live", Data: []byte(`{"a":1}`)})
	if err == nil && string(answer.Data) != `{"a":1}` {
		err = fmt.Errorf("publish: %v", answer)
	}
	return err
}
