// Command goplugin is the reference: a data source on the genuine Go SDK that answers as probe/probe.py does. Tests that
// pass against it are right about the protocol; tests that pass against both say that the Python runtime is too.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/datasource"
	"github.com/grafana/grafana-plugin-sdk-go/backend/instancemgmt"
	"github.com/grafana/grafana-plugin-sdk-go/backend/log"
	"github.com/grafana/grafana-plugin-sdk-go/backend/resource/httpadapter"
)

func main() {
	if err := datasource.Manage("gfplug-probe-datasource", newProbe, datasource.ManageOpts{
		AdmissionHandler: objects{}, ConversionHandler: objects{},
	}); err != nil {
		log.DefaultLogger.Error(err.Error())
		os.Exit(1)
	}
}

// options is what a configured data source saves.
type options struct {
	Health string `json:"health"` // "", "error" or "raise"
}

type probe struct {
	backend.CallResourceHandler
	options  options
	settings backend.DataSourceInstanceSettings
	secrets  map[string]string
	name     string
	made     time.Time
	held     held
}

func newProbe(_ context.Context, settings backend.DataSourceInstanceSettings) (instancemgmt.Instance, error) {
	p := &probe{settings: settings, secrets: settings.DecryptedSecureJSONData, name: settings.Name, made: time.Now()}
	if len(settings.JSONData) > 0 {
		if err := json.Unmarshal(settings.JSONData, &p.options); err != nil {
			return nil, err
		}
	}
	p.CallResourceHandler = httpadapter.New(http.HandlerFunc(p.serveHTTP))
	return p, nil
}

// QueryData answers each query by itself: one that fails leaves the others whole.
func (p *probe) QueryData(ctx context.Context, req *backend.QueryDataRequest) (*backend.QueryDataResponse, error) {
	answers := backend.NewQueryDataResponse()
	for _, query := range req.Queries {
		answers.Responses[query.RefID] = p.safely(ctx, req, query)
	}
	return answers, nil
}

func (p *probe) safely(ctx context.Context, req *backend.QueryDataRequest, query backend.DataQuery) (answer backend.DataResponse) {
	defer func() {
		if caught := recover(); caught != nil {
			answer = backend.ErrDataResponse(backend.StatusInternal, fmt.Sprint(caught))
		}
	}()
	return p.answer(ctx, req, query)
}

// CheckHealth answers as the options say.
func (p *probe) CheckHealth(context.Context, *backend.CheckHealthRequest) (*backend.CheckHealthResult, error) {
	if p.options.Health == "error" {
		return &backend.CheckHealthResult{Status: backend.HealthStatusError, Message: "no such host"}, nil
	}
	return &backend.CheckHealthResult{
		Status: backend.HealthStatusOk, Message: "the probe is well", JSONDetails: []byte(`{"instance": "` + p.instance() + `"}`),
	}, nil
}

// instance names this object: another name means that the settings made a new one.
func (p *probe) instance() string { return fmt.Sprint(p.made.UnixNano()) }

// serveHTTP says back what it was asked, in the ways that tests want to see.
func (p *probe) serveHTTP(w http.ResponseWriter, r *http.Request) {
	var body []byte
	if r.Body != nil { // the SDK's adapter leaves it out when it is empty
		body, _ = io.ReadAll(r.Body)
	}
	switch r.URL.Path {
	case "/echo":
		w.Header().Set("Content-Type", "application/json")
		w.Header()["X-Twice"] = []string{"one", "two"}
		_ = json.NewEncoder(w).Encode(map[string]any{
			"method": r.Method, "path": r.URL.Path[1:], "query": r.URL.Query(), "accept": r.Header.Values("Accept"),
		})
	case "/bytes":
		w.Header().Set("Content-Type", "application/octet-stream")
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write(body)
	case "/parts":
		for n := range 3 {
			_, _ = fmt.Fprintf(w, "part %d\n", n)
			w.(http.Flusher).Flush()
		}
	case "/nothing":
		w.WriteHeader(http.StatusNoContent)
	default:
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write([]byte(`{"message": "no such resource"}`))
	}
}
