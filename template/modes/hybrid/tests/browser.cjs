// Run frontend/hooks.js as the browser does: it reads a JSON object from stdin, and writes the frames as JSON to stdout. `fetch`
// replaces Grafana's data source proxy, which adds the token that the route in plugin.json names.
const { query } = require('../frontend/hooks.js');

const { url, token, model, from, to, intervalMs, maxDataPoints } = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));

async function ask(path, { params = {} } = {}) {
  const headers = { Authorization: `Bearer ${token}` };
  const answer = await fetch(`${url}/${path}?${new URLSearchParams(params)}`, { headers });
  if (!answer.ok) {
    throw new Error(`${path} answered ${answer.status}`);
  }
  return answer.json();
}

Promise.resolve(query({ refId: 'A', ...model }, { from, to, request: { intervalMs, maxDataPoints }, fetch: ask })).then(
  (frames) => process.stdout.write(JSON.stringify(frames ?? null)),
  (error) => { process.stderr.write(`${error}\n`); process.exitCode = 1; }
);
