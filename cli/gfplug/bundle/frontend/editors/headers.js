// @ts-check
// Custom HTTP headers: names in jsonData (httpHeaderName1, ...), values among the secrets (httpHeaderValue1, ...).
const React = require('react');
const ui = require('@grafana/ui');
const { Add, Remove } = require('./buttons');
const { Control } = require('./controls');
const { strings, t } = require('./strings');

/** @typedef {import('@grafana/data').DataSourcePluginOptionsEditorProps<import('./types').Options, Record<string, string>>['options']} Settings */

const h = React.createElement;
const NAME = 'httpHeaderName';
const VALUE = 'httpHeaderValue';

/** Count the headers: they are numbered from 1 without a gap. @param {Settings} settings */
function countOf(settings) {
  let count = 0;
  while (settings.jsonData[`${NAME}${count + 1}`] !== undefined) {
    count += 1;
  }
  return count;
}

/** @param {Settings} settings @param {number} number @param {string} name @returns {Settings} */
function named(settings, number, name) {
  return { ...settings, jsonData: { ...settings.jsonData, [`${NAME}${number}`]: name } };
}

/** Replace a value; Reset passes the empty value. @param {Settings} settings @param {number} number @param {string} value @returns {Settings} */
function valued(settings, number, value) {
  const key = `${VALUE}${number}`;
  return {
    ...settings,
    secureJsonData: { ...settings.secureJsonData, [key]: value },
    secureJsonFields: { ...settings.secureJsonFields, [key]: false },
  };
}

/** Remove a header; later ones move up. A browser can't read a stored value, so it can't move: the user enters it again.
 * @param {Settings} settings @param {number} number @returns {Settings} */
function without(settings, number) {
  const last = countOf(settings);
  for (let at = number; at < last; at += 1) {
    settings = named(settings, at, String(settings.jsonData[`${NAME}${at + 1}`]));
    settings = valued(settings, at, settings.secureJsonData?.[`${VALUE}${at + 1}`] ?? '');
  }
  const { [`${NAME}${last}`]: _, ...jsonData } = settings.jsonData;
  return { ...valued(settings, last, ''), jsonData };
}

/** @param {{ field: import('./types').UiField, settings: Settings, onChange: (settings: Settings) => void }} props */
function Headers({ field, settings, onChange }) {
  const disabled = settings.readOnly;
  const row = (/** @type {number} */ number) => {
    const part = (/** @type {Record<string, any>} */ { id, label, ...rest }) => {
      /** @type {any} */
      const control = { field: { name: id, label, kind: 'string' }, id, width: 25, disabled, onCommit: () => {}, ...rest };
      return h(ui.InlineField, { key: id, label, htmlFor: id, disabled, children: h(Control, control) });
    };
    const id = `gf-config-header-${number}`;
    const key = `${VALUE}${number}`;
    const secret = { isConfigured: Boolean(settings.secureJsonFields?.[key]), onReset: () => onChange(valued(settings, number, '')) };
    const label = t(strings.headerValue);
    return h(ui.InlineFieldRow, {
      key: number,
      children: [
        part({
          id: `${id}-name`,
          label: t(strings.headerName),
          value: settings.jsonData[`${NAME}${number}`],
          onChange: (/** @type {string} */ name) => onChange(named(settings, number, name)),
        }),
        part({
          id: `${id}-value`,
          label,
          field: { name: key, label, kind: 'secret' },
          secret,
          value: settings.secureJsonData?.[key],
          onChange: (/** @type {string | undefined} */ value) => onChange(valued(settings, number, value ?? '')),
        }),
        h(Remove, { key: 'remove', label: field.label, number, disabled, onClick: () => onChange(without(settings, number)) }),
      ],
    });
  };
  const count = countOf(settings);
  return h(
    'div',
    { role: 'group', 'aria-label': field.label },
    Array.from({ length: count }, (_, index) => row(index + 1)),
    h(Add, { label: field.label, id: 'gf-config-header-add', disabled, onClick: () => onChange(named(settings, count + 1, '')) })
  );
}

exports.Headers = Headers;
