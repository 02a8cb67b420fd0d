import { InlineFieldRow, InlineLabel } from '@grafana/ui';
import * as React from 'react';
import { AddButton, RemoveButton } from './buttons';
import { whenDone } from './edits';

/** The properties for the fields of one row; `edit`, `run`, `pick` and `done` work as in `useEdits`. */
export interface RowProps<Row> {
  stored: Row;
  id: (name: string) => string;
  disabled?: boolean;
  edit: (change: Partial<Row>) => void;
  run: () => void;
  pick: (change: Partial<Row>) => void;
  done: ReturnType<typeof whenDone>;
}

interface Props<Row> {
  id: string;
  label: string;
  help?: string;
  rows: Row[];
  newRow: Row;
  disabled?: boolean;
  onChange: (rows: Row[]) => void;
  /** Called when an edit is finished. */
  onDone?: () => void;
  children: (row: RowProps<Row>) => React.ReactNode;
}

/** Rows that can be added and removed; `children` draws the fields of one. */
export function Rows<Row extends object>({ id, label, help, rows, newRow, disabled, onChange, onDone = () => {}, children }: Props<Row>) {
  const replace = (at: number, ...others: Row[]) => onChange([...rows.slice(0, at), ...others, ...rows.slice(at + 1)]);
  const draw = (stored: Row, at: number) => {
    const edit = (change: Partial<Row>) => replace(at, { ...stored, ...change });
    const pick = (change: Partial<Row>) => {
      edit(change);
      onDone();
    };
    const remove = () => {
      replace(at);
      onDone();
    };
    return (
      <InlineFieldRow key={at}>
        {children({ stored, id: (name) => `${id}-${at}-${name}`, disabled, edit, run: onDone, pick, done: whenDone(onDone) })}
        <RemoveButton label={label} number={at + 1} disabled={disabled} onClick={remove} />
      </InlineFieldRow>
    );
  };
  const add = () => {
    onChange([...rows, newRow]);
    onDone();
  };
  return (
    <div role="group" aria-label={label} style={{ marginBottom: 8 }}>
      <InlineLabel width={Math.max(12, label.length + 4)} tooltip={help}>
        {label}
      </InlineLabel>
      {rows.map(draw)}
      <AddButton id={`${id}-add`} label={label} disabled={disabled} onClick={add} />
    </div>
  );
}
