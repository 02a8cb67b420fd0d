import { Input } from '@grafana/ui';
import * as React from 'react';
import { whenDone } from './edits';

type Props = Omit<React.ComponentPropsWithoutRef<typeof Input>, 'onBlur' | 'onChange' | 'onKeyDown' | 'value'> & {
  value: number | null | undefined;
  /** Every edit; nothing, where the text is no number. */
  onChange: (value: number | undefined) => void;
  /** The edit is finished. */
  onDone: () => void;
};

/** Keeps what is typed until the field is left: "-" and "1e" are not numbers yet. */
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
