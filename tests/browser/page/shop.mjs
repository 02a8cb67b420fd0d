// The answers of a fictional shop, for the tests of the preview's page. A query's `table` selects the answer: sales, one, logs, graph,
// noticed, broken, hostile, live, none. Annotations of a severity above 5 have texts as times.
import { UID } from './preview_server.mjs';

export const HOSTILE = `<img src=x onerror="window.hurt='html'"><script>window.hurt='script'</script>[x](javascript:window.hurt=1) \${__x} \u202ereversed`;
export const LINK = "javascript:window.hurt='link'";
const OWN = `api/datasources/proxy/uid/${UID}/x.html`; // the link of an upstream's page, which would get the token with the address
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
  oddEvents: () => [{ fields: [text('time'), text('text')], values: [['soon', null], ['deploy', HOSTILE]] }],
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

/** Answer one query like Grafana. */
function answer(query) {
  const { refId, queryType, table } = query;
  const kind = queryType === 'variable' ? 'texts' : queryType === 'annotation' ? (query.severity > 5 ? 'oddEvents' : 'events') : table;
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

/** The answers of the plugin's resources and of gfplug's other routes. */
const routes = {
  'POST preview/alerts': () => ({ ...ALERTS, at: Date.now() }),
  'POST preview/settings/write': () => ({ file: 'provisioning/datasources/datasource.yaml', diff: `-  timeout: 12\n+  timeout: 30`, secrets: [{ key: 'token', variable: 'SALES_TOKEN' }] }),
  'GET health': (_body, { settings }) => (settings.jsonData.timeout > 100 ? { status: 'ERROR', message: 'too slow', details: { verboseMessage: 'seen after 100 s' } } : { status: 'OK', message: 'Connected' }),
  'GET resources/tables': () => ['sales', 'orders', 'broken'],
  'POST resources/gfplug/tag-keys': () => ['region'],
  'POST resources/gfplug/tag-values': () => ['north', HOSTILE],
};

/** The parts of the shop that the fake server needs. */
export const shop = { settings: { jsonData: { timeout: 12 } }, rules: RULES, log: ['Serving', HOSTILE], answer, routes };
