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
  return { status: 200, frames: [{ schema: { refId, name: table, fields }, data: { values: [[1000, 2000], [1.5, 2.5]] } }] };
}

/** Start on a free port of this machine; `asked` collects what reached the API. */
export async function serve({ module, modules, bundle }) {
  const asked = [];
  const roots = {
    '/bundle/': bundle,
    '/modules/': modules,
    '/public/build/img/': path.join(modules, '@grafana/ui/dist/public/img'), // Grafana 13
    '/public/img/': path.join(modules, '@grafana/ui/dist/public/img'), // Grafana 11
  };
  const locate = (name) => {
    if (name === '/public/plugins/acme-sales-datasource/module.js') {
      return module;
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
      const reply = url.pathname.endsWith('/health')
        ? { status: 'OK', message: 'Connected' }
        : { results: Object.fromEntries(body.queries.map((query) => [query.refId, answer(query)])) };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(reply));
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
