import { Button } from '@grafana/ui';
import * as React from 'react';

interface Props {
  label: string;
  disabled?: boolean;
  onClick: () => void;
}

export function AddButton({ label, ...rest }: Props & { id: string }) {
  return (
    <Button {...rest} icon="plus" variant="secondary" size="sm">
      {`Add to ${label}`}
    </Button>
  );
}

export function RemoveButton({ label, number, ...rest }: Props & { number: number }) {
  const name = `Remove ${label} ${number}`;
  return <Button {...rest} icon="trash-alt" variant="secondary" fill="text" aria-label={name} tooltip={name} />;
}
