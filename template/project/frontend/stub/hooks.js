// @ts-check
// The default: no code of the project runs in the browser. `gfplug build` links frontend/hooks.js here when it exists.

/** @type {import('./types').Hooks} */
module.exports = {};
