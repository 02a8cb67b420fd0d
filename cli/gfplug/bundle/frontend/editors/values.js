// @ts-check
// Template variables as values, in fields with `variables`: Python quotes them, so that no value can become SQL code.
const { getTemplateSrv } = require('@grafana/runtime');

const REFERENCE = /\$(\w+)|\[\[(\w+)(?::[^\]]*)?\]\]|\$\{(\w+)(\.[^:}]+)?(?::[^}]*)?\}/g;
const OF_TIME = /^__(from|to|(rate_)?interval(_ms)?|range(_s|_ms)?)$/;

/** @param {unknown} value */
function write(value) {
  const escape = (/** @type {string} */ sign) => `%${sign.charCodeAt(0).toString(16)}`;
  const texts = [value].flat().map((item) => encodeURIComponent(String(item)).replace(/[!'()*]/g, escape));
  return `$__text(${texts.join()})`;
}

/** Replace each variable with `$__text(value,…)`, ignoring its format; Grafana fills in the variables of the time range.
 * @param {string} text @param {import('@grafana/data').ScopedVars} scoped */
function writeValues(text, scoped) {
  return text.replace(REFERENCE, (reference, bare, old, braced, path = '') => {
    const name = bare ?? old ?? braced;
    if (OF_TIME.test(name)) {
      return getTemplateSrv().replace(reference, scoped);
    }
    const plain = `\${${name}${path}}`;
    let isWritten = false;
    const filled = getTemplateSrv().replace(plain, scoped, (/** @type {unknown} */ value) => {
      isWritten = true;
      return write(value);
    });
    return filled === plain ? reference : isWritten ? filled : write(filled);
  });
}

exports.writeValues = writeValues;
