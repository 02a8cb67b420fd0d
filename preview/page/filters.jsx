// Ad hoc filters, with the keys and values that the plugin offers.
import { Button, IconButton } from '@grafana/ui';
import { useCallback, useEffect, useRef, useState } from 'react';
import { Choice } from './choice.jsx';
import { useStyles } from './styles.js';

const OPERATORS = ['=', '!=', '<', '>', '=~', '!~'].map((value) => ({ value, label: value }));

function choicesOf(answer) {
  const { data = [], error } = Array.isArray(answer) ? { data: answer } : (answer ?? {});
  if (error) {
    throw new Error(error.message);
  }
  return data.map(({ text, value }) => ({ label: String(text), value: String(value ?? text) }));
}

export function Filters({ preview, state }) {
  const styles = useStyles();
  const { datasource, filters, range } = state;
  const [draft, setDraft] = useState(undefined);
  const [problem, setProblem] = useState('');
  const now = useRef(undefined);
  const section = useRef(null);
  const isDrafting = draft !== undefined;
  const wasDrafting = useRef(isDrafting);
  const focusNext = () => section.current.querySelector(':scope > [data-add], :scope input')?.focus();
  useEffect(() => {
    if (wasDrafting.current !== isDrafting) {
      focusNext();
    }
    wasDrafting.current = isDrafting;
  }, [isDrafting]);
  now.current = { datasource, key: draft?.key, options: { timeRange: range, queries: preview.targets, filters } };
  const ask = async (typed, steps) => {
    try {
      const choices = choicesOf(await steps(now.current));
      setProblem('');
      return choices.filter(({ label }) => label.toLowerCase().includes(typed.toLowerCase()));
    } catch (error) {
      setProblem(error.message);
      return [];
    }
  };
  // Combobox loads anew, and draws anew, whenever it is given another function.
  const keys = useCallback((typed) => ask(typed, ({ datasource: source, options }) => source.getTagKeys(options)), []);
  const values = useCallback(
    (typed) => ask(typed, ({ datasource: source, options, key }) => source.getTagValues?.({ ...options, key }) ?? []),
    []
  );
  const finish = (value) => {
    preview.setFilters([...filters, { ...draft, value }]);
    setDraft(undefined);
  };
  return (
    <section ref={section} aria-label="Ad hoc filters" className={styles.bar}>
      <span className={styles.label}>Filters</span>
      {filters.map(({ key, operator, value }, index) => (
        <span key={index} className={styles.boxHead}>
          {`${key} ${operator} ${value}`}
          <IconButton
            name="times"
            aria-label={`Remove the filter on ${key}`}
            onClick={() => {
              preview.setFilters(filters.filter((_, other) => other !== index));
              focusNext();
            }}
          />
        </span>
      ))}
      {draft ? (
        <>
          <Choice
            label="Key"
            width={20}
            createCustomValue
            options={keys}
            value={draft.key || null}
            onChange={({ value }) => setDraft({ ...draft, key: value })}
          />
          <Choice
            label="Operator"
            width={10}
            options={OPERATORS}
            value={draft.operator}
            onChange={({ value }) => setDraft({ ...draft, operator: value })}
          />
          <Choice
            key={draft.key}
            label="Value"
            width={20}
            disabled={!draft.key}
            createCustomValue
            options={values}
            value={null}
            onChange={({ value }) => finish(value)}
          />
          <IconButton name="times" aria-label="Discard the new filter" onClick={() => setDraft(undefined)} />
        </>
      ) : (
        <Button data-add variant="secondary" size="sm" icon="plus" onClick={() => setDraft({ key: '', operator: '=' })}>
          Add filter
        </Button>
      )}
      {problem && <span role="alert">{problem}</span>}
    </section>
  );
}
