package main

import (
	"encoding/json"
	"testing/fstest"

	"github.com/grafana/grafana-plugin-sdk-go/experimental/pluginschema"
	"github.com/grafana/grafana-plugin-sdk-go/experimental/schemabuilder"
	"k8s.io/kube-openapi/pkg/validation/spec"
	"sigs.k8s.io/yaml"
)

// pluginSchema reads a plugin's schema as Grafana does, refuses keys that the SDK does not know, and gives back what
// was read, with the schema that Grafana makes of the queries that a dashboard saves.
func pluginSchema(args json.RawMessage) (any, error) {
	var given struct {
		Text     string `json:"text"`
		PluginID string `json:"plugin_id"`
	}
	if err := decode(args, &given); err != nil {
		return nil, err
	}
	if err := yaml.UnmarshalStrict([]byte(given.Text), &pluginschema.PluginSchema{}); err != nil {
		return nil, &failure{Kind: "sdk", Message: err.Error()}
	}
	files := fstest.MapFS{"v0alpha1.json": {Data: []byte(given.Text)}}
	read, err := pluginschema.NewSchemaProvider(files).Get("v0alpha1")
	if err != nil {
		return nil, &failure{Kind: "sdk", Message: err.Error()}
	}
	if read.Routes != nil {
		if err := read.Routes.AssertPrefixes("/resources/", "/proxy/"); err != nil {
			return nil, &failure{Kind: "sdk", Message: err.Error()}
		}
	}
	content, err := json.Marshal(read)
	if err != nil {
		return nil, err
	}
	saved, err := schemabuilder.GetQuerySchema(schemabuilder.QuerySchemaOptions{
		PluginID: []string{given.PluginID}, QueryTypes: read.QueryTypes.Items, Mode: schemabuilder.SchemaTypeSaveModel,
	})
	if err != nil {
		return nil, &failure{Kind: "sdk", Message: err.Error()}
	}
	return struct {
		Schema json.RawMessage `json:"schema"`
		Saved  *spec.Schema    `json:"saved"`
	}{content, saved}, nil
}
