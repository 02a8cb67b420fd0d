// The config page.
import { type DataSourcePluginOptionsEditorProps } from '@grafana/data';
import { Field, Input } from '@grafana/ui';
import * as React from 'react';
import { type Options, type Secrets } from './types';

export function ConfigEditor({ options, onOptionsChange }: DataSourcePluginOptionsEditorProps<Options, Secrets>) {
  const { jsonData, readOnly } = options;
  return (
    <Field label="Seed" description="The same seed gives the same noise" htmlFor="config-seed" disabled={readOnly}>
      <Input
        id="config-seed"
        type="number"
        width={50}
        value={jsonData.seed ?? 0}
        onChange={(event) => onOptionsChange({ ...options, jsonData: { ...jsonData, seed: event.currentTarget.valueAsNumber || 0 } })}
      />
    </Field>
  );
}
