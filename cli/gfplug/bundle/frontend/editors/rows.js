// @ts-check
// A list of rows, each with the same few fields.
const React = require('react');
const ui = require('@grafana/ui');
const { Add, Remove } = require('./buttons');
const { defaultsOf, put, shown, valueOf } = require('./fields');
const { Row } = require('./row');

/** @typedef {import('./types').Values} Values */

const h = React.createElement;

/** @param {import('./form').FormProps & import('./row').Field} props */
function Rows({ field, fields, values, prefix, onChange, onCommit, disabled, datasource, app }) {
  const inner = field.fields ?? [];
  const rows = /** @type {Values[]} */ (valueOf(field, values) ?? []);
  const replace = (/** @type {Values[]} */ changed) => onChange(put(values, field.name, changed));
  const id = `${prefix}-${field.name}`;
  const row = (/** @type {Values} */ row, /** @type {number} */ number) => {
    const swap = (/** @type {Values[]} */ ...others) => replace([...rows.slice(0, number), ...others, ...rows.slice(number + 1)]);
    const visible = shown(inner, (each) => valueOf(each, row), app);
    return h(ui.InlineFieldRow, {
      key: number,
      children: [
        ...visible.map((each) => {
          const place = { field: each, fields: inner, values: row, outer: { fields, values }, prefix: `${id}-${number}`, width: 20 };
          return h(Row, { ...place, key: each.name, onChange: (edited) => swap(edited), onCommit, disabled, datasource });
        }),
        h(Remove, { key: '', label: field.label, number: number + 1, disabled, onClick: () => { swap(); onCommit(); } }),
      ],
    });
  };
  const add = () => { replace([...rows, defaultsOf(inner)]); onCommit(); };
  return h(
    'div',
    { role: 'group', 'aria-label': field.label, style: { marginBottom: 8 } },
    h(ui.InlineLabel, { width: Math.max(12, field.label.length + 4), tooltip: field.help, children: field.label }),
    rows.map(row),
    h(Add, { label: field.label, id: `${id}-add`, disabled, onClick: add })
  );
}

exports.Rows = Rows;
