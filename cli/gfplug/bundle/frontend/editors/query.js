// @ts-check
// The query editor, for panels and alert rules, and the editors of variables and annotations.
const React = require('react');
const ui = require('@grafana/ui');
const { defaultsOf, translated, valueOf } = require('./fields');
const { Form } = require('./form');
const { migratedQuery, migrates } = require('./migration');
const { schema } = require('./project');
const { strings, t } = require('./strings');

/**
 * @typedef {import('@grafana/data').QueryEditorProps<import('./datasource').DataSource, import('./types').Query, import('./types').Options>} Props
 * @typedef {import('./types').UiField} UiField
 */

const h = React.createElement;
const forms = {
  '': translated(schema.query),
  variable: translated(schema.own?.variable),
  annotation: translated(schema.own?.annotation),
};

/** The fields of a query: a variable and an annotation may have a form of their own. @param {{ queryType?: string }} query @returns {UiField[]} */
function fieldsOf({ queryType }) {
  return queryType === 'variable' || queryType === 'annotation' ? (schema.own?.[queryType] ? forms[queryType] : forms['']) : forms[''];
}

/** The template variables that a query refers to. @param {UiField[]} fields @param {import('./types').Query} query */
function variablesOf(fields, query) {
  const values = JSON.stringify(fields.map((field) => valueOf(field, query)));
  return [...new Set(values.match(/\$(?:[A-Za-z_]\w*|\{[A-Za-z_][\w.:]*\})/g) ?? [])];
}

/** Runs the query when an edit is finished, not at every key. @param {Props & { disabled?: boolean }} props */
function TodaysEditor({ query, onChange, onRunQuery, datasource, app, disabled }) {
  const isEdited = React.useRef(false);
  const fields = fieldsOf(query);
  const variables = app === 'unified-alerting' ? variablesOf(fields, query) : [];
  return h(
    'div',
    { 'data-testid': 'gf-query-editor' },
    h(Form, {
      fields,
      values: query,
      prefix: `gf-query-${query.refId}`,
      datasource,
      disabled,
      onChange: (edited) => {
        isEdited.current = true;
        onChange(/** @type {import('./types').Query} */ (edited));
      },
      onCommit: () => {
        if (isEdited.current) {
          isEdited.current = false;
          onRunQuery();
        }
      },
    }),
    variables.length > 0 && h(ui.Alert, { severity: 'info', title: t(strings.noVariables, { names: variables.join(', ') }) })
  );
}

const QueryEditor = migratedQuery(TodaysEditor);

/** The same editor for another kind of query. An old dashboard may hold a text in its place. @param {'variable' | 'annotation'} queryType */
function editorOf(queryType) {
  return (/** @type {Props} */ props) => h(QueryEditor, { ...props, query: own(queryType, props.query) });
}

/** A query of this kind, its defaults filled in, but for one that Python migrates: it has the defaults of another time. @param {'variable' | 'annotation'} queryType @param {any} query @returns {import('./types').Query} */
function own(queryType, query) {
  const given = typeof query === 'object' ? query : {};
  return { refId: queryType, ...(migrates({ queryType }) ? {} : defaultsOf(forms[queryType])), ...given, queryType };
}

module.exports = { QueryEditor, editorOf, fieldsOf, own };
