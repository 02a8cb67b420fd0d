// The config page and the query editor beside each other, on the loader and the requests of the preview's page. Everything
// the plugin does is kept in `window.host` for the tests.
import './settings.js';
import * as data from '@grafana/data';
import * as runtime from '@grafana/runtime';
import * as ui from '@grafana/ui';
import * as React from 'react';
import { createRoot } from 'react-dom/client';
import * as rxjs from 'rxjs';
import { initializeLoggersRegistry } from 'optional-loggers';
import { createDatasource, loadPlugin, shared } from '../../../preview/page/packages.js';
import { backend } from '../../../preview/page/services.js';

const h = React.createElement;
let parameters = new URLSearchParams(location.search);
// What Grafana has saved, where the address says so.
const saved = (name, otherwise) => (parameters.has(name) ? JSON.parse(parameters.get(name)) : otherwise);
const host = (window.host = {});

// The frontend sandbox: only what the factory returns counts, and an unknown package is an error.
async function sandboxed(url) {
  const source = await (await fetch(url)).text();
  return new Promise((resolve, reject) => {
    const define = (names, factory) => {
      const unknown = names.filter((name) => !shared[name]);
      unknown.length ? reject(new Error(`unknown packages ${unknown}`)) : resolve(factory(...names.map((name) => shared[name])));
    };
    new Function('define', source)(define);
  });
}

const instanceSettings = {
  id: 1,
  uid: 'u1',
  type: 'acme-sales-datasource',
  name: 'Sales',
  url: '/api/datasources/proxy/uid/u1',
  access: 'proxy',
  readOnly: false,
  meta: { id: 'acme-sales-datasource', info: { version: '1.2.3' } },
};

const variables = { env: 'prod', hosts: ['a', 'b'] };
runtime.setBackendSrv(backend);
runtime.setTemplateSrv({
  getVariables: () => Object.keys(variables).map((name) => ({ name })),
  containsTemplate: (text) => /\$/.test(text ?? ''),
  updateTimeRange() {},
  replace: (text, scoped, format) =>
    String(text ?? '').replace(/\$\{?(\w+)\}?/g, (found, name) => {
      const value = scoped?.[name]?.value ?? variables[name];
      return value === undefined ? found : typeof format === 'function' ? format(value) : String(value);
    }),
});
runtime.setDataSourceSrv({ getInstanceSettings: () => instanceSettings, get: async () => host.datasource, getList: () => [instanceSettings] });
runtime.setGrafanaLiveSrv({
  getDataStream: (options) => {
    host.streams.push(options.addr);
    return rxjs.of({ state: data.LoadingState.Streaming, data: [{ fields: [], length: 0 }] });
  },
});
runtime.setEchoSrv({ flush() {}, addBackend() {}, addEvent() {} });
initializeLoggersRegistry?.();

function Page({ plugin, datasource }) {
  const [options, setOptions] = React.useState({
    ...instanceSettings,
    url: '',
    secureJsonFields: parameters.has('configured') ? { token: true, httpHeaderValue1: true, httpHeaderValue2: true } : {},
    readOnly: parameters.has('readonly'),
  });
  const [query, setQuery] = React.useState(saved('query', { refId: 'A', ...datasource.getDefaultQuery() }));
  Object.assign(host, { options, query });
  return h(
    'main',
    { style: { padding: 24, width: 820 } },
    h('h1', null, 'Settings'),
    h('section', { 'aria-label': 'config' }, h(plugin.components.ConfigEditor, { options, onOptionsChange: setOptions })),
    h('h1', null, 'Query'),
    h(
      'section',
      { 'aria-label': 'query' },
      h(plugin.components.QueryEditor, { datasource, query, onChange: setQuery, onRunQuery: () => (host.runs += 1), app: parameters.get('app') ?? 'panel-editor' })
    ),
    plugin.components.QueryEditorHelp && h('section', { 'aria-label': 'help' }, h(plugin.components.QueryEditorHelp, { datasource, query, onClickExample: setQuery })),
    h(Others, { datasource })
  );
}

// The editors of variables and annotations, where the data source brings its own.
function Others({ datasource }) {
  const [variable, setVariable] = React.useState(saved('variable', ''));
  const [annotation, setAnnotation] = React.useState({ refId: 'Anno' });
  Object.assign(host, { variable, annotation });
  const editors = { variable: [datasource.variables?.editor, variable, setVariable], annotation: [datasource.annotations?.QueryEditor, annotation, setAnnotation] };
  return Object.entries(editors).map(([name, [editor, query, onChange]]) =>
    editor ? h('section', { key: name, 'aria-label': name }, h('h1', null, name), h(editor, { datasource, query, onChange, onRunQuery() {} })) : null
  );
}

let lastRequest = 0; // each has an id of its own: a newer request with the same id would end it
let roots = [];

function render(place, theme, ...children) {
  const root = createRoot(place);
  roots.push(root);
  root.render(h(data.ThemeContext.Provider, { value: theme }, ...children));
}

/** Take away what is drawn. */
host.leave = () => {
  roots.forEach((root) => root.unmount());
  roots = [];
};

/** Load a plugin and draw its page; `search` is as in the page's address. */
host.load = async (url, search = location.search) => {
  parameters = new URLSearchParams(search);
  Object.assign(host, { runs: 0, streams: [] });
  const headers = parameters.has('headers') ? { httpHeaderName1: 'X-One', httpHeaderName2: 'X-Two' } : {};
  instanceSettings.jsonData = host.jsonData ?? saved('options', headers);
  const module = parameters.has('sandbox') ? await sandboxed(url) : await window.System.import(url);
  const plugin = parameters.has('sandbox') ? module.plugin : await loadPlugin(url, instanceSettings.meta);
  plugin.meta = instanceSettings.meta;
  host.datasource = createDatasource(plugin, instanceSettings);
  const theme = data.createTheme({ colors: { mode: parameters.get('theme') ?? 'dark' } });
  render(document.getElementById('root'), theme, h(ui.GlobalStyles), h(ui.PortalContainer), h(host.page ?? Page, { plugin, datasource: host.datasource }));
  return { exports: Object.keys(module.__useDefault ? module.default : module), isPlugin: plugin instanceof data.DataSourcePlugin, react: React.version };
};

// As Grafana's runRequest: filterQuery is asked first, unless a variable brings a query function of its own.
host.ask = (given, more) => {
  const targets = given.filter((target) => host.datasource.filterQuery(target));
  const asked = { requestId: `Q${(lastRequest += 1)}`, interval: '1m', intervalMs: 60000, maxDataPoints: 500, range: data.getDefaultTimeRange(), scopedVars: {}, timezone: 'utc', app: 'dashboard', startTime: 0, ...more, targets };
  return rxjs.lastValueFrom(host.datasource.query(asked).pipe(rxjs.toArray()));
};
host.askVariable = (query) => rxjs.lastValueFrom(host.datasource.variables.query({ requestId: 'V1', range: data.getDefaultTimeRange(), scopedVars: {}, targets: [query] }));
host.tagKeys = () => host.datasource.getTagKeys({ filters: [], timeRange: data.getDefaultTimeRange(), queries: [host.query] });
host.isReady = true;

export { React, data, h, host, instanceSettings, ui };
