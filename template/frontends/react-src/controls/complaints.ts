// What is wrong on the config page: told beside a field once it was left, and to Grafana 13 before it saves.
import * as React from 'react';
import { whenDone } from './edits';

interface Validation {
  registerValidation(validate: () => boolean): () => void;
  setError(name: string, message: string): void;
  clearError(name: string): void;
}

/** `complaint` and `done` are properties of a field and its input; `leave` says that a field was left. */
export function useComplaints(problems: Record<string, string | undefined>, props: { options: object }) {
  const [left, setLeft] = React.useState<Record<string, boolean>>({});
  const validation = (props as { options: object; validation?: Validation }).validation; // Grafana 13: what it refuses is not saved
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
