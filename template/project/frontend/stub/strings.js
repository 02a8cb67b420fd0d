// @ts-check
// Every text that the editors show, except the labels and help that the author's dataclasses bring.

exports.strings = {
  required: (/** @type {string} */ label) => `${label} is required`,
  notANumber: (/** @type {string} */ label) => `${label} must be a number`,
  notWhole: (/** @type {string} */ label) => `${label} must be a whole number`,
  tooSmall: (/** @type {string} */ label, /** @type {number} */ least) => `${label} must be at least ${least}`,
  tooLarge: (/** @type {string} */ label, /** @type {number} */ most) => `${label} must be at most ${most}`,
  noSettings: 'This data source has no settings.',
};
