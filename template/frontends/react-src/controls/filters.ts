// Ad hoc filters: the plugin lists their keys and values, and Python reads them as `query.filters`.
import { type AdHocVariableFilter, type ScopedVars, type TimeRange } from '@grafana/data';
import { type DataQuery } from '@grafana/schema';
import { option } from './choices';
import { interpolate } from './variables';

export interface Filter {
  key: string;
  operator: string;
  value: string;
  values?: string[];
}

export interface FilteredQuery extends DataQuery {
  adhocFilters?: Filter[];
}

/** Add the dashboard's filters after the query's own; variables in them are replaced. */
export function filtered<Query extends FilteredQuery>(query: Query, scoped: ScopedVars, filters: AdHocVariableFilter[] = []): Query {
  const more = filters.map(({ key, operator, value, values }: Filter) => interpolate({ key, operator, value, values }, scoped));
  return more.length > 0 ? { ...query, adhocFilters: [...(query.adhocFilters ?? []), ...more] } : query;
}

interface TagSource<Query> {
  applyTemplateVariables(query: Query, scoped: ScopedVars): Query;
  postResource(path: string, body: object): Promise<any>;
}

interface TagOptions<Query> {
  key?: string;
  filters?: AdHocVariableFilter[];
  queries?: Query[];
  timeRange?: TimeRange;
}

/** Load keys or values from the plugin. If that fails, return the error: Grafana shows it beside the filters. */
export async function listTags<Query>(
  datasource: TagSource<Query>,
  path: 'gfplug/tag-keys' | 'gfplug/tag-values',
  { key, filters = [], queries = [], timeRange }: TagOptions<Query> = {}
): Promise<any> {
  const body = {
    key,
    filters,
    queries: queries.map((query) => datasource.applyTemplateVariables(query, {})),
    timeRange: timeRange && { from: timeRange.from.valueOf(), to: timeRange.to.valueOf() },
  };
  try {
    const items: string[] = await datasource.postResource(path, body);
    return items.map((item) => option(item)).map(({ label, value }) => ({ text: label, value }));
  } catch (error: any) {
    return { data: [], error: { message: error?.data?.message ?? error?.message ?? String(error) } };
  }
}
