import { Input } from '@grafana/ui';
import * as React from 'react';
import { whenDone } from './edits';

type Props = Omit<React.ComponentPropsWithoutRef<typeof Input>, 'onBlur' | 'onChange' | 'onKeyDown' | 'value'> & {
  value: number | null | undefined;
  /** Called for every edit; with undefined if the text is not a number. */
  onChange: (value: number | undefined) => void;
  /** Called when the edit is finished. */
  onDone: () => void;
};

/** Keeps the text until the field loses focus: "-" and "1e" are not numbers yet. */
export function NumberInput({ value, onChange, onDone, ...rest }: Props) {
  const [draft, setDraft] = React.useState<string>();
  const { onBlur, onKeyDown } = whenDone(onDone);
  return (
    <Input
      step="any"
      {...rest}
      type="number"
      value={draft ?? value ?? ''}
      onChange={(event) => {
        const number = Number.parseFloat(event.currentTarget.value);
        setDraft(event.currentTarget.value);
        onChange(Number.isFinite(number) ? number : undefined);
      }}
      onBlur={() => {
        setDraft(undefined);
        onBlur();
      }}
      onKeyDown={onKeyDown}
    />
  );
}
