import * as React from 'react';

/** A group of fields with a heading. */
export function Section({ label, children }: { label: string; children: React.ReactNode }) {
  return (
    <fieldset>
      <legend style={{ fontSize: 'inherit', fontWeight: 500, marginBottom: 4 }}>{label}</legend>
      {children}
    </fieldset>
  );
}
