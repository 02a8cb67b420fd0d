package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/log"
	"github.com/grafana/grafana-plugin-sdk-go/data"
)

// SubscribeStream answers as the path says.
func (p *probe) SubscribeStream(_ context.Context, req *backend.SubscribeStreamRequest) (*backend.SubscribeStreamResponse, error) {
	switch req.Path {
	case "secret":
		return &backend.SubscribeStreamResponse{Status: backend.SubscribeStreamStatusPermissionDenied}, nil
	case "nowhere":
		return &backend.SubscribeStreamResponse{Status: backend.SubscribeStreamStatusNotFound}, nil
	case "frame":
		initial, err := backend.NewInitialFrame(data.NewFrame("", data.NewField("n", nil, []int64{7})), data.IncludeAll)
		return &backend.SubscribeStreamResponse{InitialData: initial}, err
	}
	initial, err := backend.NewInitialData(req.Data)
	return &backend.SubscribeStreamResponse{InitialData: initial}, err
}

// PublishStream gives back what was published.
func (p *probe) PublishStream(_ context.Context, req *backend.PublishStreamRequest) (*backend.PublishStreamResponse, error) {
	if req.Path == "secret" {
		return &backend.PublishStreamResponse{Status: backend.PublishStreamStatusPermissionDenied}, nil
	}
	return &backend.PublishStreamResponse{Data: req.Data}, nil
}

// RunStream sends packets as the path says.
func (p *probe) RunStream(ctx context.Context, req *backend.RunStreamRequest, sender *backend.StreamSender) error {
	switch req.Path {
	case "three":
		for n := range 3 {
			if err := sender.SendJSON(fmt.Appendf(nil, `{"n":%d}`, n)); err != nil {
				return err
			}
		}
		return nil
	case "frame":
		return sender.SendFrame(data.NewFrame("", data.NewField("n", nil, []int64{7})), data.IncludeAll)
	case "raise":
		return errors.New("the stream broke")
	}
	for n := 0; ; n++ {
		if err := sender.SendJSON(fmt.Appendf(nil, `{"n":%d}`, n)); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			log.DefaultLogger.Info("the stream was cancelled")
			return ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// QueryChunkedData answers each query in as many parts as it asks rows for.
func (p *probe) QueryChunkedData(ctx context.Context, req *backend.QueryChunkedDataRequest, w backend.ChunkedDataWriter) error {
	for _, query := range req.Queries {
		m := model{Rows: 3}
		if err := json.Unmarshal(query.JSON, &m); err != nil {
			return err
		}
		for row := range m.Rows {
			frame := data.NewFrame("chunks", data.NewField("n", nil, []int64{int64(row)}))
			if err := w.WriteFrame(ctx, query.RefID, "0", frame); err != nil {
				return err
			}
		}
		if m.Kind == "downstream" {
			if err := w.WriteError(ctx, query.RefID, 503, errors.New("the database is away")); err != nil {
				return err
			}
		}
	}
	return nil
}

// objects admits and converts Kubernetes-style objects.
type objects struct{}

func (objects) ValidateAdmission(_ context.Context, req *backend.AdmissionRequest) (*backend.ValidationResponse, error) {
	if len(req.ObjectBytes) == 0 {
		return &backend.ValidationResponse{Result: &backend.StatusResult{Status: "Failure", Message: "no object", Reason: "Invalid", Code: 422}}, nil
	}
	return &backend.ValidationResponse{Allowed: true, Warnings: []string{req.Kind.Kind}}, nil
}

func (objects) MutateAdmission(_ context.Context, req *backend.AdmissionRequest) (*backend.MutationResponse, error) {
	return &backend.MutationResponse{Allowed: true, ObjectBytes: append([]byte("new "), req.ObjectBytes...)}, nil
}

func (objects) ConvertObjects(_ context.Context, req *backend.ConversionRequest) (*backend.ConversionResponse, error) {
	answer := &backend.ConversionResponse{UID: req.UID, Result: &backend.StatusResult{Status: "Success"}}
	for _, object := range req.Objects {
		raw := append([]byte(req.TargetVersion.Version+" "), object.Raw...)
		answer.Objects = append(answer.Objects, backend.RawObject{Raw: raw, ContentType: object.ContentType})
	}
	return answer, nil
}
