// @ts-check
// The values that a plugin's build inserts. Only the type checker reads this file: module.js gets them as an argument.

/** @type {import('./types').Project} */
module.exports = {
  packages: {},
  schema: { version: 1, pluginId: '', hash: '', config: { fields: [] }, query: { fields: [] }, capabilities: {} },
  locales: {},
  runHooks() {},
};
