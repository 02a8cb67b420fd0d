// @ts-check
// The fields of the schema without their controls: a field's value, its default, and its validation.
const { strings, t } = require('./strings');

/**
 * @typedef {import('./types').UiField} UiField
 * @typedef {import('./types').Values} Values
 */

const TEXT = ['string', 'text', 'code'];
const VARIABLE = /\$\{?\w|\[\[\w/;

/** The fields of a form, in the user's language. @param {import('./types').Form | undefined} form @returns {UiField[]} */
function translated(form) {
  return (form?.fields ?? []).map((field) => ({
    ...field,
    label: t(field.label),
    help: field.help && t(field.help),
    section: field.section && t(field.section),
    options: field.options?.map((option) => ({ ...option, label: t(option.label) })),
    fields: field.fields && translated({ fields: field.fields }),
  }));
}

/** The value stored under a field's name; a name with a dot leads into an object. @param {Values} values @param {string} name */
function stored(values, name) {
  return name.split('.').reduce((/** @type {any} */ inside, key) => inside?.[key], values);
}

/** A copy of the values with one value replaced. @param {Values} values @param {string} name @param {unknown} value @returns {Values} */
function put(values, name, value) {
  const [key, ...rest] = name.split('.');
  const inner = /** @type {Values} */ (values[key] ?? {});
  return { ...values, [key]: rest.length ? put(inner, rest.join('.'), value) : value };
}

/** @param {UiField[]} fields @returns {Values} */
function defaultsOf(fields) {
  const given = fields.filter((field) => field.default !== undefined);
  return given.reduce((values, field) => put(values, field.name, field.default), /** @type {Values} */ ({}));
}

/** The stored value, or the default that Python would use. @param {UiField} field @param {Values} values */
function valueOf(field, values) {
  const value = stored(values, field.name);
  return value === undefined ? field.default : value;
}

/** The value to store when the user empties a field: a text stays empty, without its default. @param {UiField} field */
function emptied(field) {
  return field.nullable ? null : TEXT.includes(field.kind) || field.from ? '' : undefined;
}

/** @param {unknown} value */
function isEmpty(value) {
  return value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0);
}

/** Tell whether Grafana fills in variables in a value. @param {unknown} value */
function hasVariable(value) {
  return VARIABLE.test(String(value));
}

/** Match the whole text, as Python does. Python checks long texts, and patterns that JavaScript can't read.
 * @param {string} pattern @param {string} text */
function matches(pattern, text) {
  try {
    return text.length > 1000 || new RegExp(`^(?:${pattern})$`, 'u').test(text);
  } catch {
    return true;
  }
}

/** Return the error of a value that is not empty. @param {UiField} field @param {any} value */
function broken({ kind, numeric, integer, min, max, from, options, pattern }, value) {
  if (hasVariable(value)) {
    return undefined;
  }
  if (kind === 'number' || numeric) {
    if (typeof value !== 'number') {
      return strings.notANumber;
    }
    if (integer && !Number.isInteger(value)) {
      return strings.notWhole;
    }
    return value < (min ?? value) ? strings.tooSmall : value > (max ?? value) ? strings.tooLarge : undefined;
  }
  if (options && !from) {
    return options.some((option) => option.value === value || String(option.value) === value) ? undefined : strings.notAChoice;
  }
  return pattern && !matches(pattern, value) ? strings.noMatch : undefined;
}

/** Return the error of a value that Python would refuse. @param {UiField} field @param {any} value @returns {string | undefined} */
function problem(field, value) {
  if (isEmpty(value)) {
    return field.required ? t(strings.required, { ...field }) : undefined;
  }
  const items = Array.isArray(value) && field.kind !== 'list' ? value : [value];
  const text = items.map((item) => (isEmpty(item) ? undefined : broken(field, item))).find(Boolean);
  const limit = text === strings.tooSmall ? field.min : field.max;
  return text && t(text, { ...field, limit, choices: field.options?.map((option) => option.label).join(', ') });
}

/** The fields that a form shows for these values, in one of Grafana's apps, or in any app.
 * @param {UiField[]} fields @param {(field: UiField) => unknown} read @param {string} [app] @returns {UiField[]} */
function shown(fields, read, app) {
  const holds = (/** @type {string} */ name, /** @type {unknown[]} */ wanted) => {
    const other = fields.find((field) => field.name === name);
    return !other || wanted.includes(read(other));
  };
  const isHere = (/** @type {UiField} */ { apps }) => !app || !apps || apps.includes(app);
  return fields.filter(
    (field) => field.kind !== 'hidden' && isHere(field) && Object.entries(field.showIf ?? {}).every(([name, wanted]) => holds(name, wanted))
  );
}

/** The sections of a form, in order, each with its fields; fields without a section come first. @param {UiField[]} fields @returns {Array<[string, UiField[]]>} */
function sections(fields) {
  const names = [...new Set(['', ...fields.map((field) => field.section ?? '')])];
  const found = names.map((name) => /** @type {[string, UiField[]]} */ ([name, fields.filter((field) => (field.section ?? '') === name)]));
  return found.filter(([, inside]) => inside.length > 0);
}

module.exports = { defaultsOf, emptied, hasVariable, isEmpty, problem, put, sections, shown, translated, valueOf };
