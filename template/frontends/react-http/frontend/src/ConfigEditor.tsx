// The config page: the URL is the data source's own, the token goes among the secrets, the rest to jsonData.
import { type DataSourcePluginOptionsEditorProps } from '@grafana/data';
import { Field, Input, SecretInput } from '@grafana/ui';
import * as React from 'react';
import { type Options, type Secrets } from './types';

export function ConfigEditor({ options, onOptionsChange }: DataSourcePluginOptionsEditorProps<Options, Secrets>) {
  const { jsonData, readOnly, secureJsonData, secureJsonFields, url } = options;
  const forget = () =>
    onOptionsChange({ ...options, secureJsonFields: { ...secureJsonFields, token: false }, secureJsonData: { ...secureJsonData, token: '' } });
  return (
    <>
      <Field label="URL" htmlFor="config-url" required disabled={readOnly}>
        <Input
          id="config-url"
          width={50}
          placeholder="http://localhost:8000"
          value={url}
          onChange={(event) => onOptionsChange({ ...options, url: event.currentTarget.value })}
        />
      </Field>
      <Field label="Token" description="Sent as Authorization: Bearer …" htmlFor="config-token" disabled={readOnly}>
        <SecretInput
          id="config-token"
          width={50}
          isConfigured={Boolean(secureJsonFields?.token)}
          value={secureJsonData?.token ?? ''}
          onReset={forget}
          onChange={(event) => onOptionsChange({ ...options, secureJsonData: { ...secureJsonData, token: event.currentTarget.value } })}
        />
      </Field>
      <Field label="Timeout" description="Seconds to wait for the API" htmlFor="config-timeout" disabled={readOnly}>
        <Input
          id="config-timeout"
          type="number"
          min={1}
          width={50}
          value={jsonData.timeout ?? 10}
          onChange={(event) => onOptionsChange({ ...options, jsonData: { ...jsonData, timeout: event.currentTarget.valueAsNumber || 10 } })}
        />
      </Field>
    </>
  );
}
