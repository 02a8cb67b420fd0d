// @ts-check
// Every text that the editors show. `t` looks a text up in frontend/locales/<language>.json of the project: these
// sentences, and the labels and help of the author's dataclasses. A text without a translation stays unchanged.
const { config } = require('@grafana/runtime');
const { locales } = require('./project');

const language = config.bootData?.user?.language ?? '';
const texts = locales[language] ?? locales[language.split('-')[0]] ?? {};

/** Translate a text, and replace {names} with values. @param {string} text @param {Record<string, unknown>} [values] */
function t(text, values) {
  const found = texts[text] ?? text;
  return values ? found.replace(/\{(\w+)\}/g, (all, name) => String(values[name] ?? all)) : found;
}

const strings = {
  required: '{label} is required',
  notANumber: '{label} must be a number',
  notWhole: '{label} must be a whole number',
  tooSmall: '{label} must be at least {limit}',
  tooLarge: '{label} must be at most {limit}',
  notAChoice: '{label} must be one of {choices}',
  noMatch: '{label} must match {pattern}',
  noSettings: 'This data source has no settings.',
  noVariables: 'Alert rules know no template variables: {names} is sent as it is.',
  notMigrated: 'This was saved by another version of the plugin, and is shown as it was: {message}',
  filters: 'Filtered by {filters}',
  notLoaded: '{label} could not be loaded: {message}',
  add: 'Add to {label}',
  remove: 'Remove {label} {number}',
  headerName: 'Header',
  headerValue: 'Value',
  variables: 'Template variables',
};

module.exports = { strings, t };
