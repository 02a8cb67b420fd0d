package main

import (
	"encoding/json"
	"path/filepath"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/gtime"
	"github.com/grafana/grafana-plugin-sdk-go/data"
	"github.com/grafana/grafana-plugin-sdk-go/data/sqlutil"
	"github.com/grafana/grafana-plugin-sdk-go/experimental"
	"github.com/grafana/grafana-plugin-sdk-go/experimental/macros"
)

// tools are the operations that need no plugin: they ask the SDK's own functions what they make of something, so that ours
// can be compared with them.
var tools = map[string]func(json.RawMessage) (any, error){
	"decode":        decodeFrame,
	"convert":       convert,
	"duration":      duration,
	"macros":        expand,
	"labels":        describeLabels,
	"golden":        golden,
	"plugin_schema": pluginSchema,
}

// encoded is a frame as it came over the wire.
type encoded struct {
	Data   []byte `json:"data"` // base64
	Format string `json:"format"`
}

func (e encoded) decode() (*data.Frame, error) {
	if e.Format != "json" {
		return data.UnmarshalArrowFrame(e.Data)
	}
	decoded := &data.Frame{}
	return decoded, json.Unmarshal(e.Data, decoded)
}

// decoded describes a frame, says which time series the SDK takes it for, and gives it back as the SDK encodes it.
type decoded struct {
	Frame  frame  `json:"frame"`
	Series string `json:"series"`
	Arrow  []byte `json:"arrow"`
}

func answerFrame(f *data.Frame, err error) (any, error) {
	if err != nil {
		return nil, &failure{Kind: "sdk", Message: err.Error()}
	}
	described, err := describe(f, true)
	if err != nil {
		return nil, err
	}
	arrow, err := f.MarshalArrow()
	if err != nil {
		return nil, &failure{Kind: "encode", Message: err.Error()}
	}
	return decoded{Frame: described, Series: f.TimeSeriesSchema().Type.String(), Arrow: arrow}, nil
}

func decodeFrame(args json.RawMessage) (any, error) {
	var given encoded
	if err := decode(args, &given); err != nil {
		return nil, err
	}
	return answerFrame(given.decode())
}

// convert runs one of the SDK's conversions of a frame.
func convert(args json.RawMessage) (any, error) {
	var given struct {
		encoded
		To         string            `json:"to"`
		Fill       *data.FillMissing `json:"fill"`
		FromNS     int64             `json:"from_ns"`
		UntilNS    int64             `json:"until_ns"`
		IntervalNS int64             `json:"interval_ns"`
	}
	if err := decode(args, &given); err != nil {
		return nil, err
	}
	f, err := given.decode()
	if err != nil {
		return nil, err
	}
	switch given.To {
	case "wide":
		return answerFrame(data.LongToWide(f, given.Fill))
	case "long":
		return answerFrame(data.WideToLong(f))
	case "resampled":
		between := backend.TimeRange{From: time.Unix(0, given.FromNS).UTC(), To: time.Unix(0, given.UntilNS).UTC()}
		return answerFrame(sqlutil.ResampleWideFrame(f, given.Fill, between, time.Duration(given.IntervalNS)))
	}
	return nil, &failure{Kind: "usage", Message: "unknown conversion " + given.To}
}

// duration runs one of the SDK's functions on durations; they are whole nanoseconds on both sides.
func duration(args json.RawMessage) (any, error) {
	var given struct {
		Function string   `json:"function"`
		Text     string   `json:"text"`
		NS       int64    `json:"ns"`
		From     []string `json:"from"` // of the data source, of the query
		MS       int64    `json:"ms"`
	}
	if err := decode(args, &given); err != nil {
		return nil, err
	}
	found, err := time.Duration(0), error(nil)
	switch given.Function {
	case "parse_duration":
		found, err = gtime.ParseDuration(given.Text)
	case "parse_interval":
		found, err = gtime.ParseInterval(given.Text)
	case "parse_step":
		found, err = gtime.ParseIntervalStringToTimeDuration(given.Text)
	case "interval_from":
		found, err = gtime.GetIntervalFrom(given.From[0], given.From[1], given.MS, time.Duration(given.NS))
	case "round_interval":
		found = gtime.RoundInterval(time.Duration(given.NS))
	case "format_interval":
		return gtime.FormatInterval(time.Duration(given.NS)), nil
	default:
		return nil, &failure{Kind: "usage", Message: "unknown function " + given.Function}
	}
	if err != nil {
		return nil, &failure{Kind: "sdk", Message: err.Error()}
	}
	return found.Nanoseconds(), nil
}

// expand runs the SDK's macros: those of SQL, or those of URLs.
func expand(args json.RawMessage) (any, error) {
	var given struct {
		Text       string `json:"text"`
		URL        bool   `json:"url"`
		FromNS     int64  `json:"from_ns"`
		UntilNS    int64  `json:"until_ns"`
		IntervalNS int64  `json:"interval_ns"`
		Table      string `json:"table"`
		Column     string `json:"column"`
	}
	if err := decode(args, &given); err != nil {
		return nil, err
	}
	between := backend.TimeRange{From: time.Unix(0, given.FromNS).UTC(), To: time.Unix(0, given.UntilNS).UTC()}
	var found string
	var err error
	if given.URL {
		found, err = macros.ApplyMacros(given.Text, between, backend.PluginContext{})
	} else {
		query := &sqlutil.Query{
			RawSQL: given.Text, TimeRange: between, Interval: time.Duration(given.IntervalNS), Table: given.Table, Column: given.Column,
		}
		found, err = sqlutil.Interpolate(query, nil)
	}
	if err != nil {
		return nil, &failure{Kind: "sdk", Message: err.Error()}
	}
	return found, nil
}

// describeLabels says how the SDK writes labels.
func describeLabels(args json.RawMessage) (any, error) {
	var given struct {
		Labels data.Labels `json:"labels"`
	}
	if err := decode(args, &given); err != nil {
		return nil, err
	}
	return map[string]any{"text": given.Labels.String()}, nil
}

// golden lets the SDK's checker compare frames with a golden file, or write one where there is none.
func golden(args json.RawMessage) (any, error) {
	var given struct {
		Path   string    `json:"path"`
		Frames []encoded `json:"frames"`
		Update bool      `json:"update"`
	}
	if err := decode(args, &given); err != nil {
		return nil, err
	}
	answer := &backend.DataResponse{Frames: data.Frames{}}
	for _, each := range given.Frames {
		f, err := each.decode()
		if err != nil {
			return nil, err
		}
		answer.Frames = append(answer.Frames, f)
	}
	if filepath.Ext(given.Path) == ".txt" {
		err := experimental.CheckGoldenDataResponse(given.Path, answer, given.Update)
		return map[string]bool{"same": err == nil}, nil
	}
	return map[string]bool{"same": sameAsJSON(given.Path, answer, given.Update)}, nil
}

// sameAsJSON asks a checker that is made for Go's tests: it fails its T, or panics as this T is none of a running test.
func sameAsJSON(path string, answer *backend.DataResponse, update bool) (same bool) {
	t := &testing.T{}
	done := make(chan bool)
	go func() {
		ok := false
		defer func() { _ = recover(); done <- ok && !t.Failed() }()
		name := filepath.Base(path)
		experimental.CheckGoldenJSONResponse(t, filepath.Dir(path), name[:len(name)-len(filepath.Ext(name))], answer, update)
		ok = true
	}()
	return <-done
}
