package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"google.golang.org/grpc/status"
)

// failure is an error as the driver sees it.
//
// Kind is "usage" (a request that makes no sense), "start" (the handshake failed), "rpc" (the call failed; Code and Source
// say how), "decode" (Grafana's decoder refused the answer), "panic" or "encode" (the host's own trouble).
type failure struct {
	Kind    string `json:"kind"`
	Message string `json:"message"`
	Code    string `json:"code,omitempty"`
	Source  string `json:"source,omitempty"`
}

func (f *failure) Error() string { return f.Kind + ": " + f.Message }

// explain turns any error into a failure; what carries a gRPC status becomes an "rpc" failure.
func explain(err error) *failure {
	var known *failure
	if errors.As(err, &known) {
		return known
	}
	answer, isStatus := status.FromError(err)
	if !isStatus {
		return &failure{Kind: "host", Message: err.Error()}
	}
	f := &failure{Kind: "rpc", Message: answer.Message(), Code: answer.Code().String()}
	if source, marked := backend.ErrorSourceFromGrpcStatusError(context.Background(), err); marked {
		f.Source = source.String()
	}
	return f
}

// decode reads a request's arguments and refuses keys that it does not know.
func decode(args json.RawMessage, into any) error {
	if len(args) == 0 {
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(args))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return &failure{Kind: "usage", Message: err.Error()}
	}
	return nil
}
