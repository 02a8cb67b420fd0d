package main

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/log"
	"github.com/grafana/grafana-plugin-sdk-go/data"
)

// model is what a query says: which answer it wants.
type model struct {
	Kind    string   `json:"kind"`
	Rows    int      `json:"rows"`
	Series  int      `json:"series"`
	Seconds float64  `json:"seconds"`
	Method  string   `json:"method"`
	Path    string   `json:"path"`
	Body    string   `json:"body"`
	Headers []string `json:"headers"` // `Name: value`
}

func (p *probe) answer(ctx context.Context, req *backend.QueryDataRequest, query backend.DataQuery) backend.DataResponse {
	m := model{Kind: "series", Rows: 3}
	if err := json.Unmarshal(query.JSON, &m); err != nil {
		return backend.ErrDataResponse(backend.StatusBadRequest, err.Error())
	}
	switch m.Kind {
	case "series":
		return frames(series(query.TimeRange.From, m.Rows))
	case "big":
		return frames(data.NewFrame("", data.NewField("value", nil, make([]float64, m.Rows))))
	case "columns":
		times, values := p.columns(m.Rows)
		return frames(data.NewFrame("", data.NewField("time", nil, times), data.NewField("value", nil, values)))
	case "many":
		return frames(p.many(m.Series, m.Rows)...)
	case "lists", "pandas", "polars":
		return frames(p.gaps(m.Rows))
	case "work":
		return frames(work(m.Rows))
	case "burn":
		return frames(burn(time.Duration(m.Seconds * float64(time.Second))))
	case "echo":
		return frames(echo(p, req, query))
	case "fetch":
		return p.fetch(ctx, m)
	case "empty":
		return backend.DataResponse{Status: backend.StatusOK}
	case "fail":
		return backend.ErrDataResponse(backend.StatusNotFound, "no such table")
	case "downstream":
		return backend.DataResponse{
			Status: 503, Error: errors.New("the database is away"), ErrorSource: backend.ErrorSourceDownstream,
		}
	case "raise":
		panic("something nobody meant")
	case "sleep":
		time.Sleep(time.Duration(m.Seconds * float64(time.Second)))
		return frames(series(query.TimeRange.From, 1))
	case "wait":
		log.DefaultLogger.Info("the probe waits")
		select {
		case <-ctx.Done():
			log.DefaultLogger.Info("the probe was cancelled")
		case <-time.After(time.Duration(m.Seconds * float64(time.Second))):
		}
		return frames(series(query.TimeRange.From, 1))
	case "log":
		log.DefaultLogger.FromContext(ctx).Warn("the probe speaks", "table", "sales", "rows", 3)
		return frames(series(query.TimeRange.From, 1))
	}
	return backend.ErrDataResponse(backend.StatusBadRequest, "unknown kind "+m.Kind)
}

func frames(all ...*data.Frame) backend.DataResponse {
	return backend.DataResponse{Status: backend.StatusOK, Frames: all}
}

// series is a time series in wide form: one row a minute, values 0, 0.5, 1, ...
func series(start time.Time, rows int) *data.Frame {
	times, values := make([]time.Time, rows), make([]float64, rows)
	for i := range rows {
		times[i], values[i] = start.Add(time.Duration(i)*time.Minute), float64(i)/2
	}
	frame := data.NewFrame("series",
		data.NewField("time", nil, times),
		data.NewField("value", data.Labels{"host": "web-1"}, values).SetConfig(&data.FieldConfig{Unit: "percent"}),
	)
	frame.Meta = &data.FrameMeta{Type: data.FrameTypeTimeSeriesWide, TypeVersion: data.FrameTypeVersion{0, 1}}
	return frame
}

// echo says what the handler saw: names and texts.
func echo(p *probe, req *backend.QueryDataRequest, query backend.DataQuery) *data.Frame {
	login := ""
	if req.PluginContext.User != nil {
		login = req.PluginContext.User.Login
	}
	seen := map[string]any{
		"ref_id":          query.RefID,
		"query_type":      query.QueryType,
		"max_data_points": query.MaxDataPoints,
		"interval_ms":     query.Interval.Milliseconds(),
		"start_ms":        query.TimeRange.From.UnixMilli(),
		"end_ms":          query.TimeRange.To.UnixMilli(),
		"from_alert":      req.Headers["FromAlert"] == "true",
		"rule":            req.GetHTTPHeader("X-Rule-Name"),
		"org_id":          req.PluginContext.OrgID,
		"plugin_id":       req.PluginContext.PluginID,
		"login":           login,
		"name":            p.name,
		"secret":          p.secrets["token"],
		"instance":        p.instance(),
	}
	text, _ := json.Marshal(seen)
	return data.NewFrame("echo", data.NewField("seen", nil, []json.RawMessage{text}))
}
