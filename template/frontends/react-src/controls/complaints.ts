// Shows errors on the config page: beside a field after it loses focus, and for Grafana 13 before it saves.
import * as React from 'react';
import { whenDone } from './edits';

interface Validation {
  registerValidation(validate: () => boolean): () => void;
  setError(name: string, message: string): void;
  clearError(name: string): void;
}

/** `complaint` and `done` return properties of a field and its input; call `leave` when a field loses focus. */
export function useComplaints(problems: Record<string, string | undefined>, props: { options: object }) {
  const [left, setLeft] = React.useState<Record<string, boolean>>({});
  const validation = (props as { options: object; validation?: Validation }).validation; // Grafana 13 does not save invalid options
  React.useEffect(
    () =>
      validation?.registerValidation(() => {
        const entries = Object.entries(problems);
        setLeft(Object.fromEntries(entries.map(([name]) => [name, true])));
        entries.forEach(([name, message]) => (message ? validation.setError(name, message) : validation.clearError(name)));
        return entries.every(([, message]) => !message);
      }),
    [validation, props.options]
  );
  const leave = (name: string) => setLeft({ ...left, [name]: true });
  return {
    leave,
    complaint: (name: string) => (left[name] && problems[name] ? { invalid: true, error: problems[name] } : {}),
    done: (name: string) => whenDone(() => leave(name)),
  };
}
