// Replaces template variables before a query goes to Python.
import { type ScopedVars } from '@grafana/data';
import { getTemplateSrv } from '@grafana/runtime';

/** Replace the variables of every text in a value, at any depth. */
export function interpolate<Value>(value: Value, scoped: ScopedVars): Value {
  return filled(value, scoped) as Value;
}

function filled(value: unknown, scoped: ScopedVars): unknown {
  if (typeof value === 'string') {
    return getTemplateSrv().replace(value, scoped);
  }
  if (Array.isArray(value)) {
    return value.flatMap((item) => (typeof item === 'string' ? expand(item, scoped) : [filled(item, scoped)]));
  }
  return value && typeof value === 'object'
    ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, filled(inner, scoped)]))
    : value;
}

/** If an item of a list is only a variable, replace it with one item for each value of the variable. */
function expand(text: string, scoped: ScopedVars): string[] {
  let values: unknown[] | undefined;
  if (/^\s*(\$\w+|\$\{\w+\})\s*$/.test(text)) {
    getTemplateSrv().replace(text, scoped, (value: unknown) => {
      values = [value].flat();
      return '';
    });
  }
  return (values ?? [getTemplateSrv().replace(text, scoped)]).map(String);
}

/** Replace the variables of SQL as Grafana's own data sources do: the values of a variable that may have several are quoted,
 * others are not, and quotes in a value are doubled. A format, as in `${name:raw}`, takes precedence. */
export function interpolateSql<Text extends string | null | undefined>(sql: Text, scoped: ScopedVars): Text {
  return (typeof sql === 'string' ? getTemplateSrv().replace(sql, scoped, quote) : sql) as Text;
}

function quote(value: unknown, { multi, includeAll }: { multi?: boolean; includeAll?: boolean } = {}): string {
  const text = [value].flat().map((item) => `'${String(item).replace(/'/g, "''")}'`).join();
  return Array.isArray(value) || multi || includeAll ? text : text.slice(1, -1);
}

const REFERENCE = /\$(\w+)|\[\[(\w+)(?::[^\]]*)?\]\]|\$\{(\w+)(\.[^:}]+)?(?::[^}]*)?\}/g;
const OF_TIME = /^__(from|to|(rate_)?interval(_ms)?|range(_s|_ms)?)$/;

/** Replace each variable with `$__text(value,…)`, and ignore its format: Python converts these so that no text becomes SQL.
 * Variables of the time range are replaced as Grafana does. */
export function interpolateValues<Text extends string | null | undefined>(sql: Text, scoped: ScopedVars): Text {
  return (typeof sql === 'string' ? sql.replace(REFERENCE, (...match) => replaced(match, scoped)) : sql) as Text;
}

function replaced([reference, bare, old, braced, path = '']: string[], scoped: ScopedVars): string {
  const name = bare ?? old ?? braced;
  if (OF_TIME.test(name)) {
    return getTemplateSrv().replace(reference, scoped);
  }
  const plain = `\${${name}${path}}`;
  let isWritten = false;
  const filled = getTemplateSrv().replace(plain, scoped, (value: unknown) => {
    isWritten = true;
    return written(value);
  });
  return filled === plain ? reference : isWritten ? filled : written(filled);
}

function written(value: unknown): string {
  const escape = (sign: string) => `%${sign.charCodeAt(0).toString(16)}`;
  return `$__text(${[value].flat().map((item) => encodeURIComponent(String(item)).replace(/[!'()*]/g, escape)).join()})`;
}
