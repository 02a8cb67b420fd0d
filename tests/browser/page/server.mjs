// Serve the page, the plugin as Grafana would, and the two parts of Grafana's API that the plugin asks.
import fs from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';

const TYPES = { '.css': 'text/css', '.html': 'text/html', '.js': 'text/javascript', '.svg': 'image/svg+xml', '.ttf': 'font/ttf' };
const POLICY = [
  "default-src 'self'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
].join('; ');

/** Answer a query with a frame that says which table was asked for, or the error it asks for. */
function answer({ refId, table }) {
  if (table === 'broken') {
    return { status: 400, error: 'no such table: broken' };
  }
  const fields = [{ name: 'time', type: 'time' }, { name: 'value', type: 'number' }];
  const meta = table === 'live' ? { channel: 'ds/u1/ticks' } : undefined;
  return { status: 200, frames: [{ schema: { refId, name: table, fields, meta }, data: { values: [[1000, 2000], [1.5, 2.5]] } }] };
}

/** Answer what an old query, or old options, are today; seconds that are none can't be migrated, and `slow` takes its time. */
async function migrate({ query, options }) {
  if (options) {
    const { server, ...others } = options;
    return { options: server === undefined ? others : { host: server, ...others } };
  }
  const { seconds, list, ...others } = query;
  await new Promise((resolve) => setTimeout(resolve, query.table === 'slow' ? 1000 : 0));
  if (list !== undefined) {
    return { query: { ...others, of: list } };
  }
  if (seconds === undefined) {
    return { query };
  }
  return seconds % 60 === 0 ? { query: { ...others, minutes: seconds / 60, version: 2 } } : undefined;
}

/** Answer what the plugin asks of Grafana's API; choices come from a resource, and one of them fails. */
function reply({ pathname, search }, body) {
  if (pathname.endsWith('/gfplug/migrate')) {
    return migrate(body);
  }
  if (pathname.endsWith('/health')) {
    return { status: 'OK', message: 'Connected' };
  }
  if (pathname.endsWith('/resources/tables')) {
    return ['orders', { value: 'sales', label: 'Sales', description: 'per day' }];
  }
  if (pathname.endsWith('/resources/columns')) {
    return search.includes('sales') ? ['region', 'amount'] : undefined;
  }
  if (pathname.endsWith('/resources/gfplug/tag-keys')) {
    return ['region', { value: 'product', label: 'Product' }];
  }
  return { results: Object.fromEntries(body.queries.map((query) => [query.refId, answer(query)])) };
}

/** Start on a free port of this machine; `asked` collects what reached the API. `plugins` are files by plugin id. */
export async function serve({ plugins, modules, bundle }) {
  const asked = [];
  const roots = {
    '/bundle/': bundle,
    '/modules/': modules,
    '/public/build/img/': path.join(modules, '@grafana/ui/dist/public/img'), // Grafana 13
    '/public/img/': path.join(modules, '@grafana/ui/dist/public/img'), // Grafana 11
  };
  const locate = (name) => {
    const [, id] = /^\/public\/plugins\/([\w-]+)\/module\.js$/.exec(name) ?? [];
    if (id) {
      return plugins[id];
    }
    const [prefix, root] = Object.entries(roots).find(([each]) => name.startsWith(each)) ?? ['/', import.meta.dirname];
    return path.join(root, name === '/' ? 'index.html' : name.slice(prefix.length));
  };
  const server = http.createServer(async (request, response) => {
    const url = new URL(request.url, 'http://localhost');
    const chunks = await request.toArray();
    if (url.pathname.startsWith('/api/')) {
      const body = chunks.length ? JSON.parse(Buffer.concat(chunks)) : undefined;
      asked.push({ method: request.method, path: url.pathname, body });
      const said = await reply(url, body);
      const missing = { message: 'no such table' };
      response.writeHead(said ? 200 : 404, { 'content-type': 'application/json' }).end(JSON.stringify(said ?? missing));
      return;
    }
    const file = locate(url.pathname);
    try {
      const content = await fs.readFile(file);
      response.setHeader('content-type', TYPES[path.extname(file)] ?? 'application/octet-stream');
      response.setHeader('cache-control', 'max-age=3600'); // the next page of the same run need not load it all again
      if (url.searchParams.has('strict')) {
        response.setHeader('content-security-policy', POLICY);
      }
      response.writeHead(200).end(content);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, asked, close: () => server.close() || server.closeAllConnections() };
}
