// A list to choose from, with a label. Older versions of Combobox drop `aria-label`, but none drops `id`.
import { Combobox } from '@grafana/ui';
import { useId } from 'react';
import { useStyles } from './styles.js';

/** Tell of a choice a moment later: Combobox tells it inside an effect, where React 18 ends a page that draws itself often. */
export const later = (tell) => (choice) => setTimeout(() => tell(choice));

const TYPED = new Set(['input', 'change', 'click']);

/** Pass on what a plugin's editor tells: at once while a person uses an input, which React would else set back, and a moment later
 * otherwise: it may come from a Combobox. */
export const fromEditor = (tell) => (...given) => {
  const { type, target } = window.event ?? {};
  if (TYPED.has(type) && target?.matches?.('input, textarea, select') && !target.closest('[role=option]')) {
    tell(...given);
  } else {
    setTimeout(() => tell(...given));
  }
};

export function Choice({ label, onChange, ...props }) {
  const styles = useStyles();
  const id = useId();
  return (
    <span className={styles.labelled}>
      <label id={`${id}-label`} htmlFor={id} className={styles.label}>
        {label}
      </label>
      <Combobox id={id} aria-labelledby={`${id}-label`} {...props} onChange={later(onChange)} />
    </span>
  );
}
