// Dashboard variables in texts: $name, ${name}, ${name:format}, [[name]].
// Source: grafana v13.2.2, public/app/features/templating/ (template_srv.ts, macroRegistry.ts), and the formats of @grafana/scenes.
import { dateTime, escapeRegex } from '@grafana/data';

const REFERENCE = /\$(\w+)|\[\[(\w+?)(?::(\w+))?\]\]|\$\{(\w+)(?:\.([^:^}]+))?(?::([^}]+))?\}/g;
const list = (value) => (Array.isArray(value) ? value : [value]).map(String);
const one = (value, text) => (Array.isArray(value) ? text(value.map(String)) : String(value));
const quoted = (value, quote, escape) =>
  list(value)
    .map((item) => `${quote}${item.replaceAll(quote, escape)}${quote}`)
    .join(',');
const lucene = (item) => `"${item.replace(/(["\\])/g, '\\$1')}"`;
const encode = (text) => encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);

const FORMATS = {
  csv: (value) => list(value).join(','),
  distributed: (value, _text, name) => one(value, (items) => items.map((item, index) => (index ? `${name}=${item}` : item)).join(',')),
  doublequote: (value) => quoted(value, '"', '\\"'),
  glob: (value) => one(value, (items) => (items.length > 1 ? `{${items.join(',')}}` : (items[0] ?? ''))),
  html: (value) =>
    list(value)
      .join(', ')
      .replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`),
  join: (value, _text, _name, separator = ',') => list(value).join(separator),
  json: (value) => JSON.stringify(value),
  lucene: (value) => one(value, (items) => (items.length ? `(${items.map(lucene).join(' OR ')})` : '__empty__')),
  percentencode: (value) => encode(one(value, (items) => `{${items.join(',')}}`)),
  pipe: (value) => list(value).join('|'),
  queryparam: (value, _text, name) =>
    list(value)
      .map((item) => `var-${name}=${encode(item)}`)
      .join('&'),
  raw: (value) => String(value),
  regex: (value) => one(value, (items) => (items.length > 1 ? `(${items.map(escapeRegex).join('|')})` : escapeRegex(items[0] ?? ''))),
  singlequote: (value) => quoted(value, "'", "\\'"),
  sqlstring: (value) => quoted(value, "'", "''"),
  text: (_value, text) => [text].flat().join(' + '),
};

/** Write a value in a format. */
export function format(value, kind, { text = value, name = '' } = {}) {
  const [named, ...rest] = String(kind ?? 'glob').split(':');
  if (named === 'date') {
    const [pattern] = rest;
    const time = dateTime(Number(value));
    return (
      { iso: () => time.toISOString(), seconds: () => String(Math.floor(Number(value) / 1000)) }[pattern]?.() ??
      time.utc().format(rest.join(':') || undefined)
    );
  }
  return (FORMATS[named] ?? FORMATS.glob)(value, text, name, ...rest);
}

const walk = (value, path) =>
  path
    ? path
        .split(/[.[\]"]+/)
        .filter(Boolean)
        .reduce((inner, key) => inner?.[key], value)
    : value;

/** The macros about the value itself in data links and display names. */
function macro(name, path, scoped) {
  const { value: context } = scoped?.__dataContext ?? {};
  if (!context) {
    return undefined;
  }
  const { field, frame, rowIndex } = context;
  const cell = rowIndex === undefined ? undefined : field?.values[rowIndex];
  const display = () => field?.display?.(cell) ?? { text: String(cell), numeric: Number(cell) };
  const values = {
    __field: () => walk({ name: field?.state?.displayName ?? field?.name, labels: field?.labels ?? {} }, path ?? 'name'),
    __series: () => frame?.name,
    __value: () =>
      ({
        raw: cell,
        text: display().text,
        numeric: display().numeric,
        time: frame?.fields.find(({ type }) => type === 'time')?.values[rowIndex],
      })[path ?? 'raw'],
    __data: () =>
      path?.startsWith('fields') &&
      [
        frame?.fields.find(({ name: other }, index) =>
          [other, String(index)].includes(path.slice('fields'.length).replace(/^[.["]+|["\]]+$/g, ''))
        ),
      ].map((other) => other?.values[rowIndex])[0],
  };
  if (!(name in values)) {
    return undefined;
  }
  const found = values[name]() ?? '';
  return { value: typeof found === 'object' ? JSON.stringify(found) : found };
}

/** The service that getTemplateSrv() gives to plugins. `state()` gives the current variables and the time range. */
export class TemplateService {
  constructor(state) {
    this.state = state;
  }

  getVariables() {
    return this.state().variables.map(({ name, type, current, options, multi, includeAll, ...rest }) => ({
      ...rest,
      id: name,
      name,
      type,
      current,
      options,
      multi,
      includeAll,
    }));
  }

  getAdhocFilters() {
    return this.state().filters;
  }

  containsTemplate(target) {
    return (
      typeof target === 'string' &&
      new RegExp(REFERENCE.source).test(target) &&
      [...target.matchAll(REFERENCE)].some(([, a, b, , c]) => this.#find(a ?? b ?? c) !== undefined)
    );
  }

  updateTimeRange() {}

  /** The variables that a text refers to. */
  names(target) {
    return [...String(target).matchAll(REFERENCE)].map(([, a, b, , c]) => a ?? b ?? c);
  }

  replace(target, scoped, kind, interpolations) {
    if (!target) {
      return target ?? '';
    }
    return String(target).replace(REFERENCE, (match, plain, bracketed, bracketedFormat, braced, fieldPath, bracedFormat) => {
      const variableName = plain ?? bracketed ?? braced;
      const asked = bracketedFormat ?? bracedFormat ?? kind;
      const found = scoped?.[variableName] ?? macro(variableName, fieldPath, scoped) ?? this.#find(variableName);
      const value = found === undefined ? match : this.#write(found, { variableName, fieldPath, asked });
      interpolations?.push({ match, variableName, fieldPath, format: asked, value, found: found !== undefined });
      return value;
    });
  }

  #write({ value, text, isRaw, variable }, { variableName, fieldPath, asked }) {
    const inner = fieldPath && typeof value === 'object' && !Array.isArray(value) ? walk(value, fieldPath) : value;
    if (inner === null || inner === undefined) {
      return '';
    }
    if (isRaw) {
      return String(inner);
    }
    if (typeof asked === 'function') {
      return asked(inner, variable ?? { name: variableName }, format);
    }
    return format(inner, asked, { text: fieldPath === 'text' ? (text ?? inner) : text, name: variableName });
  }

  #find(name) {
    const { variables, range, timeZone } = this.state();
    const variable = variables.find((each) => each.name === name);
    if (variable) {
      return valueOf(variable);
    }
    const [from, to] = [range.from.valueOf(), range.to.valueOf()];
    const fixed = {
      __from: from,
      __to: to,
      __range: `${Math.round((to - from) / 1000)}s`,
      __range_s: Math.round((to - from) / 1000),
      __range_ms: to - from,
      __timezone: timeZone === 'browser' ? Intl.DateTimeFormat().resolvedOptions().timeZone : timeZone,
      __user: { id: 1, login: 'preview', email: '' },
      __org: { id: 1, name: 'Main Org.' },
      __dashboard: { name: 'preview', uid: 'preview' },
    }[name];
    return fixed === undefined ? undefined : { value: fixed };
  }
}

/** A variable's value as queries see it: "All" is every value, unless the variable has a value for it. */
export function valueOf(variable) {
  const { current = {}, options = [], allValue } = variable;
  if ([current.value].flat().includes('$__all')) {
    const values = options.map(({ value }) => value).filter((value) => value !== '$__all');
    return allValue ? { value: allValue, text: 'All', isRaw: true, variable } : { value: values, text: 'All', variable };
  }
  return { value: current.value ?? '', text: current.text ?? current.value, variable };
}
