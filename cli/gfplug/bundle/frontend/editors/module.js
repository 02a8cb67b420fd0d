// @ts-check
// The plugin that Grafana loads: the data source and its editors.
const { DataSourcePlugin } = require('@grafana/data');
const { ConfigEditor } = require('./config');
const { DataSource } = require('./datasource');
const { schema } = require('./project');
const { QueryEditor } = require('./query');
/** @type {import('./types').Hooks} */
const hooks = require('./hooks');

/** @type {DataSourcePlugin<import('./datasource').DataSource, import('./types').Query, import('./types').Options, Record<string, string>>} */
const plugin = new DataSourcePlugin(DataSource);
const Config = schema.config.migrates ? require('./migration').migratedOptions(ConfigEditor) : ConfigEditor;
plugin.setConfigEditor(Config).setQueryEditor(QueryEditor);
const Help = hooks.QueryEditorHelp ?? (schema.examples ? require('./help').Help : undefined);
if (Help) {
  plugin.setQueryEditorHelp(Help);
}

exports.plugin = plugin;
