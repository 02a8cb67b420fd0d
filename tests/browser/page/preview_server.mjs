// A server for the page of `gfplug preview` that needs no plugin: it keeps what the page's own server promises, and its
// answers are made up. A query's `table` says what comes: sales, one, logs, graph, broken, hostile, live, none.
import fs from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';

const TYPES = { '.css': 'text/css', '.html': 'text/html', '.js': 'text/javascript', '.json': 'application/json', '.svg': 'image/svg+xml', '.ttf': 'font/ttf' };
const POLICY = [
  "default-src 'self'", "script-src 'self'", "style-src 'self' 'unsafe-inline'", "img-src 'self' data: blob:", "font-src 'self' data:",
  "connect-src 'self'", "worker-src 'self' blob:", "object-src 'none'", "base-uri 'self'", "form-action 'self'", "frame-ancestors 'none'",
].join('; ');
const ID = 'acme-sales-datasource';
const UID = 'gfplug';
export const HOSTILE = `<img src=x onerror="window.hurt='html'"><script>window.hurt='script'</script>[x](javascript:window.hurt=1) \${__x} \u202ereversed`;
export const LINK = "javascript:window.hurt='link'";
const OWN = `api/datasources/proxy/uid/${UID}/x.html`; // an upstream's page, which would get the token with the address
const LINKS = [LINK, OWN, `/${OWN}`, './preview/boot', 'https://example.com/?value=${__value.raw}'].map((url) => ({ title: HOSTILE, url }));

const times = Array.from({ length: 60 }, (_, index) => Date.now() - (60 - index) * 60_000);
const wave = (height) => times.map((_, index) => height + Math.sin(index / 5));
const time = { name: 'time', type: 'time', typeInfo: { frame: 'time.Time' } };
const text = (name, config) => ({ name, type: 'string', typeInfo: { frame: 'string' }, config });
const number = (name, labels, config) => ({ name, type: 'number', typeInfo: { frame: 'float64' }, labels, config });

const FRAMES = {
  sales: ({ regions = ['north', 'south'] }) =>
    regions.map((region, index) => ({ name: region, fields: [time, number('sales', { region })], values: [times, wave(index * 3)], meta: { executedQueryString: `SELECT sales WHERE region = '${region}'` } })),
  one: () => [{ fields: [number('total')], values: [[42.5]] }],
  logs: () => [{ fields: [time, text('body'), text('severity')], values: [times.slice(0, 2), ['started', 'no disk left'], ['info', 'error']], meta: { preferredVisualisationType: 'logs' } }],
  graph: () => [{ name: 'nodes', fields: [text('id'), text('title')], values: [['1', '2'], ['web', 'database']], meta: { preferredVisualisationType: 'nodeGraph' } }],
  noticed: () => [{ fields: [time, number('sales')], values: [times, wave(0)], meta: { notices: [{ severity: 'warning', text: 'only the first 60 rows' }] } }],
  events: () => [{ fields: [time, text('title'), text('text'), text('tags')], values: [[times[20], times[40]], ['deploy', 'restart'], ['version 2', ''], ['prod,web', 'prod']] }],
  texts: ({ texts = ['sales', 'orders'] }) => [{ fields: [text('text'), text('value')], values: [texts, texts] }],
  hostile: () => [
    {
      name: HOSTILE,
      fields: [time, number(HOSTILE, { [HOSTILE]: HOSTILE }, { unit: HOSTILE, description: HOSTILE, links: [LINKS[0]] }), text('html', { links: LINKS, custom: { cellOptions: { type: 'markdown' } } }), text('image', { custom: { cellOptions: { type: 'image' } } })],
      values: [times, wave(1), times.map(() => HOSTILE), times.map(() => LINK)],
      meta: { executedQueryString: HOSTILE, notices: [{ severity: 'info', text: HOSTILE, link: LINK }] },
    },
  ],
  live: () => [{ fields: [time, number('ticks')], values: [[], []], meta: { channel: `ds/${UID}/ticks` } }],
  none: () => [],
};

const frame = (refId) => ({ name, fields, values, meta }) => ({ schema: { refId, name, fields, meta }, data: { values } });

/** Answer one query as Grafana would. */
function answer(query) {
  const { refId, queryType, table } = query;
  const kind = queryType === 'variable' ? 'texts' : queryType === 'annotation' ? 'events' : table;
  if (kind === 'broken') {
    return { status: 502, error: 'the API answered 502 Bad Gateway', errorSource: 'downstream' };
  }
  return { status: 200, frames: (FRAMES[kind] ?? FRAMES.sales)({ regions: query.regions }).map(frame(refId)) };
}

const RULES = [{ title: 'Sales are low', refId: 'A', model: { refId: 'A', table: 'sales' }, from: 600, to: 0, condition: { reducer: 'last', operator: 'gt', bounds: [0] } }];
const ALERTS = {
  rules: [{ rule: 'Sales are low', instances: [{ labels: { region: 'north' }, state: 'ALERTING', value: 1 }, { labels: { region: HOSTILE }, state: 'NORMAL', value: null }], error: '', warnings: [] }],
  problem: null,
};

/** Start on a free port. `assets` is a built page, `modules` are two texts of module.js: a save swaps them; the result collects
 * what was asked, and sends events. */
export async function servePreview({ assets, modules, dashboards = [], version }) {
  const asked = [];
  const clients = new Map();
  const secrets = {};
  let number = 0;
  let module = 0;
  let token = 'T0ken';
  let settings = { id: 1, uid: UID, orgId: 1, name: 'Sales', type: ID, typeName: 'Sales', access: 'proxy', url: '', isDefault: true, jsonData: { timeout: 12 }, secureJsonFields: secrets, version: 1, readOnly: false };
  const meta = { id: ID, type: 'datasource', name: 'Acme Sales', annotations: true, alerting: true, info: { version: '1.2.3', logos: { small: '', large: '' } }, module: `public/plugins/${ID}/module.js`, baseUrl: `public/plugins/${ID}` };
  const address = () => `public/plugins/${ID}/module.js?_cache=${module}`;
  const send = (client, name, data) => client.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  const tell = (name, data) => clients.forEach((client) => send(client, name, data));
  const instanceSettings = () => ({ id: 1, uid: UID, type: ID, name: settings.name, meta, url: `/api/datasources/proxy/uid/${UID}`, access: 'proxy', readOnly: false, jsonData: settings.jsonData, isDefault: true });
  const line = (message, level = 'info') => ({ time: Date.now(), level, message, fields: { logger: 'sales', note: HOSTILE }, danger: '' });
  const boot = () => ({
    gfplug: '0.2.0', grafana: version, versions: [version], runs: 'source',
    plugin: { id: ID, name: 'Acme Sales', module: address(), problem: null, meta }, instanceSettings: instanceSettings(), settings,
    provisioning: { file: 'provisioning/datasources/datasource.yaml', writable: true, why: '' },
    dashboards, rules: RULES, toggles: {}, log: [line('Serving'), line(HOSTILE, 'error')],
  });
  const routes = {
    'GET preview/boot': boot,
    'GET api/frontend/settings': () => ({ datasources: { [settings.name]: instanceSettings() }, defaultDatasource: settings.name }),
    'POST preview/alerts': () => ({ ...ALERTS, at: Date.now() }),
    'POST preview/settings/write': () => ({ file: 'provisioning/datasources/datasource.yaml', diff: `-  timeout: 12\n+  timeout: 30`, secrets: [{ key: 'token', variable: 'SALES_TOKEN' }] }),
    [`PUT api/datasources/uid/${UID}`]: ({ secureJsonData = {}, ...given }) => {
      Object.entries(secureJsonData).forEach(([name, value]) => Object.assign(secrets, { [name]: value !== '' }));
      settings = { ...given, secureJsonFields: { ...secrets } };
      return { message: 'Datasource updated', datasource: settings, id: 1, name: settings.name };
    },
    [`GET api/datasources/uid/${UID}/health`]: () => (settings.jsonData.timeout > 100 ? { status: 'ERROR', message: 'too slow', details: { verboseMessage: 'seen after 100 s' } } : { status: 'OK', message: 'Connected' }),
    'POST api/ds/query': ({ queries }) => ({ results: Object.fromEntries(queries.map((query) => [query.refId, answer(query)])), preview: { milliseconds: 7 } }),
    [`GET api/datasources/uid/${UID}/resources/tables`]: () => ['sales', 'orders', 'broken'],
    [`POST api/datasources/uid/${UID}/resources/gfplug/tag-keys`]: () => ['region'],
    [`POST api/datasources/uid/${UID}/resources/gfplug/tag-values`]: () => ['north', HOSTILE],
    'POST preview/streams': ({ client }) => {
      const id = `s${(number += 1)}`;
      let ticks = 0;
      const timer = setInterval(() => {
        ticks += 1;
        const data = { values: [[Date.now()], [ticks]] };
        if (!clients.has(client)) {
          clearInterval(timer);
          return;
        }
        send(clients.get(client), 'stream', ticks === 1 ? { id, frame: { schema: { fields: [time, { name: 'ticks', type: 'number' }] }, data } } : { id, frame: { data } });
      }, 50);
      streams.set(id, timer);
      return { id };
    },
  };
  const streams = new Map();
  const fail = ({ status, message }, body) => (status === 'ERROR' || (body?.results && Object.values(body.results).some(({ error }) => error)) ? 400 : message === 'none' ? 404 : 200);

  const server = http.createServer(async (request, response) => {
    const url = new URL(request.url, 'http://localhost');
    response.setHeader('content-security-policy', POLICY);
    response.setHeader('referrer-policy', 'same-origin');
    const [, first, ...rest] = url.pathname.split('/');
    const name = first === token ? rest.join('/') : url.pathname.slice(1);
    const chunks = await request.toArray();
    const body = chunks.length ? JSON.parse(Buffer.concat(chunks)) : undefined;
    if (name === 'preview/events') {
      const id = `c${(number += 1)}`;
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      clients.set(id, response);
      response.on('close', () => clients.delete(id));
      send(response, 'hello', { client: id });
      return;
    }
    if (/^(api|preview)\//.test(name)) {
      asked.push({ method: request.method, path: name, body });
      if (request.method === 'DELETE') {
        clearInterval(streams.get(name.split('/').at(-1)));
      }
      const content = routes[`${request.method} ${name}`]?.(body) ?? (request.method === 'DELETE' ? {} : { message: 'none' });
      response.writeHead(fail(content, content), { 'content-type': 'application/json' }).end(JSON.stringify(content));
      return;
    }
    if (name === `public/plugins/${ID}/module.js`) {
      response.writeHead(200, { 'content-type': 'text/javascript' }).end(modules[module]);
      return;
    }
    try {
      const content = await fs.readFile(path.join(assets, name || 'index.html'));
      response.writeHead(200, { 'content-type': TYPES[path.extname(name || 'index.html')] ?? 'application/octet-stream', 'cache-control': 'max-age=600' }).end(content);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: () => `http://127.0.0.1:${server.address().port}/${token}/`,
    asked,
    tell,
    /** Save another module.js, and say so as the server behind `gfplug dev` would. */
    save: () => {
      module = (module + 1) % modules.length;
      tell('reload', { state: 'started' });
      tell('reload', { state: 'ready', code: true, module: address(), settings: false, dashboards: false, rules: false, milliseconds: 300 });
    },
    close: () => {
      streams.forEach((timer) => clearInterval(timer));
      server.close();
      server.closeAllConnections();
    },
  };
}
