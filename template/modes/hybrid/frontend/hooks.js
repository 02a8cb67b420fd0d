// @ts-check
// Answers the panels' queries in the browser, through Grafana's data source proxy. Each of the `routes` in plugin.json is a path
// that the browser may request; Grafana adds the secrets that the route names. Alert rules, expressions and public dashboards
// never pass through a browser: src/plugin/datasource.py answers them. tests/test_parity.py checks that the frames are the same.

/**
 * @typedef {Record<string, any>} Row
 *
 * @typedef {object} Context
 * @property {Record<string, any>} request Grafana's DataQueryRequest
 * @property {number} from in milliseconds since 1970
 * @property {number} to in milliseconds since 1970
 * @property {(path: string, init?: { method?: string, params?: Record<string, unknown>, data?: unknown }) => Promise<any>} fetch
 */

/** Answer a query; if it returns `undefined`, Python answers. @param {Record<string, any>} query @param {Context} context */
exports.query = (query, { request, from, to, fetch }) => {
  const path = String(query.path).replace(/^\/+/, '');
  if (path !== 'sales') {
    return undefined; // plugin.json has no route for it
  }
  const step = Math.max(request.intervalMs, (to - from) / Math.max(request.maxDataPoints ?? 1, 1), 1000) / 1000;
  const params = { from: new Date(from).toISOString(), to: new Date(to).toISOString(), step: round(step) };
  return fetch(path, { params }).then((rows) => toFrames(rows, String(query.time), String(query.value)));
};

/** Round as Python does: a half goes to the even number. @param {number} value */
function round(value) {
  return value % 1 === 0.5 ? 2 * Math.round(value / 2) : Math.round(value);
}

/** Turn `[{ time, region: 'north', value: 1.5 }, …]` into one frame per series; texts become labels.
 * @param {Row[]} rows @param {string} time @param {string} value */
function toFrames(rows, time, value) {
  /** @type {Map<string, Array<{ at: number, is: number | null }>>} */
  const series = new Map();
  for (const row of rows) {
    const texts = Object.entries(row).filter(([key, text]) => key !== time && typeof text === 'string');
    const labels = JSON.stringify(texts.sort());
    const points = series.get(labels) ?? [];
    points.push({ at: milliseconds(row[time]), is: row[value] === null ? null : Number(row[value]) });
    series.set(labels, points);
  }
  return [...series.keys()].sort().map((labels) => {
    const points = (series.get(labels) ?? []).sort((one, other) => one.at - other.at); // Grafana wants times in order
    return {
      fields: [
        { name: 'time', type: 'time', values: points.map(({ at }) => at) },
        { name: 'value', type: 'number', labels: Object.fromEntries(JSON.parse(labels)), values: points.map(({ is }) => is) },
      ],
    };
  });
}

/** Read a time; one without a zone is UTC. @param {string} text */
function milliseconds(text) {
  return Date.parse(/[Zz]$|[+-]\d\d:?\d\d$/.test(text) ? text : `${text}Z`);
}
