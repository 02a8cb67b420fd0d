import { Alert } from '@grafana/ui';
import * as React from 'react';

/** Warns the author of an alert rule if the query uses template variables, which alert rules do not support. */
export function NoVariables({ app, model }: { app?: string; model: object }) {
  const names = app === 'unified-alerting' ? (JSON.stringify(model).match(/\$(?:[A-Za-z_]\w*|\{[A-Za-z_][\w.:]*\})/g) ?? []) : [];
  const title = `Alert rules know no template variables: ${[...new Set(names)].join(', ')} is sent as it is.`;
  return names.length > 0 ? <Alert severity="info" title={title} /> : null;
}
