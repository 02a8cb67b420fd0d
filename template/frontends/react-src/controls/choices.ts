// Choices from a resource of the plugin.
import { getTemplateSrv } from '@grafana/runtime';
import * as React from 'react';

export interface Option<Value> {
  value: Value;
  label: string;
  description?: string;
  group?: string;
}

interface Choices<Value> {
  options: Array<Option<Value>>;
  loading?: boolean;
  error?: string;
}

/** A resource's path with encoded values; template variables are replaced. Empty while a value is missing. */
export function path(texts: TemplateStringsArray, ...values: unknown[]): string {
  const filled = values.map((value) => getTemplateSrv().replace(String(value ?? '')));
  return filled.every(Boolean) ? texts.reduce((whole, text, at) => whole + encodeURIComponent(filled[at - 1]) + text) : '';
}

/** Make a choice from a value, or from a value with a label. */
export function option<Value>(item: Value | Option<Value>): Option<Value> {
  const given = item as Option<Value>;
  return typeof item === 'object' ? { ...given, label: given.label ?? String(given.value) } : { value: item, label: String(item) };
}

/** Load the choices of a field from the plugin, again when the path changes; the dashboard's variables are choices, too. */
export function useChoices<Value = string>(
  label: string,
  datasource: { getResource(path: string): Promise<any> },
  path: string
): Choices<Value> {
  const [choices, setChoices] = React.useState<Choices<Value>>({ options: [] });
  React.useEffect(() => {
    let isWanted = Boolean(path);
    const keep = (found: Choices<Value>) => isWanted && setChoices(found);
    if (isWanted) {
      setChoices({ options: [], loading: true });
      datasource.getResource(path).then(
        (items) => keep({ options: items.map((item: Value) => option(item)) }),
        (error) => keep({ options: [], error: `${label} could not be loaded: ${error?.data?.message ?? error?.message ?? error}` })
      );
    }
    return () => {
      isWanted = false;
    };
  }, [path, datasource]);
  const variables = getTemplateSrv()
    .getVariables()
    .map(({ name }) => ({ value: `$${name}` as Value, label: `$${name}`, group: 'Template variables' }));
  return { ...choices, options: [...choices.options, ...variables] };
}
