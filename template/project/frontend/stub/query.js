// @ts-check
// The query editor, for panels, alert rules, annotations and variables alike.
const React = require('react');
const ui = require('@grafana/ui');
const { Control } = require('./controls');
const { problem, shown, valueOf } = require('./fields');
const { schema } = require('./schema');

/** @typedef {import('./types').UiField} UiField */

const h = React.createElement;
const fields = shown(schema.query.fields);
const labelWidth = Math.max(12, ...fields.map((field) => field.label.length + 4));

/**
 * Runs the query when an edit is finished, not at every key.
 * @param {import('@grafana/data').QueryEditorProps<import('./datasource').DataSource, import('./types').Query, import('./types').Options>} props
 */
function QueryEditor({ query, onChange, onRunQuery }) {
  const isEdited = React.useRef(false);
  const row = (/** @type {UiField} */ field) => {
    const id = `gf-query-${query.refId}-${field.name}`;
    const value = valueOf(field, query);
    const error = problem(field, value);
    return h(ui.InlineField, {
      key: field.name,
      label: field.label,
      labelWidth,
      tooltip: field.help,
      interactive: true,
      htmlFor: id,
      required: field.required,
      grow: field.kind === 'text' || field.kind === 'code',
      invalid: Boolean(error),
      error,
      children: h(Control, {
        field,
        id,
        value,
        width: 40,
        invalid: Boolean(error),
        onChange: (edited) => {
          isEdited.current = true;
          onChange({ ...query, [field.name]: edited });
        },
        onCommit: () => {
          if (isEdited.current) {
            isEdited.current = false;
            onRunQuery();
          }
        },
      }),
    });
  };
  return h('div', { 'data-testid': 'gf-query-editor' }, fields.map(row));
}

module.exports = { QueryEditor };
