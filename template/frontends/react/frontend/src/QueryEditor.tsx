// The query editor, for panels, alert rules, annotations and variables alike.
import { type QueryEditorProps } from '@grafana/data';
import { Combobox, InlineField, Input } from '@grafana/ui';
import * as React from 'react';
import { type DataSource } from './datasource';
import { defaults, type Options, type Query, signals } from './types';

// The limits are those of `Ui` in src/plugin/datasource.py, where Python holds them.
const NUMBERS = [
  { name: 'period', label: 'Period', min: 1 },
  { name: 'amplitude', label: 'Amplitude' },
  { name: 'series', label: 'Series', min: 1, max: 100 },
] as const;

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
      {NUMBERS.map(({ name, label, ...limits }) => (
        <InlineField key={name} label={label} labelWidth={12} htmlFor={id(name)}>
          <Input
            id={id(name)}
            type="number"
            {...limits}
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
