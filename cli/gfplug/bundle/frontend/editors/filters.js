// @ts-check
// Ad hoc filters: the plugin lists their keys and values, and Python reads them as `query.filters`.
const React = require('react');
const ui = require('@grafana/ui');
const { choice } = require('./choices');
const { schema } = require('./project');
const { strings, t } = require('./strings');

/**
 * @typedef {import('./types').Query} Query
 * @typedef {import('@grafana/data').DataSourceGetTagKeysOptions<Query>} KeysOptions
 */

const h = React.createElement;

/** Ask a resource of the plugin. Grafana shows a failure beside the filters.
 * @param {import('./datasource').DataSource} datasource @param {string} path @param {Partial<KeysOptions> & { key?: string }} [options]
 * @returns {Promise<any>} */
async function ask(datasource, path, { filters, timeRange, queries, key } = {}) {
  const body = {
    key,
    filters: filters ?? [],
    queries: (queries ?? []).map((query) => datasource.applyTemplateVariables(query, {})),
    timeRange: timeRange && { from: timeRange.from.valueOf(), to: timeRange.to.valueOf() },
  };
  try {
    const items = /** @type {unknown[]} */ (await datasource.postResource(path, body));
    return items.map(choice).map(({ label, value }) => ({ text: label, value }));
  } catch (/** @type {any} */ error) {
    return { data: [], error: { message: error?.data?.message ?? error?.message ?? String(error) } };
  }
}

/** Give a data source the methods that tell Grafana that it accepts filters. @param {import('./datasource').DataSource} datasource */
function offerFilters(datasource) {
  if (schema.capabilities.tagKeys) {
    datasource.getTagKeys = (options) => ask(datasource, 'gfplug/tag-keys', options);
  }
  if (schema.capabilities.tagValues) {
    datasource.getTagValues = (options) => ask(datasource, 'gfplug/tag-values', options);
  }
}

/** The filters in a query, such as one that was opened in Explore from a dashboard; the user can remove them.
 * @param {{ query: Query, onChange: (query: Query) => void, onRunQuery: () => void }} props */
function Filters({ query, onChange, onRunQuery }) {
  const { adhocFilters = [], ...rest } = query;
  const text = (/** @type {import('./types').Filter} */ { key, operator, value, values }) =>
    `${key} ${operator} ${operator.endsWith('|') ? values?.join(', ') : value}`;
  const remove = () => {
    onChange(rest);
    onRunQuery();
  };
  const title = t(strings.filters, { filters: adhocFilters.map(text).join('; ') });
  return adhocFilters.length > 0 ? h(ui.Alert, { severity: 'info', title, onRemove: remove }) : null;
}

module.exports = { Filters, offerFilters };
