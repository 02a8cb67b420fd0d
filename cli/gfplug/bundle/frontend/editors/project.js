// @ts-check
// What a plugin's build inserts. This file is for the type checker alone: the joined text takes it as an argument.

/** @type {import('./types').Project} */
module.exports = {
  packages: {},
  schema: { version: 1, pluginId: '', hash: '', config: { fields: [] }, query: { fields: [] }, capabilities: {} },
  locales: {},
  runHooks() {},
};
