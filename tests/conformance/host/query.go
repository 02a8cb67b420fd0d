package main

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/grpcplugin"
	"github.com/grafana/grafana-plugin-sdk-go/data"
	"github.com/grafana/grafana-plugin-sdk-go/genproto/pluginv2"
)

// response is one ref id's answer: the wire's own words, and the frames as Grafana decodes them.
type response struct {
	RefID   string  `json:"ref_id,omitempty"` // chunks only
	FrameID string  `json:"frame_id,omitempty"`
	Status  int32   `json:"status"`
	Error   string  `json:"error"`
	Source  string  `json:"source"`
	Format  string  `json:"format"`
	Bytes   int     `json:"bytes"`
	Frames  []frame `json:"frames"`
}

type queried struct {
	Responses map[string]response `json:"responses"`
	Chunks    []response          `json:"chunks,omitempty"`
	RPCMS     float64             `json:"rpc_ms"`
	DecodeMS  float64             `json:"decode_ms"`
}

// query calls QueryData; one frame that Grafana can't decode fails all of it, as in Grafana.
func query(ctx context.Context, client grpcplugin.DataClient, req *pluginv2.QueryDataRequest, how message) (any, error) {
	begin := time.Now()
	answer, err := client.QueryData(ctx, req)
	if err != nil {
		return nil, err
	}
	result := queried{RPCMS: milliseconds(begin), Responses: map[string]response{}}
	begin = time.Now()
	decoded, err := backend.FromProto().QueryDataResponse(answer)
	if err != nil {
		return nil, &failure{Kind: "decode", Message: err.Error()}
	}
	result.DecodeMS = milliseconds(begin)
	for refID, raw := range answer.Responses {
		frames, err := describeAll(decoded.Responses[refID].Frames, !how.Summary)
		if err != nil {
			return nil, err
		}
		result.Responses[refID] = response{
			Status: raw.Status, Error: raw.Error, Source: raw.ErrorSource, Format: raw.Format.String(), Bytes: total(raw.Frames), Frames: frames,
		}
	}
	return result, nil
}

func total(frames [][]byte) int {
	sum := 0
	for _, encoded := range frames {
		sum += len(encoded)
	}
	return sum
}

// queryChunked calls QueryChunkedData and gives each chunk by itself; in JSON, only the first of a frame has a schema, so
// frames are decoded where the format is Arrow.
func queryChunked(ctx context.Context, client grpcplugin.DataClient, req *pluginv2.QueryChunkedDataRequest, how message) (any, error) {
	begin := time.Now()
	stream, err := client.QueryChunkedData(ctx, req)
	if err != nil {
		return nil, err
	}
	result := queried{Chunks: []response{}}
	for {
		chunk, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			result.RPCMS = milliseconds(begin)
			return result, nil
		}
		if err != nil {
			return nil, err
		}
		described, err := describeChunk(chunk, !how.Summary)
		if err != nil {
			return nil, err
		}
		result.Chunks = append(result.Chunks, described)
	}
}

func describeChunk(chunk *pluginv2.QueryChunkedDataResponse, withValues bool) (response, error) {
	described := response{
		RefID: chunk.RefId, FrameID: chunk.FrameId, Status: chunk.Status, Error: chunk.Error, Source: chunk.ErrorSource,
		Format: chunk.Format.String(), Bytes: len(chunk.Frame), Frames: []frame{},
	}
	if len(chunk.Frame) == 0 {
		return described, nil
	}
	if chunk.Format == pluginv2.DataFrameFormat_JSON {
		described.Frames = append(described.Frames, frame{JSON: chunk.Frame})
		return described, nil
	}
	decoded, err := data.UnmarshalArrowFrame(chunk.Frame)
	if err != nil {
		return described, &failure{Kind: "decode", Message: err.Error()}
	}
	one, err := describe(decoded, withValues)
	described.Frames = append(described.Frames, one)
	return described, err
}
