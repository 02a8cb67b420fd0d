// @ts-check
// The data source as Grafana's browser code sees it: it prepares queries, and Python answers them.
const { CustomVariableSupport, DataSourceVariableSupport } = require('@grafana/data');
const { DataSourceWithBackend, config, getTemplateSrv } = require('@grafana/runtime');
const { defaultsOf, isEmpty, put, shown, valueOf } = require('./fields');
const { editorOf, fieldsOf, own } = require('./query');
const { schema } = require('./project');
const { migrates, ofGrafana } = require('./saved');
/** @type {import('./types').Hooks} */
const hooks = require('./hooks');

/**
 * @typedef {import('./types').Query} Query
 * @typedef {import('./types').Options} Options
 * @typedef {import('@grafana/data').ScopedVars} ScopedVars
 * @typedef {import('@grafana/data').DataQueryRequest<Query>} Request
 * @typedef {import('@grafana/data').DataQueryResponse} Response
 */

/** Variables are written in the query editor; the first column of the answer holds their values.
 * @extends {DataSourceVariableSupport<DataSource, Query, Options>} */
class Variables extends DataSourceVariableSupport {}

/** Variables with their own form and Python method; the columns `text` and `value` of the answer are read separately.
 * @extends {CustomVariableSupport<DataSource, Query, Query, Options>} */
class OwnVariables extends CustomVariableSupport {
  /** @param {DataSource} datasource */
  constructor(datasource) {
    super();
    this.editor = editorOf('variable');
    this.query = (/** @type {Request} */ request) =>
      datasource.query({ ...request, targets: request.targets.map((target) => own('variable', target)) });
  }
}

/** Fill in the variables of one text. A list item that consists of one variable becomes one item for each of its values.
 * @param {string} text @param {ScopedVars} scoped @returns {string[]} */
function expand(text, scoped) {
  /** @type {unknown[] | undefined} */
  let values;
  if (/^\s*(\$\w+|\$\{\w+\})\s*$/.test(text)) {
    getTemplateSrv().replace(text, scoped, (/** @type {unknown} */ value) => {
      values = [value].flat();
      return '';
    });
  }
  return (values ?? [getTemplateSrv().replace(text, scoped)]).map(String);
}

/** Write a variable's value into SQL as Grafana's SQL data sources do: values are quoted if there are several, or if the
 * variable may have several; quotes in a value are doubled. A format, as in `${name:raw}`, takes precedence.
 * @param {unknown} value @param {{ multi?: boolean, includeAll?: boolean }} [variable] @returns {string} */
function quoteSql(value, { multi, includeAll } = {}) {
  const text = [value].flat().map((item) => `'${String(item).replace(/'/g, "''")}'`).join();
  return Array.isArray(value) || multi || includeAll ? text : text.slice(1, -1);
}

/** @param {unknown} value @param {ScopedVars} scoped @param {typeof quoteSql} [format] @returns {any} */
function interpolate(value, scoped, format) {
  if (typeof value === 'string') {
    return getTemplateSrv().replace(value, scoped, format);
  }
  if (Array.isArray(value)) {
    return value.flatMap((item) => (typeof item === 'string' ? expand(item, scoped) : [interpolate(item, scoped)]));
  }
  return value && typeof value === 'object'
    ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, interpolate(inner, scoped)]))
    : value;
}

/** Tell whether a query has a value for a field. @param {import('./types').UiField} field @param {Query} query */
function isSaved(field, query) {
  return valueOf({ ...field, default: undefined }, query) !== undefined;
}

/** @extends {DataSourceWithBackend<Query, Options>} */
class DataSource extends DataSourceWithBackend {
  /** @param {import('@grafana/data').DataSourceInstanceSettings<Options>} settings */
  constructor(settings) {
    super(settings);
    this.proxyUrl = settings.url ?? '';
    if (schema.capabilities.annotations) {
      // Annotations use the query editor; events come from the frame's columns time, timeEnd, title, text, tags.
      /** @type {import('@grafana/data').AnnotationSupport<Query>} */
      this.annotations = schema.own?.annotation
        ? { QueryEditor: /** @type {any} */ (editorOf('annotation')), prepareQuery: ({ target }) => own('annotation', target) }
        : {};
    }
    if (schema.capabilities.variables) {
      this.variables = schema.own?.variable ? new OwnVariables(this) : new Variables();
    }
    // Grafana 13 calls these methods if they exist
    for (const name of /** @type {const} */ (['getDefaultVariables', 'getDefaultLinks'])) {
      const list = hooks[name];
      if (list) {
        Object.assign(this, { [name]: async () => list(this) });
      }
    }
    if (schema.capabilities.tagKeys || schema.capabilities.tagValues) {
      require('./filters').offerFilters(this);
    }
    if (schema.query.fields.some((field) => field.remember)) {
      this.memory = require('./memory').memoryOf(this);
    }
  }

  /** @returns {Partial<Query>} */
  getDefaultQuery() {
    const defaults = defaultsOf(schema.query.fields);
    return this.memory?.fill(defaults) ?? defaults;
  }

  /** Keep the user's choices in an edit for the next new query. @param {Record<'before' | 'after', import('./types').Values>} edit */
  remember(edit) {
    this.memory?.write(edit);
  }

  /** Tell Grafana which queries to send: not hidden ones, and not incomplete ones. @param {Query} query */
  filterQuery(query) {
    const visible = shown(fieldsOf(query), (field) => valueOf(field, query));
    const isJudged = (/** @type {import('./types').UiField} */ field) => field.required && (!migrates(query) || isSaved(field, query));
    return !query.hide && visible.every((field) => !isJudged(field) || !isEmpty(valueOf(field, query)));
  }

  /** In a query that Python migrates, fill in variables in all keys, but no defaults, which may have changed since.
   * @param {Query} query @param {ScopedVars} scoped @param {import('./types').Filter[]} [filters] @returns {Query} */
  applyTemplateVariables(query, scoped, filters) {
    const filledIn = (/** @type {import('./types').UiField} */ field) => {
      const value = valueOf(field, query);
      return field.variables && value
        ? require('./values').writeValues(String(value), scoped)
        : interpolate(value, scoped, field.language?.endsWith('sql') ? quoteSql : undefined);
    };
    const fill = (/** @type {import('./types').Values} */ values, /** @type {import('./types').UiField} */ field) => put(values, field.name, filledIn(field));
    const given = migrates(query) ? { ...interpolate(query, scoped), ...ofGrafana(query) } : query;
    const more = filters?.map(({ key, operator, value, values }) => interpolate({ key, operator, value, values }, scoped));
    const adhocFilters = [...(given.adhocFilters ?? []), ...(more ?? [])];
    const filtered = schema.capabilities.tagKeys && more?.length ? { ...given, adhocFilters } : given;
    const fields = fieldsOf(query).filter((field) => !migrates(query) || isSaved(field, query));
    const filled = /** @type {Query} */ (fields.reduce(fill, filtered));
    return hooks.applyTemplateVariables?.(filled, query) ?? filled;
  }

  /** @param {Request} request @returns {import('rxjs').Observable<Response>} */
  query(request) {
    if (!hooks.query || config.publicDashboardAccessToken || request.app === 'unified-alerting') {
      return super.query(request);
    }
    return require('./hybrid').query(this, request, (rest) => super.query(rest));
  }
}

exports.DataSource = DataSource;
