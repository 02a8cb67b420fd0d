import { Alert } from '@grafana/ui';
import * as React from 'react';
import { type Filter, type FilteredQuery } from './filters';

interface Props<Query> {
  query: Query;
  onChange: (query: Query) => void;
  onRunQuery: () => void;
}

function text({ key, operator, value, values }: Filter): string {
  return `${key} ${operator} ${operator.endsWith('|') ? values?.join(', ') : value}`;
}

/** Shows the filters in a query, such as one that was opened in Explore from a dashboard; a button removes them. */
export function AdHocFilters<Query extends FilteredQuery>({ query, onChange, onRunQuery }: Props<Query>) {
  const { adhocFilters = [], ...rest } = query;
  const remove = () => {
    onChange(rest as Query);
    onRunQuery();
  };
  const title = `Filtered by ${adhocFilters.map(text).join('; ')}`;
  return adhocFilters.length > 0 ? <Alert severity="info" title={title} onRemove={remove} /> : null;
}
