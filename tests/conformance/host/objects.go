package main

import (
	"context"
	"encoding/json"

	"github.com/grafana/grafana-plugin-sdk-go/backend/grpcplugin"
	"github.com/grafana/grafana-plugin-sdk-go/genproto/pluginv2"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// inJSON gives an answer in protobuf's JSON form.
func inJSON(answer proto.Message, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	text, err := protojson.MarshalOptions{EmitUnpopulated: true}.Marshal(answer)
	return json.RawMessage(text), err
}

func validateAdmission(ctx context.Context, m *managed, args json.RawMessage) (any, error) {
	req := &pluginv2.AdmissionRequest{}
	ctx, _, err := prepare(ctx, args, req)
	if err != nil {
		return nil, err
	}
	client, err := dispense[grpcplugin.AdmissionClient](ctx, m, "admission")
	if err != nil {
		return nil, err
	}
	return inJSON(client.ValidateAdmission(ctx, req))
}

func mutateAdmission(ctx context.Context, m *managed, args json.RawMessage) (any, error) {
	req := &pluginv2.AdmissionRequest{}
	ctx, _, err := prepare(ctx, args, req)
	if err != nil {
		return nil, err
	}
	client, err := dispense[grpcplugin.AdmissionClient](ctx, m, "admission")
	if err != nil {
		return nil, err
	}
	return inJSON(client.MutateAdmission(ctx, req))
}

func convertObjects(ctx context.Context, m *managed, args json.RawMessage) (any, error) {
	req := &pluginv2.ConversionRequest{}
	ctx, _, err := prepare(ctx, args, req)
	if err != nil {
		return nil, err
	}
	client, err := dispense[grpcplugin.ConversionClient](ctx, m, "conversion")
	if err != nil {
		return nil, err
	}
	return inJSON(client.ConvertObjects(ctx, req))
}
