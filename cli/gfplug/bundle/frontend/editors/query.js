// @ts-check
// The query editor, for panels and alert rules, and the editors of variables and annotations.
const React = require('react');
const ui = require('@grafana/ui');
const { defaultsOf, translated, valueOf } = require('./fields');
const { Form } = require('./form');
/** @type {import('./types').Hooks} */
const hooks = require('./hooks');
const { schema } = require('./project');
const { migrates, migratesSome } = require('./saved');
const { strings, t } = require('./strings');

/**
 * @typedef {import('@grafana/data').QueryEditorProps<import('./datasource').DataSource, import('./types').Query, import('./types').Options>} Props
 * @typedef {import('./types').UiField} UiField
 */

const h = React.createElement;
const forms = {
  '': { fields: translated(schema.query), controls: hooks.fields },
  variable: { fields: translated(schema.own?.variable), controls: hooks.variableFields },
  annotation: { fields: translated(schema.own?.annotation), controls: hooks.annotationFields },
};

/** A query's form: variables and annotations may have their own form. @param {{ queryType?: string }} query */
function formOf({ queryType }) {
  return (queryType === 'variable' || queryType === 'annotation') && schema.own?.[queryType] ? forms[queryType] : forms[''];
}

/** @param {{ queryType?: string }} query @returns {UiField[]} */
function fieldsOf(query) {
  return formOf(query).fields;
}

/** The template variables that a query refers to. @param {UiField[]} fields @param {import('./types').Query} query */
function variablesOf(fields, query) {
  const values = JSON.stringify(fields.map((field) => valueOf(field, query)));
  return [...new Set(values.match(/\$(?:[A-Za-z_]\w*|\{[A-Za-z_][\w.:]*\})/g) ?? [])];
}

/** Runs the query when an edit is finished, not at every keystroke. @param {Props & { disabled?: boolean }} props */
function TodaysEditor({ query, onChange, onRunQuery, datasource, app, disabled }) {
  const edit = React.useRef(/** @type {{ before: import('./types').Query, after: import('./types').Values } | undefined} */ (undefined));
  const { fields, controls } = formOf(query);
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
      controls,
      app,
      onChange: (after) => {
        edit.current = { before: edit.current?.before ?? query, after };
        onChange(/** @type {import('./types').Query} */ (after));
      },
      onCommit: () => {
        if (edit.current) {
          if (fields === forms[''].fields) {
            datasource.remember(edit.current);
          }
          edit.current = undefined;
          onRunQuery();
        }
      },
    }),
    schema.capabilities.tagKeys && h(require('./filters').Filters, { query, onChange, onRunQuery }),
    variables.length > 0 && h(ui.Alert, { severity: 'info', title: t(strings.noVariables, { names: variables.join(', ') }) })
  );
}

const QueryEditor = migratesSome ? require('./migration').migratedQuery(TodaysEditor) : TodaysEditor;

/** The same editor for another kind of query. An old dashboard may have a text instead of a query. @param {'variable' | 'annotation'} queryType */
function editorOf(queryType) {
  return (/** @type {Props} */ props) => h(QueryEditor, { ...props, query: own(queryType, props.query) });
}

/** A query of this kind with its defaults; without them if Python migrates it, because the old version's may differ. @param {'variable' | 'annotation'} queryType @param {any} query @returns {import('./types').Query} */
function own(queryType, query) {
  const given = typeof query === 'object' ? query : {};
  return { refId: queryType, ...(migrates({ queryType }) ? {} : defaultsOf(forms[queryType].fields)), ...given, queryType };
}

module.exports = { QueryEditor, editorOf, fieldsOf, own };
