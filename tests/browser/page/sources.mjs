// The answers of row_source.py and of the other data sources beside it, equal to those of their Python code.

/** Release the answers to queries of a slow table. */
export let release = () => {};
let released = Promise.resolve();

/** From now on, an answer about a slow table waits for `release`. */
export const hold = () => {
  released = new Promise((resolve) => {
    release = resolve;
  });
};

/** Migrate an old query, or old options; invalid seconds can't be migrated. */
async function migrate({ query, options }) {
  if (options) {
    const { server, ...others } = options;
    return { options: server === undefined ? others : { host: server, ...others } };
  }
  const { seconds, list, ...others } = query;
  if (query.table === 'slow') {
    await released;
  }
  if (list !== undefined) {
    return { query: { ...others, of: list } };
  }
  if (seconds === undefined) {
    return { query };
  }
  return seconds % 60 === 0 ? { query: { ...others, minutes: seconds / 60, version: 2 } } : undefined;
}

/** Answer a query with a frame that names its table, or with the error that the query requests. */
function answer({ refId, table, queryType, of }) {
  if (table === 'broken') {
    return { status: 400, error: 'no such table: broken' };
  }
  const fields = queryType === 'variable' ? [{ name: 'text', type: 'string' }] : [{ name: 'time', type: 'time' }, { name: 'value', type: 'number' }];
  const values = queryType === 'variable' ? [[String(of)]] : [[1000, 2000], [1.5, 2.5]];
  const meta = table === 'live' ? { channel: 'ds/gfplug/ticks' } : undefined;
  return { status: 200, frames: [{ schema: { refId, name: table, fields, meta }, data: { values } }] };
}

/** Choices come from resources; those of columns fail except for one table. */
const routes = {
  'POST resources/gfplug/migrate': migrate,
  'GET resources/tables': () => ['orders', { value: 'sales', label: 'Sales', description: 'per day' }],
  'GET resources/columns': (_body, { url }) => (url.search.includes('sales') ? ['region', 'amount'] : undefined),
  'POST resources/gfplug/tag-keys': () => ['region', { value: 'product', label: 'Product' }],
  'POST resources/gfplug/tag-values': () => ['eu'],
};

export const sources = { answer, routes };
