// @ts-check
// The buttons that add and remove rows and headers.
const React = require('react');
const ui = require('@grafana/ui');
const { strings, t } = require('./strings');

const h = React.createElement;

/** @param {{ label: string, id: string, disabled?: boolean, onClick: () => void }} props */
function Add({ label, ...rest }) {
  return h(ui.Button, { ...rest, icon: 'plus', variant: 'secondary', size: 'sm', children: t(strings.add, { label }) });
}

/** @param {{ label: string, number: number, disabled?: boolean, onClick: () => void }} props */
function Remove({ label, number, ...rest }) {
  const name = t(strings.remove, { label, number });
  return h(ui.Button, { ...rest, icon: 'trash-alt', variant: 'secondary', fill: 'text', 'aria-label': name, tooltip: name });
}

module.exports = { Add, Remove };
