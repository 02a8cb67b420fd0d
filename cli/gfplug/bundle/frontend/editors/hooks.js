// @ts-check
// The exports of the project's frontend/hooks.js.
const { packages, runHooks, schema } = require('./project');

const FILE = 'frontend/hooks.js';
const FORMS = {
  fields: schema.query,
  configFields: schema.config,
  variableFields: schema.own?.variable,
  annotationFields: schema.own?.annotation,
};

/** Give the hooks a package that Grafana shares. The build has read the package's name in the hooks' text. @param {string} name */
function requirePackage(name) {
  if (!packages[name]) {
    throw new Error(`the build did not see that the package '${name}' is needed: write its name as one text`);
  }
  return packages[name];
}

/** Run the file and check its exports. @returns {import('./types').Hooks} */
function run() {
  /** @type {{ exports: any }} */
  const module = { exports: {} };
  runHooks(module, module.exports, requirePackage);
  for (const name of ['query', 'applyTemplateVariables', 'getDefaultVariables', 'getDefaultLinks']) {
    if (!['undefined', 'function'].includes(typeof module.exports[name])) {
      throw new TypeError(`exports.${name} is not a function`);
    }
  }
  for (const [name, form] of Object.entries(FORMS)) {
    const shown = form?.fields.filter((field) => field.kind !== 'hidden').map((field) => field.name) ?? [];
    const [unknown] = Object.keys(module.exports[name] ?? {}).filter((field) => !shown.includes(field));
    if (unknown !== undefined) {
      throw new TypeError(`exports.${name} names '${unknown}', which is no field that the form shows`);
    }
  }
  return module.exports;
}

/** Load the hooks. If this fails, the editors still work, but queries that the hooks may answer show the failure:
 * a panel must not show Python's answer instead, which may differ. @returns {import('./types').Hooks} */
function load() {
  try {
    return run();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const failure = new Error(`${FILE} failed while it was loaded: ${reason}`);
    console.error(`${FILE} of ${schema.pluginId} failed while it was loaded:`, error);
    return { query: () => Promise.reject(failure) };
  }
}

module.exports = load();
