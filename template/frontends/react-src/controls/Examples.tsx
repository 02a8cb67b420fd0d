import { type QueryEditorHelpProps } from '@grafana/data';
import { type DataQuery } from '@grafana/schema';
import { Button } from '@grafana/ui';
import * as React from 'react';

export interface Example<Model> {
  name: string;
  description?: string;
  /** A value for each field; a click makes it the query. */
  model: Model;
}

interface Props<Query extends DataQuery, Model extends object> extends QueryEditorHelpProps<Query> {
  examples: Array<Example<Model>>;
}

/** Example queries: a button for each, with its description. */
export function Examples<Query extends DataQuery, Model extends object>({ examples, query, onClickExample }: Props<Query, Model>) {
  const { refId, datasource } = query;
  return (
    <ul data-testid="gf-examples">
      {examples.map(({ name, description, model }) => (
        <li key={name} style={{ listStyle: 'none', marginBottom: 8 }}>
          <Button variant="secondary" size="sm" onClick={() => onClickExample({ refId, datasource, ...model } as DataQuery as Query)}>
            {name}
          </Button>
          {description && <div>{description}</div>}
        </li>
      ))}
    </ul>
  );
}
