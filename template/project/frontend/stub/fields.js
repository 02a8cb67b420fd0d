// @ts-check
// What a field of the schema means, apart from how it looks: its value, its default, whether it is acceptable.
const { strings } = require('./strings');

/**
 * @typedef {import('./types').UiField} UiField
 * @typedef {import('./types').Values} Values
 */

const TEXT = ['string', 'text', 'code'];

/** @param {UiField[]} fields @returns {Values} */
function defaultsOf(fields) {
  return Object.fromEntries(fields.filter((field) => field.default !== undefined).map((field) => [field.name, field.default]));
}

/** The stored value, or the default that Python would use in its place. @param {UiField} field @param {Values} values */
function valueOf(field, values) {
  return values[field.name] === undefined ? field.default : values[field.name];
}

/** What to store when the user empties a field: a text stays empty and does not fall back to its default. @param {UiField} field */
function emptied(field) {
  return field.nullable ? null : TEXT.includes(field.kind) ? '' : undefined;
}

/** @param {unknown} value */
function isEmpty(value) {
  return value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0);
}

/** Say what is wrong with a value. @param {UiField} field @param {unknown} value @returns {string | undefined} */
function problem(field, value) {
  if (isEmpty(value)) {
    return field.required ? strings.required(field.label) : undefined;
  }
  if (field.kind !== 'number') {
    return undefined;
  }
  if (typeof value !== 'number') {
    return strings.notANumber(field.label);
  }
  if (field.integer && !Number.isInteger(value)) {
    return strings.notWhole(field.label);
  }
  if (field.min !== undefined && value < field.min) {
    return strings.tooSmall(field.label, field.min);
  }
  if (field.max !== undefined && value > field.max) {
    return strings.tooLarge(field.label, field.max);
  }
  return undefined;
}

/** The fields a form shows. @param {UiField[]} fields */
function shown(fields) {
  return fields.filter((field) => field.kind !== 'hidden');
}

module.exports = { defaultsOf, emptied, isEmpty, problem, shown, valueOf };
