// Your own code for the browser, in addition to the editors that gfplug generates from src/plugin/datasource.py. All of it is
// optional: without changes to this file, Python answers every query. This is a CommonJS file. It can't require other files, only
// the packages that Grafana shares with plugins (react, rxjs, lodash, @grafana/data, @grafana/ui, @grafana/runtime and more).
// `exports.fields = { name: Control }` replaces the control of a field with your own. gfplug's docs/frontend.md lists all hooks.
//
// Show help beside the query editor:
//   const { createElement } = require('react');
//   exports.QueryEditorHelp = () => createElement('p', null, 'Choose what to show, and how often.');
//
// Change a query after its template variables have been replaced:
//   exports.applyTemplateVariables = (query, original) => ({ ...query, isFilledIn: query !== original });
//
// Answer a panel's query in the browser. `fetch` calls the API through Grafana's data source proxy. Its path must begin with the
// `path` of one of the `routes` in plugin.json. If this returns undefined, Python answers. Python always answers alert rules.
//   exports.query = (query, { from, to, fetch }) =>
//     fetch('rows', { params: { from, to } }).then((rows) => [
//       {
//         fields: [
//           { name: 'time', type: 'time', values: rows.map((row) => Date.parse(row.time)) },
//           { name: 'value', type: 'number', values: rows.map((row) => row.value) },
//         ],
//       },
//     ]);
