package main

import (
	"encoding/json"
	"math"
	"strconv"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"
)

// frame describes a frame exactly as the SDK decoded it.
type frame struct {
	Name   string          `json:"name"`
	RefID  string          `json:"ref_id"`
	Meta   *data.FrameMeta `json:"meta"`
	Rows   int             `json:"rows"`
	Fields []field         `json:"fields"`
	JSON   json.RawMessage `json:"json,omitempty"` // the SDK's own JSON of it
}

// field describes one column; Type is the Go type of a value, with a star when it is nullable.
type field struct {
	Name     string            `json:"name"`
	Type     string            `json:"type"`
	Nullable bool              `json:"nullable"`
	Labels   map[string]string `json:"labels"`
	Config   *data.FieldConfig `json:"config"`
	Values   []any             `json:"values"`
}

func describeAll(frames data.Frames, withValues bool) ([]frame, error) {
	described := make([]frame, 0, len(frames))
	for _, decoded := range frames {
		one, err := describe(decoded, withValues)
		if err != nil {
			return nil, err
		}
		described = append(described, one)
	}
	return described, nil
}

func describe(decoded *data.Frame, withValues bool) (frame, error) {
	rows, err := decoded.RowLen()
	if err != nil {
		return frame{}, &failure{Kind: "decode", Message: err.Error()}
	}
	described := frame{Name: decoded.Name, RefID: decoded.RefID, Meta: decoded.Meta, Rows: rows, Fields: []field{}}
	for _, column := range decoded.Fields {
		described.Fields = append(described.Fields, describeField(column, withValues))
	}
	if withValues {
		if described.JSON, err = json.Marshal(decoded); err != nil {
			return frame{}, &failure{Kind: "decode", Message: err.Error()}
		}
	}
	return described, nil
}

func describeField(column *data.Field, withValues bool) field {
	described := field{
		Name:     column.Name,
		Type:     column.Type().ItemTypeString(),
		Nullable: column.Nullable(),
		Labels:   column.Labels,
		Config:   column.Config,
	}
	if withValues {
		described.Values = make([]any, column.Len())
		for row := range described.Values {
			described.Values[row] = literal(column, row)
		}
	}
	return described
}

// literal says a value without loss: times as nanoseconds since the epoch, NaN and infinities as text, null as null.
func literal(column *data.Field, row int) any {
	value, present := column.ConcreteAt(row)
	if !present {
		return nil
	}
	switch v := value.(type) {
	case time.Time:
		return v.UnixNano()
	case float64:
		return number(v, 64)
	case float32:
		return number(float64(v), 32)
	case json.RawMessage:
		if !json.Valid(v) {
			return map[string]string{"invalid": string(v)}
		}
	}
	return value
}

func number(value float64, bits int) any {
	text := strconv.FormatFloat(value, 'g', -1, bits)
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return text
	}
	return json.RawMessage(text)
}
