// The choices of dashboard variables, and the values that are chosen.
import { rangeUtil } from '@grafana/data';
import { variableOptions } from './run.js';

const ALL = { text: 'All', value: '$__all' };

const split = (text) =>
  (text.match(/(?:\\,|[^,])+/g) ?? []).map((part) => {
    const [, key, value] = /^\s*(.+)\s+:\s+(.+)$/.exec(part.replaceAll('\\,', ',')) ?? [];
    const plain = part.replaceAll('\\,', ',').trim();
    return key ? { text: key.trim(), value: value.trim() } : { text: plain, value: plain };
  });

async function choices(variable, { datasource, request, settings }) {
  switch (variable.type) {
    case 'query':
      return variableOptions(datasource, variable, request);
    case 'custom':
      return split(variable.query ?? '');
    case 'interval':
      return split(variable.query ?? '').filter(({ value }) => rangeUtil.isValidTimeSpan?.(value) ?? true);
    case 'datasource':
      return [{ text: settings.name, value: settings.uid }];
    default:
      return [{ text: variable.current?.value ?? variable.query ?? '', value: variable.current?.value ?? variable.query ?? '' }];
  }
}

/** Keep the chosen values that still exist, else choose the first, or All. */
export function choose(variable, wanted = variable.current?.value) {
  const byValue = new Map(variable.options.map((option) => [option.value, option]));
  const valid = [wanted ?? []].flat().filter((value) => byValue.has(value));
  const values = valid.length > 0 ? valid : variable.options.slice(0, 1).map(({ value }) => value);
  const texts = values.map((value) => byValue.get(value).text);
  const current = variable.multi ? { value: values, text: texts } : { value: values[0] ?? '', text: texts[0] ?? '' };
  return { ...variable, current };
}

/** Fill in the choices of all variables, one after the other: a query may contain another variable.
 * `keep` gets the list after each variable, for the query of the next one. */
export async function fillVariables(variables, context, keep) {
  let list = variables;
  for (const { name } of variables) {
    const variable = list.find((each) => each.name === name);
    const filled = await fill(variable, context);
    list = list.map((each) => (each.name === name ? filled : each));
    keep(list);
  }
  return list;
}

async function fill(variable, context) {
  try {
    const options = await choices(variable, context);
    const all = variable.includeAll ? [ALL] : [];
    return choose({ ...variable, options: [...all, ...options], error: undefined });
  } catch (error) {
    return { ...variable, options: [], error: error.message ?? String(error) };
  }
}

/** Change a variable's value; "All" is never chosen beside other values. */
export function change(variable, wanted) {
  if (['textbox', 'constant'].includes(variable.type)) {
    return { ...variable, query: String(wanted), current: { value: String(wanted), text: String(wanted) } };
  }
  const before = [variable.current?.value ?? []].flat();
  const values = [wanted].flat();
  const isAllNew = values.includes(ALL.value) && !before.includes(ALL.value);
  return choose(variable, isAllNew ? [ALL.value] : values.length > 1 ? values.filter((value) => value !== ALL.value) : values);
}
