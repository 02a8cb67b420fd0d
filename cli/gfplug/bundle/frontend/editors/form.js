// @ts-check
// One form of inline fields.
const React = require('react');
const { sections, shown, valueOf } = require('./fields');
const { Row } = require('./row');
const { Rows } = require('./rows');

/**
 * @typedef {import('./types').UiField} UiField
 * @typedef {import('./types').Values} Values
 *
 * @typedef {object} FormProps
 * @property {UiField[]} fields
 * @property {Values} values
 * @property {string} prefix begins the id of every control
 * @property {(values: Values) => void} onChange called for every edit
 * @property {() => void} onCommit called when an edit is finished
 * @property {boolean} [disabled]
 * @property {string} [app] the Grafana app that shows the form
 * @property {import('./datasource').DataSource} [datasource] whose resources list choices
 * @property {import('./types').Controls} [controls] of hooks.js, in place of gfplug's
 */

const h = React.createElement;

/** @param {FormProps} props */
function Form(props) {
  const { fields, values, controls, app } = props;
  const visible = shown(fields, (field) => valueOf(field, values), app);
  const labelWidth = Math.max(12, ...visible.map((field) => field.label.length + 4));
  const row = (/** @type {UiField} */ field) =>
    field.kind === 'list' && !controls?.[field.name]
      ? h(Rows, { ...props, key: field.name, field })
      : h(Row, { ...props, key: field.name, field, labelWidth, width: 40 });
  return sections(visible).map(([name, inside]) =>
    name
      ? h('fieldset', { key: name }, h('legend', { style: { fontSize: 'inherit', fontWeight: 500, marginBottom: 4 } }, name), inside.map(row))
      : h(React.Fragment, { key: name }, inside.map(row))
  );
}

exports.Form = Form;
