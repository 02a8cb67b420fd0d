package main

import (
	"context"
	"errors"
	"io"

	"github.com/grafana/grafana-plugin-sdk-go/backend/grpcplugin"
	"github.com/grafana/grafana-plugin-sdk-go/genproto/pluginv2"
)

func subscribe(ctx context.Context, client grpcplugin.StreamClient, req *pluginv2.SubscribeStreamRequest, _ message) (any, error) {
	answer, err := client.SubscribeStream(ctx, req)
	if err != nil {
		return nil, err
	}
	return map[string]string{"status": answer.Status.String(), "data": string(answer.Data)}, nil
}

func publish(ctx context.Context, client grpcplugin.StreamClient, req *pluginv2.PublishStreamRequest, _ message) (any, error) {
	answer, err := client.PublishStream(ctx, req)
	if err != nil {
		return nil, err
	}
	return map[string]string{"status": answer.Status.String(), "data": string(answer.Data)}, nil
}

type streamed struct {
	Packets []string `json:"packets"`
	Ended   string   `json:"ended"` // "count": enough packets came and the host cancelled; "eof"; or "error"
	Error   *failure `json:"error,omitempty"`
}

// runStream reads packets until there are as many as asked for (0: until the stream ends), then cancels it.
func runStream(ctx context.Context, client grpcplugin.StreamClient, req *pluginv2.RunStreamRequest, how message) (any, error) {
	stream, err := client.RunStream(ctx, req)
	if err != nil {
		return nil, err
	}
	result := streamed{Packets: []string{}}
	for how.Count == 0 || len(result.Packets) < how.Count {
		packet, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			result.Ended = "eof"
			return result, nil
		}
		if err != nil {
			result.Ended, result.Error = "error", explain(err)
			return result, nil
		}
		result.Packets = append(result.Packets, string(packet.Data))
	}
	result.Ended = "count"
	return result, nil
}
