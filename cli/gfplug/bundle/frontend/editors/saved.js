// @ts-check
// Queries as they were saved: which of them Python migrates, and what in them is Grafana's.
const { schema } = require('./project');

/** @typedef {import('./types').Values} Values */

const OF_GRAFANA = ['refId', 'hide', 'key', 'datasource', 'datasourceId', 'queryType', 'intervalMs', 'maxDataPoints', 'timeRange', 'resultAssertions', 'queryCachingTTL'];

/** Tell whether Python migrates queries of this kind. @param {{ queryType?: string }} query */
function migrates({ queryType }) {
  const own = queryType === 'variable' || queryType === 'annotation' ? schema.own?.[queryType] : undefined;
  return Boolean((own ?? schema.query).migrates);
}

/** What Grafana itself keeps in a query. @param {Values} query @returns {Values} */
function ofGrafana(query) {
  return Object.fromEntries(OF_GRAFANA.filter((key) => key in query).map((key) => [key, query[key]]));
}

/** Whether Python migrates queries of any kind. */
const migratesSome = [schema.query, ...Object.values(schema.own ?? {})].some((form) => form.migrates);

module.exports = { OF_GRAFANA, migrates, migratesSome, ofGrafana };
