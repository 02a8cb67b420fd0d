// A server for the page of `gfplug preview` without a plugin: it has the interface of the page's real server, and its
// answers come from shop.mjs and sources.mjs.
import fs from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const TYPES = { '.css': 'text/css', '.html': 'text/html', '.js': 'text/javascript', '.json': 'application/json', '.svg': 'image/svg+xml', '.ttf': 'font/ttf' };
const POLICY = [
  "default-src 'self'", "script-src 'self'", "style-src 'self' 'unsafe-inline'", "img-src 'self' data: blob:", "font-src 'self' data:",
  "connect-src 'self'", "worker-src 'self' blob:", "object-src 'none'", "base-uri 'self'", "form-action 'self'", "frame-ancestors 'none'",
].join('; ');
const TOKEN = 'T0ken';
export const ID = 'acme-sales-datasource';
export const UID = 'gfplug';

/** Start on a free port. `assets` is a built page, `modules` are texts of module.js: a save swaps them; `answer(query)` and `routes`
 * (by method and path; `resources/…` and `health` are the data source's) are the plugin. The result collects the requests in `asked`, and sends events. */
export async function servePreview({ assets, version, modules = [], settings: given = {}, dashboards = [], rules = [], log = [], answer = () => ({}), routes: more = {} }) {
  const asked = [];
  const clients = new Map();
  const streams = new Map();
  let number = 0;
  let saves = 0;
  let shown = { modules, dashboards };
  let settings;
  const take = (next) => {
    settings = { id: 1, uid: UID, orgId: 1, name: 'Sales', type: ID, typeName: 'Sales', access: 'proxy', url: '', isDefault: true, jsonData: {}, secureJsonFields: {}, version: 1, readOnly: false, ...next };
  };
  take(given);
  const meta = { id: ID, type: 'datasource', name: 'Acme Sales', annotations: true, alerting: true, info: { version: '1.2.3', logos: { small: '', large: '' } }, module: `public/plugins/${ID}/module.js`, baseUrl: `public/plugins/${ID}` };
  const address = () => `public/plugins/${ID}/module.js?_cache=${saves}`;
  const send = (client, name, data) => client.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  const tell = (name, data) => clients.forEach((client) => send(client, name, data));
  const instanceSettings = () => ({ id: 1, uid: UID, type: ID, name: settings.name, meta, url: `/api/datasources/proxy/uid/${UID}`, access: 'proxy', readOnly: false, jsonData: settings.jsonData, isDefault: true });
  const line = (message, index) => ({ time: Date.now(), level: index ? 'error' : 'info', message, fields: { logger: 'sales', note: message }, danger: '' });
  const routes = {
    'GET preview/boot': () => ({
      gfplug: '0.2.0', grafana: version, versions: [version], runs: 'source',
      plugin: { id: ID, name: 'Acme Sales', module: address(), problem: null, meta }, instanceSettings: instanceSettings(), settings,
      provisioning: { file: 'provisioning/datasources/datasource.yaml', writable: true, why: '' },
      dashboards: shown.dashboards, rules, toggles: {}, log: log.map(line),
    }),
    'GET api/frontend/settings': () => ({ datasources: { [settings.name]: instanceSettings() }, defaultDatasource: settings.name }),
    'PUT data source': ({ secureJsonData = {}, ...next }) => {
      const typed = Object.entries(secureJsonData).map(([name, value]) => [name, value !== '']);
      take({ ...next, secureJsonFields: { ...settings.secureJsonFields, ...Object.fromEntries(typed) } });
      return { message: 'Datasource updated', datasource: settings, id: 1, name: settings.name };
    },
    'GET health': () => ({ status: 'OK', message: 'Connected' }),
    'POST api/ds/query': ({ queries }) => ({ results: Object.fromEntries(queries.map((query) => [query.refId, answer(query)])), preview: { milliseconds: 7 } }),
    'POST preview/streams': ({ client }) => {
      const id = `s${(number += 1)}`;
      const fields = [{ name: 'time', type: 'time', typeInfo: { frame: 'time.Time' } }, { name: 'ticks', type: 'number' }];
      let ticks = 0;
      const timer = setInterval(() => {
        ticks += 1;
        const data = { values: [[Date.now()], [ticks]] };
        if (!clients.has(client)) {
          clearInterval(timer);
          return;
        }
        send(clients.get(client), 'stream', { id, frame: ticks === 1 ? { schema: { fields }, data } : { data } });
      }, 50);
      streams.set(id, timer);
      return { id };
    },
    'DELETE preview/streams': () => ({}),
    ...more,
  };
  const statusOf = (content) => {
    const isFailure = content?.status === 'ERROR' || Object.values(content?.results ?? {}).some(({ error }) => error);
    return content === undefined ? 404 : isFailure ? 400 : 200;
  };
  /** The route of a path; those of the data source are named without its address. */
  const routeOf = (name) => {
    const own = `api/datasources/uid/${UID}`;
    return name === own ? 'data source' : name.startsWith(`${own}/`) ? name.slice(own.length + 1) : name.replace(/^(preview\/streams)\/.+/, '$1');
  };

  const server = http.createServer(async (request, response) => {
    const url = new URL(request.url, 'http://localhost');
    response.setHeader('content-security-policy', POLICY);
    response.setHeader('referrer-policy', 'same-origin');
    const [, first, ...rest] = url.pathname.split('/');
    const name = first === TOKEN ? rest.join('/') : url.pathname.slice(1);
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
      const content = await routes[`${request.method} ${routeOf(name)}`]?.(body, { url, settings });
      response.writeHead(statusOf(content), { 'content-type': 'application/json' }).end(JSON.stringify(content ?? { message: 'no such table' }));
      return;
    }
    if (name === `public/plugins/${ID}/module.js`) {
      response.writeHead(200, { 'content-type': 'text/javascript' }).end(shown.modules[saves % shown.modules.length]);
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
    url: () => `http://127.0.0.1:${server.address().port}/${TOKEN}/`,
    asked,
    /** Wait for a request whose path begins with `start`, at most 15 s; return the latest one. */
    async received(method, start) {
      for (const end = Date.now() + 15_000; Date.now() < end; await sleep(10)) {
        const request = asked.findLast(({ method: sent, path: name }) => sent === method && name.startsWith(start));
        if (request) {
          return request;
        }
      }
      throw new Error(`the page did not send ${method} ${start}`);
    },
    address,
    settings: () => settings,
    tell,
    /** Use another module.js, other settings and dashboards from now on; `save` sends the event. */
    change: ({ module, settings: next, dashboards: others = [] }) => {
      shown = { modules: [module], dashboards: others };
      take(next);
      saves += 1;
    },
    /** Send the events of a save, like the server of `gfplug preview`. */
    tellOfSave: (more_) => {
      tell('reload', { state: 'started' });
      tell('reload', { state: 'ready', code: true, module: address(), settings: false, dashboards: false, rules: false, milliseconds: 300, ...more_ });
    },
    /** Save the next module.js, and send the events. */
    save() {
      saves += 1;
      this.tellOfSave({});
    },
    close: () => {
      streams.forEach((timer) => clearInterval(timer));
      server.close();
      server.closeAllConnections();
    },
  };
}
