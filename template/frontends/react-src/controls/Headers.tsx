// Custom HTTP headers: names in jsonData (httpHeaderName1, ...), values among the secrets (httpHeaderValue1, ...).
import { type DataSourceJsonData, type DataSourceSettings } from '@grafana/data';
import { InlineField, InlineFieldRow, Input, SecretInput } from '@grafana/ui';
import * as React from 'react';
import { AddButton, RemoveButton } from './buttons';

type Settings = DataSourceSettings<DataSourceJsonData & Record<string, unknown>, Record<string, string>>;

interface Props<Options extends DataSourceJsonData, Secrets> {
  label: string;
  options: DataSourceSettings<Options, Secrets>;
  onChange: (options: DataSourceSettings<Options, Secrets>) => void;
}

const NAME = 'httpHeaderName';
const VALUE = 'httpHeaderValue';

/** Count the headers: they are numbered from 1 without a gap. */
function countOf({ jsonData }: Settings): number {
  let count = 0;
  while (jsonData[`${NAME}${count + 1}`] !== undefined) {
    count += 1;
  }
  return count;
}

function named(settings: Settings, number: number, name: string): Settings {
  return { ...settings, jsonData: { ...settings.jsonData, [`${NAME}${number}`]: name } };
}

/** Replace a value; Reset sets an empty one. */
function valued(settings: Settings, number: number, value: string): Settings {
  const key = `${VALUE}${number}`;
  return {
    ...settings,
    secureJsonData: { ...settings.secureJsonData, [key]: value },
    secureJsonFields: { ...settings.secureJsonFields, [key]: false },
  };
}

/** Remove a header; the next ones move up. A stored value can't move, because browsers can't read it: the user enters it again. */
function without(settings: Settings, number: number): Settings {
  const last = countOf(settings);
  let moved = settings;
  for (let at = number; at < last; at += 1) {
    moved = named(moved, at, String(moved.jsonData[`${NAME}${at + 1}`]));
    moved = valued(moved, at, moved.secureJsonData?.[`${VALUE}${at + 1}`] ?? '');
  }
  const { [`${NAME}${last}`]: _, ...jsonData } = moved.jsonData;
  return { ...valued(moved, last, ''), jsonData };
}

export function Headers<Options extends DataSourceJsonData, Secrets>({ label, options, onChange }: Props<Options, Secrets>) {
  const settings = options as unknown as Settings;
  const change = (changed: Settings) => onChange(changed as unknown as typeof options);
  const disabled = settings.readOnly;
  const count = countOf(settings);
  const row = (number: number) => {
    const id = `gf-config-header-${number}`;
    const key = `${VALUE}${number}`;
    return (
      <InlineFieldRow key={number}>
        <InlineField label="Header" htmlFor={`${id}-name`} disabled={disabled}>
          <Input
            id={`${id}-name`}
            width={25}
            value={String(settings.jsonData[`${NAME}${number}`])}
            onChange={(event) => change(named(settings, number, event.currentTarget.value))}
          />
        </InlineField>
        <InlineField label="Value" htmlFor={`${id}-value`} disabled={disabled}>
          <SecretInput
            id={`${id}-value`}
            width={25}
            autoComplete="new-password"
            isConfigured={Boolean(settings.secureJsonFields?.[key])}
            value={settings.secureJsonData?.[key] ?? ''}
            onChange={(event) => change(valued(settings, number, event.currentTarget.value))}
            onReset={() => change(valued(settings, number, ''))}
          />
        </InlineField>
        <RemoveButton label={label} number={number} disabled={disabled} onClick={() => change(without(settings, number))} />
      </InlineFieldRow>
    );
  };
  return (
    <div role="group" aria-label={label}>
      {Array.from({ length: count }, (_, at) => row(at + 1))}
      <AddButton id="gf-config-header-add" label={label} disabled={disabled} onClick={() => change(named(settings, count + 1, ''))} />
    </div>
  );
}
