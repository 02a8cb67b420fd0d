// @ts-check
// The choices of a field that a resource of the plugin lists.
const React = require('react');
const { getTemplateSrv } = require('@grafana/runtime');
const { strings, t } = require('./strings');

/**
 * @typedef {import('./types').UiField} UiField
 * @typedef {import('./types').Choice} Choice
 * @typedef {{ options: Choice[], loading?: boolean, error?: string }} Choices
 */

/** The resource's path, with the form's values in the place of {names}; empty while a value is missing.
 * @param {string} template @param {(name: string) => unknown} read */
function pathOf(template, read) {
  const names = [...template.matchAll(/\{([\w.]+)\}/g)].map(([, name]) => name);
  const values = new Map(names.map((name) => [name, getTemplateSrv().replace(String(read(name) ?? ''))]));
  const isComplete = [...values.values()].every(Boolean);
  return isComplete ? template.replace(/\{([\w.]+)\}/g, (_, name) => encodeURIComponent(values.get(name) ?? '')) : '';
}

/** @param {any} item @returns {Choice} */
function choice(item) {
  return typeof item === 'object' ? { ...item, label: item.label ?? String(item.value) } : { value: item, label: String(item) };
}

/** Ask the plugin for a field's choices; ask again when a value in the path changes.
 * @param {UiField} field @param {(name: string) => unknown} read
 * @param {{ getResource(path: string): Promise<any> } | undefined} datasource @returns {Choices} */
function useChoices(field, read, datasource) {
  const path = field.from && datasource ? pathOf(field.from, read) : '';
  const [found, setFound] = React.useState(/** @type {Choices} */ ({ options: [] }));
  React.useEffect(() => {
    let isWanted = Boolean(path);
    const keep = (/** @type {Choices} */ choices) => isWanted && setFound(choices);
    if (isWanted && datasource) {
      setFound({ options: [], loading: true });
      datasource.getResource(path).then(
        (items) => keep({ options: items.map(choice) }),
        (error) => keep({ options: [], error: t(strings.notLoaded, { label: field.label, message: error?.data?.message ?? error?.message ?? error }) })
      );
    }
    return () => {
      isWanted = false;
    };
  }, [path, datasource]);
  const group = t(strings.variables);
  const variables = getTemplateSrv().getVariables().map(({ name }) => ({ value: `$${name}`, label: `$${name}`, group }));
  return { ...found, options: [...found.options, ...variables] };
}

module.exports = { choice, useChoices };
