// Your own code in the browser, beside the editors that gfplug makes from src/plugin/datasource.py. Everything here is
// optional: as this file stands, Python answers every query. It is a CommonJS file, and the only one: it may require the
// packages that Grafana shares with plugins (react, rxjs, lodash, @grafana/data, @grafana/ui, @grafana/runtime and more).
// `exports.fields = { name: Control }` puts a control of your own in the place of a field's; gfplug's docs/frontend.md has all.
//
// Show help beside the query editor:
//   const { createElement } = require('react');
//   exports.QueryEditorHelp = () => createElement('p', null, 'Choose what to show, and how often.');
//
// Change a query after its template variables were filled in:
//   exports.applyTemplateVariables = (query, original) => ({ ...query, isFilledIn: query !== original });
//
// Answer a panel's query in the browser. `fetch` asks the API through Grafana's data source proxy: its path begins with the
// `path` of one of the `routes` in plugin.json. Python answers when this returns undefined, and for alert rules always.
//   exports.query = (query, { from, to, fetch }) =>
//     fetch('rows', { params: { from, to } }).then((rows) => [
//       {
//         fields: [
//           { name: 'time', type: 'time', values: rows.map((row) => Date.parse(row.time)) },
//           { name: 'value', type: 'number', values: rows.map((row) => row.value) },
//         ],
//       },
//     ]);
