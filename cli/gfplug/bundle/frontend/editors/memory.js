// @ts-check
// A user's last choices in fields with `remember`, for each data source: stored in this browser, and in Grafana 12 and
// newer also in Grafana's user storage for plugins, which all browsers of the user share.
const { config } = require('@grafana/runtime');
const { hasVariable, isEmpty, put, valueOf } = require('./fields');
const { schema } = require('./project');

/**
 * @typedef {import('./types').UiField} UiField
 * @typedef {import('./types').Values} Values
 */

const fields = schema.query.fields.filter((field) => field.remember);

/** The values that editors of this schema stored; others may have other types. @param {string | null} text @returns {Values} */
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
    // this browser stores nothing
  }
  const keep = (/** @type {string} */ text) => {
    kept = text;
    try {
      localStorage.setItem(place, text);
    } catch {
      // the values last until the user leaves the page
    }
  };
  const before = kept;
  Promise.resolve(userStorage?.getItem(name)).then((text) => text && kept === before && keep(text), () => {});
  return {
    /** Replace defaults with the user's last choices. @param {Values} defaults */
    fill(defaults) {
      const values = parse(kept);
      return fields.reduce((filled, { name }) => (isEmpty(values[name]) ? filled : put(filled, name, values[name])), defaults);
    },
    /** Keep the values that an edit changed, except variables, which belong to a dashboard. An empty field gets its default.
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
