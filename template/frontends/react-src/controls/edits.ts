// Runs a query when an edit is finished, and not for every key.
import * as React from 'react';

/** Properties of a text input: Enter finishes an edit, and so does a click elsewhere. */
export function whenDone(onDone: () => void) {
  return { onBlur: onDone, onKeyDown: (event: React.KeyboardEvent) => event.key === 'Enter' && onDone() };
}

export interface Edit<Query> {
  before: Query;
  after: Query;
}

/** `edit` changes the query, `run` runs it if it has changed, `pick` does both, and `done` are the properties of an input. */
export function useEdits<Query extends object>(
  query: Query,
  onChange: (query: Query) => void,
  onRunQuery: () => void,
  onDone: (edit: Edit<Query>) => void = () => {}
) {
  const edited = React.useRef<Edit<Query> | undefined>(undefined);
  const edit = (change: Partial<Query>) => {
    const after = { ...query, ...change };
    edited.current = { before: edited.current?.before ?? query, after };
    onChange(after);
  };
  const run = () => {
    if (edited.current) {
      onDone(edited.current);
      edited.current = undefined;
      onRunQuery();
    }
  };
  const pick = (change: Partial<Query>) => {
    edit(change);
    run();
  };
  return { edit, run, pick, done: whenDone(run) };
}
