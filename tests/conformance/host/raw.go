package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	plugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
)

// rawCall is bytes to send to a method as they are, whatever message they may or may not be.
type rawCall struct {
	Method  string `json:"method"` // such as "/pluginv2.Data/QueryData"
	Message []byte `json:"message"`
	Limit   int    `json:"limit"` // how many answers of a stream to read; 0: all of them
}

// bare passes messages on as bytes.
type bare struct{}

func (bare) Marshal(message any) ([]byte, error) { return *message.(*[]byte), nil }
func (bare) Name() string                        { return "proto" }
func (bare) Unmarshal(data []byte, into any) error {
	*into.(*[]byte) = append([]byte{}, data...)
	return nil
}

// callRaw makes one call on the connection that go-plugin holds; every method is called as if it answered a stream, which
// on the wire is no different.
func callRaw(ctx context.Context, m *managed, args json.RawMessage) (any, error) {
	var raw rawCall
	if err := decode(args, &raw); err != nil {
		return nil, err
	}
	protocol, err := m.current().Client()
	if err != nil {
		return nil, err
	}
	connected, ok := protocol.(*plugin.GRPCClient)
	if !ok {
		return nil, &failure{Kind: "host", Message: fmt.Sprintf("no gRPC: %T", protocol)}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := connected.Conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, raw.Method, grpc.ForceCodec(bare{}))
	if err != nil {
		return nil, err
	}
	if err := stream.SendMsg(&raw.Message); err != nil {
		return nil, err
	}
	if err := stream.CloseSend(); err != nil {
		return nil, err
	}
	answers := [][]byte{}
	for raw.Limit == 0 || len(answers) < raw.Limit {
		var answer []byte
		if err := stream.RecvMsg(&answer); err != nil {
			if errors.Is(err, io.EOF) {
				break
			}
			return nil, err
		}
		answers = append(answers, answer)
	}
	return map[string]any{"answers": answers}, nil
}
