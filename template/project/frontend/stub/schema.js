// @ts-check
// A placeholder: `gfplug build` replaces this file with the schema of the author's dataclasses.

/** @type {import('./types').Schema} */
exports.schema = {
  version: 1,
  pluginId: '',
  hash: '',
  queryPath: 'backend',
  config: { fields: [] },
  query: { fields: [] },
  capabilities: {},
};
