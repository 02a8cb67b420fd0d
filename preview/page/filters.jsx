// Ad hoc filters, with the keys and values that the plugin offers.
import { Button, Combobox, IconButton } from '@grafana/ui';
import { useState } from 'react';
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
  const options = { timeRange: range, queries: preview.targets, filters };
  const ask = (steps) => async (typed) => {
    try {
      const choices = choicesOf(await steps());
      setProblem('');
      return choices.filter(({ label }) => label.toLowerCase().includes(typed.toLowerCase()));
    } catch (error) {
      setProblem(error.message);
      return [];
    }
  };
  const finish = (value) => {
    preview.setFilters([...filters, { ...draft, value }]);
    setDraft(undefined);
  };
  return (
    <section aria-label="Ad hoc filters" className={styles.bar}>
      <span className={styles.label}>Filters</span>
      {filters.map(({ key, operator, value }, index) => (
        <span key={index} className={styles.boxHead}>
          {`${key} ${operator} ${value}`}
          <IconButton name="times" aria-label={`Remove the filter on ${key}`} onClick={() => preview.setFilters(filters.filter((_, other) => other !== index))} />
        </span>
      ))}
      {draft ? (
        <>
          <Combobox aria-label="Key" width={20} createCustomValue options={ask(() => datasource.getTagKeys(options))} value={draft.key || null} onChange={({ value }) => setDraft({ ...draft, key: value })} />
          <Combobox aria-label="Operator" width={10} options={OPERATORS} value={draft.operator} onChange={({ value }) => setDraft({ ...draft, operator: value })} />
          <Combobox
            key={draft.key}
            aria-label="Value"
            width={20}
            disabled={!draft.key}
            createCustomValue
            options={ask(() => datasource.getTagValues?.({ ...options, key: draft.key }) ?? [])}
            value={null}
            onChange={({ value }) => finish(value)}
          />
        </>
      ) : (
        <Button variant="secondary" size="sm" icon="plus" onClick={() => setDraft({ key: '', operator: '=' })}>
          Add filter
        </Button>
      )}
      {problem && <span role="alert">{problem}</span>}
    </section>
  );
}
