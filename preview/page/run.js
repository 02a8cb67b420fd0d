// Query the data source as Grafana's panels, Explore, variables and annotations do.
// Source: grafana v13.2.2, public/app/features/query/state/runRequest.ts; public/app/features/variables/query/; public/app/features/annotations/.
import { CoreApp, LoadingState, getProcessedDataFrames, rangeUtil, toDataFrame } from '@grafana/data';
import { toDataQueryError } from '@grafana/runtime';
import { from, isObservable, lastValueFrom, of, takeWhile } from 'rxjs';

let lastRequest = 0;

/** Build a request as Grafana does, with the interval that suits the range and the panel's width. */
export function createRequest({
  targets,
  range,
  timeZone,
  maxDataPoints = 800,
  minInterval,
  app = CoreApp.PanelEditor,
  filters,
  scopedVars,
  ...more
}) {
  const { interval, intervalMs } = rangeUtil.calculateInterval(range, maxDataPoints, minInterval);
  return {
    requestId: `P${(lastRequest += 1)}`,
    app,
    range,
    rangeRaw: range.raw,
    timezone: timeZone,
    interval,
    intervalMs,
    maxDataPoints,
    targets,
    filters,
    scopedVars: {
      __interval: { text: interval, value: interval },
      __interval_ms: { text: String(intervalMs), value: intervalMs },
      ...scopedVars,
    },
    startTime: Date.now(),
    ...more,
  };
}

const observable = (answer) => (isObservable(answer) ? answer : from(Promise.resolve(answer)));

/** Run the complete targets; `take` gets each state of the answer. The returned function stops the query.
 * @returns {() => void} */
export function run(datasource, request, take) {
  const targets = request.targets.filter((target) => !target.hide && (datasource.filterQuery?.(target) ?? true));
  const packets = new Map();
  const started = performance.now();
  const give = (more) => {
    const parts = [...packets.values()];
    const frames = getProcessedDataFrames(parts.flatMap(({ data = [] }) => data));
    const errors = parts.flatMap(({ errors: several, error }) => several ?? (error ? [error] : []));
    take({ request, frames, errors, milliseconds: performance.now() - started, ...more });
  };
  if (targets.length === 0) {
    give({ state: LoadingState.Done, isEmpty: true });
    return () => {};
  }
  give({ state: LoadingState.Loading });
  let asked;
  try {
    asked = observable(datasource.query({ ...request, targets }));
  } catch (error) {
    asked = of({ data: [], error: toDataQueryError(error), state: LoadingState.Error });
  }
  const subscription = asked.subscribe({
    next: (packet) => {
      packets.set(packet.key ?? 'A', packet);
      const hasFailed = [...packets.values()].some(({ error, errors }) => error || errors?.length);
      const isWhole = packet.state !== LoadingState.Loading;
      give({ state: isWhole && hasFailed ? LoadingState.Error : (packet.state ?? LoadingState.Done) });
    },
    error: (error) => {
      packets.set('error', { error: toDataQueryError(error) });
      give({ state: LoadingState.Error });
    },
    complete: () => packets.size === 0 && give({ state: LoadingState.Done }),
  });
  return () => subscription.unsubscribe();
}

/** Wait for the answer, and return its frames. Of a stream only the first answer is read. */
async function frames(answer) {
  const response = await lastValueFrom(observable(answer).pipe(takeWhile(({ state }) => state === LoadingState.Loading, true)));
  if (response.error ?? response.errors?.[0]) {
    throw new Error((response.error ?? response.errors[0]).message);
  }
  return response.data.map((part) => (part.fields ? toDataFrame(part) : part)); // the answer for a variable may be plain choices
}

/** The values of a query variable, read from the data source as Grafana does. @returns {Promise<{ text: string, value: string }[]>} */
export async function variableOptions(datasource, variable, request) {
  const support = datasource.variables;
  const query =
    typeof variable.query === 'object' && variable.query !== null ? { refId: variable.name, ...variable.query } : variable.query;
  const scopedVars = { ...request.scopedVars, __searchFilter: { value: '', text: '' } };
  let items;
  if (!support) {
    items = datasource.metricFindQuery ? await datasource.metricFindQuery(query, { scopedVars, range: request.range, variable }) : [];
  } else {
    const kind = support.getType();
    const asked = {
      ...request,
      app: CoreApp.Dashboard,
      scopedVars,
      targets: [kind === 'standard' ? support.toDataQuery(typeof query === 'string' ? { query, refId: variable.name } : query) : query],
    };
    items = choicesIn(await frames((kind === 'datasource' ? undefined : support.query?.(asked)) ?? datasource.query(asked)));
  }
  return chosen(items, variable);
}

/** Read choices from frames: the columns text and value, or the first column of texts. */
function choicesIn(parts) {
  return parts.flatMap((frame) => {
    if (!frame.fields) {
      return [frame];
    }
    const named = (name) => frame.fields.find((field) => field.name.toLowerCase() === name);
    const first = frame.fields.find(({ type }) => type === 'string') ?? frame.fields.find(({ type }) => type !== 'time');
    const [text, value] = [named('text') ?? named('value') ?? first, named('value') ?? named('text') ?? first];
    return text ? Array.from(text.values, (item, row) => ({ text: item, value: value.values[row] })) : [];
  });
}

/** Apply a variable's regular expression and order, and drop doubles. */
function chosen(items, { regex, sort = 0 }) {
  const pattern = regex ? new RegExp(...(/^\/(.*)\/([gimsuy]*)$/s.exec(regex)?.slice(1) ?? [regex])) : undefined;
  const pairs = items.flatMap(({ text, value }) => {
    const whole = { text: String(text ?? value), value: String(value ?? text) };
    const match = pattern?.exec(whole.value);
    if (!pattern) {
      return [whole];
    }
    const { groups = {}, 1: group } = match ?? {};
    return match
      ? [{ text: groups.text ?? groups.value ?? group ?? whole.text, value: groups.value ?? groups.text ?? group ?? whole.value }]
      : [];
  });
  const unique = [...new Map(pairs.map((pair) => [pair.value, pair])).values()];
  const numeric = ({ text }) => Number(/\d+/.exec(text)?.[0] ?? -1);
  const orders = [
    undefined,
    (a, b) => a.text.localeCompare(b.text),
    (a, b) => numeric(a) - numeric(b),
    (a, b) => a.text.toLowerCase().localeCompare(b.text.toLowerCase()),
  ];
  const order = orders[Math.ceil(sort / 2)];
  const sorted = order ? unique.toSorted(order) : unique;
  return sort && sort % 2 === 0 ? sorted.toReversed() : sorted;
}

/** The events of one annotation, with their times, titles, texts and tags. @returns {Promise<{ time: number, timeEnd?: number, title?: string, text?: string, tags?: string[] }[]>} */
export async function annotationEvents(datasource, annotation, request) {
  const support = datasource.annotations ?? {};
  const prepared = support.prepareAnnotation?.(annotation) ?? annotation;
  const query = support.prepareQuery ? support.prepareQuery(prepared) : prepared.target;
  if (!query) {
    return [];
  }
  const scopedVars = { ...request.scopedVars, __annotation: { text: annotation.name, value: annotation } };
  const parts = await frames(
    datasource.query({ ...request, maxDataPoints: 100, app: CoreApp.Dashboard, scopedVars, targets: [{ ...query, refId: 'Anno' }] })
  );
  const events = support.processEvents ? await lastValueFrom(observable(support.processEvents(prepared, parts))) : parts.flatMap(eventsIn);
  return (events ?? []).map((event) => ({ color: annotation.iconColor, ...event }));
}

function eventsIn(frame) {
  const field = (name) => frame.fields.find((each) => each.name.toLowerCase() === name.toLowerCase());
  const time = field('time') ?? frame.fields.find(({ type }) => type === 'time');
  const text = field('text') ?? frame.fields.find(({ type }) => type === 'string');
  if (!time) {
    return [];
  }
  return Array.from({ length: frame.length }, (_, row) => ({
    time: time.values[row],
    timeEnd: field('timeEnd')?.values[row],
    title: field('title')?.values[row],
    text: text?.values[row],
    tags: [field('tags')?.values[row] ?? []]
      .flat()
      .flatMap((tag) => (typeof tag === 'string' ? tag.split(',') : [tag]))
      .filter(Boolean),
  }));
}
