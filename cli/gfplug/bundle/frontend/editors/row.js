// @ts-check
// One field of a form, with its label.
const React = require('react');
const ui = require('@grafana/ui');
const { useChoices } = require('./choices');
const { Control } = require('./controls');
const { problem, put, valueOf } = require('./fields');

/**
 * @typedef {import('./form').FormProps} FormProps
 *
 * @typedef {object} Field
 * @property {import('./types').UiField} field
 */

const h = React.createElement;

/** @param {FormProps & Field & { labelWidth?: number, width: number }} props */
function Row({ field, fields, values, prefix, onChange, onCommit, disabled, datasource, labelWidth, width }) {
  const read = (/** @type {string} */ name) => {
    const other = fields.find((each) => each.name === name);
    return other && valueOf(other, values);
  };
  /** @type {import('./choices').Choices} */
  const { options, loading, error: notLoaded } = field.from ? useChoices(field, read, datasource) : { options: field.options ?? [] };
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

exports.Row = Row;
