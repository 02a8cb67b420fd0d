package main

import (
	"context"
	"io"
	"net/http"
	"strings"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/httpclient"
	"github.com/grafana/grafana-plugin-sdk-go/data"
)

// fetch asks the data source's upstream by the SDK's client, as its settings say.
func (p *probe) fetch(ctx context.Context, m model) backend.DataResponse {
	options, err := p.settings.HTTPClientOptions(ctx)
	if err != nil {
		return backend.ErrDataResponse(backend.StatusInternal, err.Error())
	}
	client, err := httpclient.New(options)
	if err != nil {
		return backend.ErrDataResponse(backend.StatusInternal, err.Error())
	}
	defer client.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, m.Method, p.settings.URL+m.Path, strings.NewReader(m.Body))
	if err != nil {
		return backend.ErrDataResponse(backend.StatusInternal, err.Error())
	}
	for _, line := range m.Headers {
		name, value, _ := strings.Cut(line, ": ")
		request.Header.Set(name, value)
	}
	answer, err := client.Do(request)
	if err != nil {
		return backend.ErrDataResponse(backend.StatusBadGateway, err.Error())
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return backend.ErrDataResponse(backend.StatusBadGateway, err.Error())
	}
	return frames(data.NewFrame("fetched", data.NewField("status", nil, []int64{int64(answer.StatusCode)}), data.NewField("bytes", nil, []int64{int64(len(body))})))
}
