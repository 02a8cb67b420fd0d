// @ts-check
// The config page: it shows the fields of the schema, and stores each value where its field says.
const React = require('react');
const { config } = require('@grafana/runtime');
const ui = require('@grafana/ui');
const { Control } = require('./controls');
const { problem, put, sections, shown, translated, valueOf } = require('./fields');
/** @type {import('./types').Hooks} */
const hooks = require('./hooks');
const { schema } = require('./project');
const { Rows } = require('./rows');
const { strings, t } = require('./strings');

/**
 * @typedef {import('./types').UiField} UiField
 * @typedef {import('@grafana/data').DataSourcePluginOptionsEditorProps<import('./types').Options, Record<string, string>>} Props
 * @typedef {Props['options']} Settings
 */

const h = React.createElement;
const switches = /** @type {import('./types').Values} */ (/** @type {unknown} */ (config));
const form = translated(schema.config).filter((field) => !field.needs || switches[field.needs] === true);

/** @param {UiField} field @param {Settings} settings */
function read(field, settings) {
  const stores = { root: settings, url: { [field.name]: settings.url }, secureJsonData: settings.secureJsonData, jsonData: settings.jsonData };
  return valueOf(field, /** @type {import('./types').Values} */ (stores[field.store ?? 'jsonData'] ?? {}));
}

/** @param {UiField} field @param {any} value @param {Settings} settings @returns {Settings} */
function write(field, value, settings) {
  switch (field.store) {
    case 'root':
      return { ...settings, [field.name]: value };
    case 'url':
      return { ...settings, url: value ?? '' };
    case 'secureJsonData':
      return { ...settings, secureJsonData: { ...settings.secureJsonData, [field.name]: value ?? '' } };
    default:
      return { ...settings, jsonData: put(settings.jsonData, field.name, value) };
  }
}

/** Forget a stored secret: Grafana drops it at the next save. @param {string} name @param {Settings} settings @returns {Settings} */
function reset(name, settings) {
  return {
    ...settings,
    secureJsonFields: { ...settings.secureJsonFields, [name]: false },
    secureJsonData: { ...settings.secureJsonData, [name]: '' },
  };
}

/** @param {Props} props */
function ConfigEditor({ options: settings, onOptionsChange, ...rest }) {
  const [touched, setTouched] = React.useState(/** @type {Record<string, boolean>} */ ({}));
  const fields = shown(form, (field) => read(field, settings));
  const isConfigured = (/** @type {UiField} */ field) => Boolean(settings.secureJsonFields?.[field.name]);
  const complaint = (/** @type {UiField} */ field) => (isConfigured(field) ? undefined : problem(field, read(field, settings)));

  // Grafana 13 does not save settings that the validation refuses
  const validation = /** @type {any} */ (rest).validation;
  React.useEffect(
    () =>
      validation?.registerValidation(() => {
        setTouched(Object.fromEntries(fields.map((field) => [field.name, true])));
        const complaints = fields.map((field) => ({ name: field.name, message: complaint(field) }));
        complaints.forEach(({ name, message }) => (message ? validation.setError(name, message) : validation.clearError(name)));
        return complaints.every(({ message }) => !message);
      }),
    [validation, settings]
  );

  const row = (/** @type {UiField} */ field) => {
    const own = hooks.configFields?.[field.name];
    if (field.kind === 'headers' && !own) {
      return h(require('./headers').Headers, { key: field.name, field, settings, onChange: onOptionsChange });
    }
    if (field.kind === 'list' && !own) {
      const values = { [field.name]: read(field, settings) };
      const onChange = (/** @type {import('./types').Values} */ changed) => onOptionsChange(write(field, changed[field.name], settings));
      return h(Rows, {
        key: field.name,
        field,
        fields,
        values,
        prefix: 'gf-config',
        disabled: settings.readOnly,
        onChange,
        onCommit: () => {},
      });
    }
    const id = `gf-config-${field.name}`;
    const error = touched[field.name] ? complaint(field) : undefined;
    return h(ui.Field, {
      key: field.name,
      label: field.label,
      description: field.help,
      htmlFor: id,
      required: field.required,
      disabled: settings.readOnly,
      invalid: Boolean(error),
      error,
      children: h(own ?? Control, {
        field,
        id,
        label: field.label,
        options: settings,
        value: read(field, settings),
        width: 50,
        disabled: settings.readOnly,
        invalid: Boolean(error),
        secret: { isConfigured: isConfigured(field), onReset: () => onOptionsChange(reset(field.name, settings)) },
        onChange: (value) => onOptionsChange(write(field, value, settings)),
        onCommit: () => setTouched({ ...touched, [field.name]: true }),
      }),
    });
  };
  return h(
    'div',
    { 'data-testid': 'gf-config-editor' },
    fields.length === 0 && h('p', null, t(strings.noSettings)),
    sections(fields).map(([name, inside]) => h(ui.FieldSet, { key: name, label: name || undefined, children: inside.map(row) }))
  );
}

module.exports = { ConfigEditor };
