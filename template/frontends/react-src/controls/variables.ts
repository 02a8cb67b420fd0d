// Template variables: filled in before a query goes to Python.
import { type ScopedVars } from '@grafana/data';
import { getTemplateSrv } from '@grafana/runtime';

/** Fill in the variables of every text in a value, at any depth. */
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

/** An item of a list that is nothing but a variable becomes as many items as the variable has values. */
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

/** Fill in the variables of SQL as Grafana's own data sources do: several values, or one of a variable that may have
 * several, in quotes; any other without, and each quote within doubled. A format, as in `${name:raw}`, comes before this. */
export function interpolateSql<Text extends string | null | undefined>(sql: Text, scoped: ScopedVars): Text {
  return (typeof sql === 'string' ? getTemplateSrv().replace(sql, scoped, quote) : sql) as Text;
}

function quote(value: unknown, { multi, includeAll }: { multi?: boolean; includeAll?: boolean } = {}): string {
  const text = [value].flat().map((item) => `'${String(item).replace(/'/g, "''")}'`).join();
  return Array.isArray(value) || multi || includeAll ? text : text.slice(1, -1);
}

const REFERENCE = /\$(\w+)|\[\[(\w+)(?::[^\]]*)?\]\]|\$\{(\w+)(\.[^:}]+)?(?::[^}]*)?\}/g;
const OF_TIME = /^__(from|to|(rate_)?interval(_ms)?|range(_s|_ms)?)$/;

/** Put `$__text(value,…)` in the place of each variable, whatever format it asks for: Python writes these so that no text of
 * one becomes SQL. The time range stays as Grafana has it. */
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
