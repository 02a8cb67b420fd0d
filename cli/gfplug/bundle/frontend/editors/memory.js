// @ts-check
// What a user chose last in fields that say `remember`, for each data source: in this browser, and where Grafana keeps
// what plugins store for users (12 and newer), in every browser of that user.
const { config } = require('@grafana/runtime');
const { hasVariable, isEmpty, put, valueOf } = require('./fields');
const { schema } = require('./project');

/**
 * @typedef {import('./types').UiField} UiField
 * @typedef {import('./types').Values} Values
 */

const fields = schema.query.fields.filter((field) => field.remember);

/** What was kept by these editors; what others kept may be of other types. @param {string | null} text @returns {Values} */
function parse(text) {
  try {
    const { hash, values } = JSON.parse(text ?? '{}');
    return hash === schema.hash ? values : {};
  } catch {
    return {};
  }
}

/** @param {import('./datasource').DataSource} datasource */
function memoryOf(datasource) {
  const { userStorage } = /** @type {any} */ (datasource);
  const user = config.bootData?.user;
  const name = `gfplug.${datasource.uid}`;
  const place = `${name}.${user?.uid || user?.id}`;
  /** @type {string | null} */
  let kept = null;
  try {
    kept = localStorage.getItem(place);
  } catch {
    // this browser keeps nothing
  }
  const keep = (/** @type {string} */ text) => {
    kept = text;
    try {
      localStorage.setItem(place, text);
    } catch {
      // until the page is left
    }
  };
  const before = kept;
  Promise.resolve(userStorage?.getItem(name)).then((text) => text && kept === before && keep(text), () => {});
  return {
    /** Put what the user chose last in the place of defaults. @param {Values} defaults */
    fill(defaults) {
      const values = parse(kept);
      return fields.reduce((filled, { name }) => (isEmpty(values[name]) ? filled : put(filled, name, values[name])), defaults);
    },
    /** Keep what an edit changed. A variable belongs to its dashboard, and an emptied field has its default again.
     * @param {Record<'before' | 'after', Values>} edit */
    write({ before, after }) {
      const isChosen = (/** @type {UiField} */ field) => JSON.stringify(valueOf(field, after)) !== JSON.stringify(valueOf(field, before));
      const chosen = fields.filter((field) => isChosen(field) && !hasVariable(valueOf(field, after)));
      if (chosen.length > 0) {
        const values = chosen.reduce((all, field) => ({ ...all, [field.name]: valueOf(field, after) }), parse(kept));
        keep(JSON.stringify({ hash: schema.hash, values }));
        Promise.resolve(userStorage?.setItem(name, kept)).catch(() => {});
      }
    },
  };
}

exports.memoryOf = memoryOf;
