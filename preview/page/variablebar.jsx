// Dashboard variables: their values, and new ones made here.
import { Alert, Button, Combobox, Field, Input, MultiCombobox, RadioButtonGroup, Switch } from '@grafana/ui';
import { useState } from 'react';
import { later } from './choice.jsx';
import { useStyles } from './styles.js';

export function Variables({ preview, state }) {
  const styles = useStyles();
  const [isOpen, setOpen] = useState(false);
  const shown = state.variables.filter(({ hide, type }) => hide !== 2 && type !== 'constant');
  return (
    <section aria-label="Variables">
      <div className={styles.bar}>
        {shown.map((variable) => (
          <Variable key={variable.name} variable={variable} onChange={(value) => preview.setVariables({ [variable.name]: value })} />
        ))}
        <Button variant="secondary" size="sm" icon="plus" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          Add variable
        </Button>
      </div>
      {isOpen && <NewVariable preview={preview} state={state} onDone={() => setOpen(false)} />}
    </section>
  );
}

function Variable({ variable, onChange }) {
  const styles = useStyles();
  const { name, label, type, options, current, multi, error } = variable;
  const id = `preview-variable-${name}`;
  const values = [current?.value ?? []].flat();
  const choices = options.map(({ value, text }) => ({ value, label: text }));
  const common = { id, options: choices, 'aria-labelledby': `${id}-label` };
  const controls = {
    text: () => (
      <Input
        key={values[0]}
        id={id}
        aria-labelledby={`${id}-label`}
        width={20}
        defaultValue={values[0]}
        onBlur={({ currentTarget }) => onChange(currentTarget.value)}
        onKeyDown={({ key, currentTarget }) => key === 'Enter' && onChange(currentTarget.value)}
      />
    ),
    several: () => (
      <MultiCombobox
        {...common}
        width="auto"
        minWidth={20}
        maxWidth={60}
        value={values}
        onChange={later((picked) => onChange(picked.map(({ value }) => value)))}
      />
    ),
    one: () => (
      <Combobox
        {...common}
        width="auto"
        minWidth={12}
        maxWidth={40}
        value={values[0] ?? null}
        onChange={later(({ value }) => onChange(value))}
      />
    ),
  };
  return (
    <div className={styles.boxHead}>
      <label id={`${id}-label`} htmlFor={id} className={styles.label}>
        {label || name}
      </label>
      {controls[type === 'textbox' ? 'text' : multi ? 'several' : 'one']()}
      {error && <Alert severity="error" title={error} />}
    </div>
  );
}

const TYPES = [
  { value: 'query', label: 'Query' },
  { value: 'custom', label: 'Custom' },
  { value: 'textbox', label: 'Text box' },
];

function NewVariable({ preview, state, onDone }) {
  const styles = useStyles();
  const { datasource, plugin, module, variables, range } = state;
  const [variable, setVariable] = useState({
    name: '',
    type: datasource.variables || datasource.metricFindQuery ? 'query' : 'custom',
    multi: false,
    includeAll: false,
    options: [],
  });
  const change = (patch) => setVariable({ ...variable, ...patch });
  const support = datasource.variables;
  const Editor =
    support?.getType() === 'datasource' ? plugin.components.QueryEditor : (support?.editor ?? plugin.components.VariableQueryEditor);
  const initial = support?.getDefaultQuery?.() ?? (support?.getType() === 'datasource' ? datasource.getDefaultQuery?.() : undefined);
  const isFree = /^\w+$/.test(variable.name) && !variables.some(({ name }) => name === variable.name);
  const add = () => {
    const query = variable.query ?? (variable.type === 'query' ? { refId: variable.name, ...initial } : '');
    preview.set({ variables: [...variables, { ...variable, query }] });
    preview.refresh();
    onDone();
  };
  return (
    <div className={styles.box} role="group" aria-label="New variable">
      <Field
        label="Name"
        htmlFor="preview-variable-name"
        invalid={variable.name !== '' && !isFree}
        error="letters, digits and _, and a name that no other variable has"
      >
        <Input
          id="preview-variable-name"
          width={30}
          value={variable.name}
          onChange={({ currentTarget }) => change({ name: currentTarget.value })}
        />
      </Field>
      <div className={styles.bar}>
        <RadioButtonGroup aria-label="Type" options={TYPES} value={variable.type} onChange={(type) => change({ type, query: undefined })} />
        <Toggle label="Several values" value={variable.multi} onChange={(multi) => change({ multi })} />
        <Toggle label="All" value={variable.includeAll} onChange={(includeAll) => change({ includeAll })} />
      </div>
      {variable.type === 'query' && Editor && (
        <Editor
          key={module}
          datasource={datasource}
          query={variable.query ?? { refId: 'variable', ...initial }}
          range={range}
          onChange={(query) => change({ query })}
          onRunQuery={() => {}}
          app="dashboard"
        />
      )}
      {(variable.type !== 'query' || !Editor) && (
        <Field
          label={variable.type === 'custom' ? 'Values, between commas' : variable.type === 'query' ? 'Query' : 'Text'}
          htmlFor="preview-variable-query"
        >
          <Input
            id="preview-variable-query"
            value={variable.query ?? ''}
            onChange={({ currentTarget }) => change({ query: currentTarget.value })}
          />
        </Field>
      )}
      <Button size="sm" disabled={!isFree} onClick={add}>
        Add
      </Button>
    </div>
  );
}

function Toggle({ label, value, onChange }) {
  const styles = useStyles();
  const id = `preview-toggle-${label.replace(/\W/g, '')}`;
  return (
    <>
      <label htmlFor={id} className={styles.label}>
        {label}
      </label>
      <Switch id={id} label={label} value={value} onChange={({ currentTarget }) => onChange(currentTarget.checked)} />
    </>
  );
}
