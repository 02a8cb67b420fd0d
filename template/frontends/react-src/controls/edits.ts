// When an edit of a query is finished: that is when the query runs, and not at every key.
import * as React from 'react';

/** Properties of a text's input: Enter finishes an edit, and so does leaving the field. */
export function whenDone(onDone: () => void) {
  return { onBlur: onDone, onKeyDown: (event: React.KeyboardEvent) => event.key === 'Enter' && onDone() };
}

/** `edit` changes the query, `run` runs it if it was edited, `pick` does both, and `done` are the properties of an input. */
export function useEdits<Query extends object>(query: Query, onChange: (query: Query) => void, onRunQuery: () => void) {
  const isEdited = React.useRef(false);
  const edit = (change: Partial<Query>) => {
    isEdited.current = true;
    onChange({ ...query, ...change });
  };
  const run = () => {
    if (isEdited.current) {
      isEdited.current = false;
      onRunQuery();
    }
  };
  const pick = (change: Partial<Query>) => {
    edit(change);
    run();
  };
  return { edit, run, pick, done: whenDone(run) };
}
