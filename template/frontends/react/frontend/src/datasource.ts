// The data source as Grafana's browser code sees it: it prepares queries, and Python answers them.
import { type DataSourceInstanceSettings, DataSourceVariableSupport, type ScopedVars } from '@grafana/data';
import { DataSourceWithBackend, getTemplateSrv } from '@grafana/runtime';
import { defaults, type Options, type Query } from './types';

class Variables extends DataSourceVariableSupport<DataSource, Query, Options> {}

export class DataSource extends DataSourceWithBackend<Query, Options> {
  constructor(settings: DataSourceInstanceSettings<Options>) {
    super(settings);
    this.annotations = {}; // the query editor, and events from the frame's columns time, timeEnd, title, text, tags
    this.variables = new Variables(); // the query editor; the first column of the answer holds the values
  }

  getDefaultQuery(): Partial<Query> {
    return defaults;
  }

  filterQuery(query: Query): boolean {
    return !query.hide;
  }

  /** Fill in the template variables of every text. Python knows the defaults; here they would make an old query one of today. */
  applyTemplateVariables(query: Query, scoped: ScopedVars): Query {
    const fill = (value: unknown) => (typeof value === 'string' ? getTemplateSrv().replace(value, scoped) : value);
    const filled = Object.entries(query).map(([key, value]) => [key, key === 'refId' ? value : fill(value)]);
    return Object.fromEntries(filled);
  }
}
