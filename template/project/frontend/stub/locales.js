// @ts-check
// A placeholder: `gfplug build` replaces this file with the project's frontend/locales/<language>.json.

/** @type {Record<string, Record<string, string>>} */
exports.locales = {};
