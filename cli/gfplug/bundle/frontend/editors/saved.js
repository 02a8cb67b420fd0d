// @ts-check
// Saved queries: which of them Python migrates, and which keys are Grafana's.
const { schema } = require('./project');

/** @typedef {import('./types').Values} Values */

const OF_GRAFANA = ['refId', 'hide', 'key', 'datasource', 'datasourceId', 'queryType', 'intervalMs', 'maxDataPoints', 'timeRange', 'resultAssertions', 'queryCachingTTL'];

/** Tell whether Python migrates queries of this kind. @param {{ queryType?: string }} query */
function migrates({ queryType }) {
  const own = queryType === 'variable' || queryType === 'annotation' ? schema.own?.[queryType] : undefined;
  return Boolean((own ?? schema.query).migrates);
}

/** The keys of a query that Grafana itself uses. @param {Values} query @returns {Values} */
function ofGrafana(query) {
  return Object.fromEntries(OF_GRAFANA.filter((key) => key in query).map((key) => [key, query[key]]));
}

/** Whether Python migrates queries of any kind. */
const migratesSome = [schema.query, ...Object.values(schema.own ?? {})].some((form) => form.migrates);

module.exports = { OF_GRAFANA, migrates, migratesSome, ofGrafana };
