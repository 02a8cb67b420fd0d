// @ts-check
// One form of inline fields.
const React = require('react');
const ui = require('@grafana/ui');
const { Control } = require('./controls');
const extras = require('./extras');
const { problem, put, sections, shown, valueOf } = require('./fields');

/**
 * @typedef {import('./types').UiField} UiField
 * @typedef {import('./types').Values} Values
 *
 * @typedef {object} FormProps
 * @property {UiField[]} fields
 * @property {Values} values
 * @property {string} prefix begins the id of every control
 * @property {(values: Values) => void} onChange every edit
 * @property {() => void} onCommit an edit is finished
 * @property {boolean} [disabled]
 * @property {{ getResource(path: string): Promise<any> }} [datasource] whose resources list choices
 */

const h = React.createElement;

/** One field with its label. @param {FormProps & { field: UiField, labelWidth?: number, width: number }} props */
function Row({ field, fields, values, prefix, onChange, onCommit, disabled, datasource, labelWidth, width }) {
  const read = (/** @type {string} */ name) => {
    const other = fields.find((each) => each.name === name);
    return other && valueOf(other, values);
  };
  /** @type {import('./choices').Choices} */
  const { options, loading, error: notLoaded } = field.from ? extras.useChoices(field, read, datasource) : { options: field.options ?? [] };
  const id = `${prefix}-${field.name}`;
  const value = valueOf(field, values);
  const error = problem(field, value) ?? notLoaded;
  return h(ui.InlineField, {
    label: field.label,
    labelWidth: labelWidth ?? 'auto',
    tooltip: field.help,
    interactive: true,
    htmlFor: id,
    required: field.required,
    grow: field.kind === 'text' || field.kind === 'code',
    disabled,
    invalid: Boolean(error),
    error,
    children: h(Control, {
      field: { ...field, options },
      id,
      value,
      width,
      loading,
      disabled,
      invalid: Boolean(error),
      onChange: (edited) => onChange(put(values, field.name, edited)),
      onCommit,
    }),
  });
}

/** @param {FormProps} props */
function Form(props) {
  const { fields, values } = props;
  const visible = shown(fields, (field) => valueOf(field, values));
  const labelWidth = Math.max(12, ...visible.map((field) => field.label.length + 4));
  const row = (/** @type {UiField} */ field) =>
    field.kind === 'list'
      ? h(extras.Rows, { ...props, key: field.name, field })
      : h(Row, { ...props, key: field.name, field, labelWidth, width: 40 });
  return sections(visible).map(([name, inside]) =>
    name
      ? h('fieldset', { key: name }, h('legend', { style: { fontSize: 'inherit', fontWeight: 500, marginBottom: 4 } }, name), inside.map(row))
      : h(React.Fragment, { key: name }, inside.map(row))
  );
}

exports.Form = Form;
exports.Row = Row;
