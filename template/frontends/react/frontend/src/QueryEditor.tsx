// The query editor, for panels, alert rules, annotations and variables alike.
import { type QueryEditorProps } from '@grafana/data';
import { Combobox, InlineField, Input } from '@grafana/ui';
import * as React from 'react';
import { type DataSource } from './datasource';
import { defaults, type Options, type Query, signals } from './types';

const NUMBERS = { period: 'Period', amplitude: 'Amplitude', series: 'Series' } as const;

export function QueryEditor({ query, onChange, onRunQuery }: QueryEditorProps<DataSource, Query, Options>) {
  const shown = { ...defaults, ...query };
  const id = (name: string) => `query-${query.refId}-${name}`;
  return (
    <div data-testid="gf-query-editor">
      <InlineField label="Signal" labelWidth={12} htmlFor={id('signal')}>
        <Combobox
          id={id('signal')}
          width={40}
          value={shown.signal}
          options={signals.map((value) => ({ value, label: value }))}
          onChange={({ value }) => {
            onChange({ ...query, signal: value });
            onRunQuery();
          }}
        />
      </InlineField>
      {(Object.keys(NUMBERS) as Array<keyof typeof NUMBERS>).map((name) => (
        <InlineField key={name} label={NUMBERS[name]} labelWidth={12} htmlFor={id(name)}>
          <Input
            id={id(name)}
            type="number"
            width={40}
            value={shown[name]}
            onChange={(event) => onChange({ ...query, [name]: event.currentTarget.valueAsNumber || defaults[name] })}
            onBlur={onRunQuery}
          />
        </InlineField>
      ))}
    </div>
  );
}
