// Dashboard variables: their values, and the form of one.
import { Alert, Button, Combobox, ErrorBoundaryAlert, Field, IconButton, Input, MultiCombobox, RadioButtonGroup, Switch } from '@grafana/ui';
import { useEffect, useState } from 'react';
import { later } from './choice.jsx';
import { useStyles } from './styles.js';

export function Variables({ preview, state }) {
  const styles = useStyles();
  const [edited, setEdited] = useState(undefined); // a variable's name; empty for a new one
  const isOpen = edited === '' || state.variables.some(({ name }) => name === edited);
  const shown = state.variables.filter(({ hide, type }) => hide !== 2 && type !== 'constant');
  return (
    <section aria-label="Variables">
      <div className={styles.bar}>
        {shown.map((variable) => (
          <Variable
            key={variable.name}
            variable={variable}
            onChange={(value) => preview.setVariables({ [variable.name]: value })}
            onEdit={() => setEdited(variable.name)}
          />
        ))}
        <Button
          variant="secondary"
          size="sm"
          icon="plus"
          aria-expanded={edited === ''}
          onClick={() => setEdited(edited === '' ? undefined : '')}
        >
          Add variable
        </Button>
      </div>
      {isOpen && <VariableForm key={edited} preview={preview} state={state} name={edited} onDone={() => setEdited(undefined)} />}
    </section>
  );
}

function Variable({ variable, onChange, onEdit }) {
  const styles = useStyles();
  const { name, label, type, options, current, multi, error } = variable;
  const id = `preview-variable-${name}`;
  const values = [current?.value ?? []].flat();
  const choices = options.map(({ value, text }) => ({ value, label: text }));
  const common = { id, options: choices, 'aria-labelledby': `${id}-label` };
  const controls = {
    text: () => (
      <TextInput id={id} aria-labelledby={`${id}-label`} width={20} value={String(values[0] ?? '')} onChange={onChange} />
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
      {TYPES.some(({ value }) => value === type) && <IconButton name="pen" aria-label={`Edit variable ${name}`} onClick={onEdit} />}
      {error && <Alert severity="error" title={error} />}
    </div>
  );
}

/** An input whose text counts once it is entered or left. */
function TextInput({ value, onChange, ...props }) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const finish = () => text !== value && onChange(text);
  return (
    <Input
      {...props}
      value={text}
      onChange={({ currentTarget }) => setText(currentTarget.value)}
      onBlur={finish}
      onKeyDown={({ key }) => key === 'Enter' && finish()}
    />
  );
}

const TYPES = [
  { value: 'query', label: 'Query' },
  { value: 'custom', label: 'Custom' },
  { value: 'textbox', label: 'Text box' },
];

function VariableForm({ preview, state, name, onDone }) {
  const styles = useStyles();
  const { datasource, plugin, module, variables, range } = state;
  const [variable, setVariable] = useState(
    variables.find((each) => each.name === name) ?? {
      name: '',
      type: datasource.variables || datasource.metricFindQuery ? 'query' : 'custom',
      multi: false,
      includeAll: false,
      options: [],
    }
  );
  const change = (patch) => setVariable((now) => ({ ...now, ...patch }));
  const support = datasource.variables;
  const Editor =
    support?.getType() === 'datasource' ? plugin.components.QueryEditor : (support?.editor ?? plugin.components.VariableQueryEditor);
  const initial = support?.getDefaultQuery?.() ?? (support?.getType() === 'datasource' ? datasource.getDefaultQuery?.() : undefined);
  const isFree = /^\w+$/.test(variable.name) && !variables.some((other) => other.name === variable.name && other.name !== name);
  const save = () => {
    const query = variable.query ?? (variable.type === 'query' ? { refId: variable.name, ...initial } : '');
    const saved = { ...variable, query };
    preview.set({ variables: name ? variables.map((other) => (other.name === name ? saved : other)) : [...variables, saved] });
    preview.refresh();
    onDone();
  };
  return (
    <div className={styles.box} role="group" aria-label={name ? `Variable ${name}` : 'New variable'}>
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
        <Toggle label="Several values" value={Boolean(variable.multi)} onChange={(multi) => change({ multi })} />
        <Toggle label="All" value={Boolean(variable.includeAll)} onChange={(includeAll) => change({ includeAll })} />
      </div>
      {variable.type === 'query' && Editor && (
        <ErrorBoundaryAlert key={module} title="The plugin's editor of variables failed" boundaryName="preview-variable">
          <Editor
            datasource={datasource}
            query={variable.query ?? { refId: 'variable', ...initial }}
            range={range}
            onChange={(query) => change({ query })}
            onRunQuery={() => {}}
            app="dashboard"
          />
        </ErrorBoundaryAlert>
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
      <Button size="sm" disabled={!isFree} onClick={save}>
        {name ? 'Save' : 'Add'}
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
