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

func validateAdmission(ctx context.Context, client grpcplugin.AdmissionClient, req *pluginv2.AdmissionRequest, _ message) (any, error) {
	return inJSON(client.ValidateAdmission(ctx, req))
}

func mutateAdmission(ctx context.Context, client grpcplugin.AdmissionClient, req *pluginv2.AdmissionRequest, _ message) (any, error) {
	return inJSON(client.MutateAdmission(ctx, req))
}

func convertObjects(ctx context.Context, client grpcplugin.ConversionClient, req *pluginv2.ConversionRequest, _ message) (any, error) {
	return inJSON(client.ConvertObjects(ctx, req))
}
