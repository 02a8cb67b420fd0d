// @ts-check
// One field of a form, with its label.
const React = require('react');
const ui = require('@grafana/ui');
const { useChoices } = require('./choices');
const { Control } = require('./controls');
const { problem, put, valueOf } = require('./fields');

/**
 * @typedef {import('./form').FormProps} FormProps
 * @typedef {import('./types').UiField} UiField
 * @typedef {import('./types').Values} Values
 *
 * @typedef {object} Field
 * @property {import('./types').UiField} field
 */

const h = React.createElement;

/** `outer` is the form that a row is in. @param {FormProps & Field & { outer?: { fields: UiField[], values: Values }, labelWidth?: number, width: number }} props */
function Row({ field, fields, values, outer, prefix, onChange, onCommit, disabled, datasource, controls, labelWidth, width }) {
  const read = (/** @type {string} */ name) => {
    const places = [{ fields, values }, ...(outer ? [outer] : [])];
    const [found] = places.flatMap((place) => place.fields.filter((each) => each.name === name).map((each) => valueOf(each, place.values)));
    return found;
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
    children: h(controls?.[field.name] ?? Control, {
      field: { ...field, options },
      id,
      label: field.label,
      value,
      query: values,
      datasource,
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
