// The query editor, for panels, alert rules, annotations and variables alike.
import { type QueryEditorProps } from '@grafana/data';
import { InlineField, Input } from '@grafana/ui';
import * as React from 'react';
import { type DataSource } from './datasource';
import { defaults, type Options, type Query } from './types';

const LABELS = { path: 'Path', time: 'Time', value: 'Value' } as const;

export function QueryEditor({ query, onChange, onRunQuery }: QueryEditorProps<DataSource, Query, Options>) {
  const id = (name: string) => `query-${query.refId}-${name}`;
  return (
    <div data-testid="gf-query-editor">
      {(Object.keys(LABELS) as Array<keyof typeof LABELS>).map((name) => (
        <InlineField key={name} label={LABELS[name]} labelWidth={12} htmlFor={id(name)}>
          <Input
            id={id(name)}
            width={40}
            value={query[name] ?? defaults[name]}
            onChange={(event) => onChange({ ...query, [name]: event.currentTarget.value })}
            onBlur={onRunQuery}
          />
        </InlineField>
      ))}
    </div>
  );
}
