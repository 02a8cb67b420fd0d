// The parts of provisioned dashboards for the data source: panels with queries, variables, annotations, time range.

/** The objects of a list; the dashboard file may contain any values. */
const listOf = (value) => (Array.isArray(value) ? value.filter((item) => typeof item === 'object' && item !== null) : []);

/** Panels of all dashboards with queries for this data source, also those inside rows.
 * @returns {{ key: string, title: string, dashboard: object, panel: object }[]} */
export function panelsOf(dashboards, settings) {
  return dashboards.flatMap(({ file, dashboard }) =>
    listOf(dashboard.panels)
      .flatMap((panel) => [panel, ...listOf(panel.panels)])
      .filter((panel) => targetsOf(panel, settings).length > 0)
      .map((panel) => ({
        key: `${file}#${panel.id}`,
        title: `${dashboard.title ?? file} / ${panel.title || `panel ${panel.id}`}`,
        dashboard,
        panel,
      }))
  );
}

function isOurs(reference, settings) {
  const [type, uid] = typeof reference === 'object' && reference !== null ? [reference.type, reference.uid] : [undefined, reference];
  return type === settings.type || [undefined, null, settings.uid, settings.name].includes(uid) || /^\$/.test(uid);
}

function targetsOf({ targets, datasource }, settings) {
  return listOf(targets).filter((target) => isOurs(target.datasource ?? datasource, settings));
}

/** Return a refId that none of the queries has. */
export function freeRefId(queries) {
  for (let index = 0; ; index += 1) {
    const name = index < 26 ? String.fromCharCode(65 + index) : `Q${index}`;
    if (!queries.some(({ refId }) => refId === name)) {
      return name;
    }
  }
}

/** Give each query a unique refId: the page identifies queries by it. */
export function withRefIds(queries) {
  return queries.reduce((list, query) => {
    const isFree = typeof query.refId === 'string' && query.refId && !list.some(({ refId }) => refId === query.refId);
    return [...list, isFree ? query : { ...query, refId: freeRefId([...list, ...queries]) }];
  }, []);
}

/** The visualisation of this page for each type of Grafana's panels. */
const VIEWS = {
  timeseries: 'timeseries',
  graph: 'timeseries',
  barchart: 'timeseries',
  table: 'table',
  stat: 'stat',
  gauge: 'stat',
  bargauge: 'stat',
  logs: 'logs',
};

/** The state of the page for a panel that is opened. */
export function openPanel({ key, panel, dashboard }, settings) {
  return {
    panel: key,
    title: panel.title ?? '',
    queries: withRefIds(targetsOf(panel, settings)),
    view: VIEWS[panel.type] ?? 'auto',
    fieldConfig: panel.fieldConfig ?? { defaults: {}, overrides: [] },
    minInterval: panel.interval,
    time: dashboard.time ?? { from: 'now-6h', to: 'now' },
    refresh: /^\d+(ms|[smhdw])$/.test(dashboard.refresh) ? dashboard.refresh : '',
    variables: listOf(dashboard.templating?.list)
      .filter(({ type }) => type !== 'adhoc')
      .map((variable) => ({ ...variable, options: listOf(variable.options) })),
    filters: listOf(dashboard.templating?.list)
      .filter(({ type }) => type === 'adhoc')
      .flatMap(({ filters }) => listOf(filters)),
    annotations: listOf(dashboard.annotations?.list).filter((annotation) => !annotation.builtIn && isOurs(annotation.datasource, settings)),
  };
}

/** The state of the page if no dashboard has a panel for the data source. */
export const EMPTY = {
  panel: '',
  title: '',
  queries: [],
  view: 'auto',
  fieldConfig: { defaults: {}, overrides: [] },
  minInterval: undefined,
  time: { from: 'now-1h', to: 'now' },
  refresh: '',
  variables: [],
  filters: [],
  annotations: [],
};
