// @ts-check
// The help of the query editor: the author's examples; a click on an example makes it the query.
const React = require('react');
const ui = require('@grafana/ui');
const { schema } = require('./project');
const { t } = require('./strings');

const h = React.createElement;

/** @param {import('@grafana/data').QueryEditorHelpProps<import('./types').Query>} props */
function Help({ query, onClickExample }) {
  const { refId, datasource } = query;
  const example = (/** @type {import('./types').Example} */ { name, description, model }) =>
    h(
      'li',
      { key: name, style: { listStyle: 'none', marginBottom: 8 } },
      h(ui.Button, { variant: 'secondary', size: 'sm', onClick: () => onClickExample({ refId, datasource, ...model }), children: t(name) }),
      description && h('div', null, t(description))
    );
  return h('ul', { 'data-testid': 'gf-examples' }, schema.examples?.map(example));
}

exports.Help = Help;
