// @ts-check
// Queries that the project's hooks answer in the browser; Python answers the others.
const { LoadingState, toDataFrame } = require('@grafana/data');
const { getBackendSrv } = require('@grafana/runtime');
const { catchError, defaultIfEmpty, finalize, from, isObservable, lastValueFrom, map, merge, mergeMap, of } = require('rxjs');
const { put, valueOf } = require('./fields');
const { schema } = require('./project');
const { fieldsOf } = require('./query');
/** @type {import('./types').Hooks} */
const hooks = require('./hooks');

/**
 * @typedef {import('./datasource').DataSource} DataSource
 * @typedef {import('./types').Query} Query
 * @typedef {import('@grafana/data').DataQueryRequest<Query>} Request
 * @typedef {import('@grafana/data').DataQueryResponse} Response
 * @typedef {(request: Request) => import('rxjs').Observable<Response>} Python
 */

/** @param {DataSource} datasource @param {Request} request @param {Python} python @returns {import('rxjs').Observable<Response>} */
function query(datasource, request, python) {
  if (!schema.query.migrates) {
    return share(datasource, request, request.targets, python);
  }
  const todays = Promise.all(request.targets.map((target) => migrated(datasource.uid, target)));
  return from(todays).pipe(mergeMap((queries) => share(datasource, request, queries, python)));
}

/** A query for the hooks: migrated, with its defaults; undefined if Python can't migrate it; Python reports why.
 * @param {string} uid @param {Query} target @returns {Promise<Query | undefined>} */
async function migrated(uid, target) {
  try {
    const saved = await require('./migration').migrated(uid, 'query', target);
    return /** @type {Query} */ (fieldsOf(target).reduce((values, field) => put(values, field.name, valueOf(field, values)), saved));
  } catch {
    return undefined;
  }
}

/** Divide the queries between the hook and Python.
 * @param {DataSource} datasource @param {Request} request @param {Array<Query | undefined>} queries as hooks see them @param {Python} python */
function share(datasource, request, queries, python) {
  const answers = request.targets.map((target, place) => {
    const abort = new AbortController();
    return { target, abort, answer: queries[place] && ask(datasource, queries[place], request, abort.signal) };
  });
  const here = answers.flatMap(({ target, answer, abort }) => (answer ? [respond(target.refId, answer).pipe(finalize(() => abort.abort()))] : []));
  const targets = answers.filter(({ answer }) => !answer).map(({ target }) => target);
  const there = targets.length || !here.length ? [python({ ...request, targets })] : [];
  const parts = [...here, ...there.map((answer) => answer.pipe(map((response) => ({ ...response, key: 'backend' }))))];
  return parts.length === 1 ? parts[0] : merge(...parts).pipe(map(withState(parts.length)));
}

/** Give each part the state of the whole answer: Grafana shows the state of the last part.
 * @param {number} count how many parts will come @returns {(part: Response) => Response} */
function withState(count) {
  /** @type {Map<string | undefined, Response['state']>} */
  const states = new Map();
  return (part) => {
    states.set(part.key, part.state);
    const all = [...states.values()];
    const isWhole = all.length === count && !all.includes(LoadingState.Loading);
    const state = isWhole ? [LoadingState.Streaming, LoadingState.Error].find((each) => all.includes(each)) : LoadingState.Loading;
    return { ...part, state: state ?? LoadingState.Done };
  };
}

/** Ask the hook; undefined means that Python answers.
 * @param {DataSource} datasource @param {Query} target @param {Request} request @param {AbortSignal} signal */
function ask(datasource, target, request, signal) {
  if (schema.own?.[/** @type {'variable'} */ (target.queryType)]) {
    return undefined;
  }
  try {
    return hooks.query?.(datasource.applyTemplateVariables(target, request.scopedVars, request.filters), {
      request,
      datasource,
      from: request.range.from.valueOf(),
      to: request.range.to.valueOf(),
      fetch: (path, init) => fetch(datasource.proxyUrl, path, init, signal),
    });
  } catch (error) {
    return Promise.reject(error);
  }
}

/** Ask the proxy until nobody waits for the answer. With a request id Grafana would cancel all its fetches but the last.
 * @param {string} proxyUrl @param {string} path @param {import('./types').FetchInit | undefined} init @param {AbortSignal} abortSignal */
async function fetch(proxyUrl, path, init, abortSignal) {
  const url = `${proxyUrl}/${path.replace(/^\/+/, '')}`;
  const options = { method: 'GET', showErrorAlert: false, ...init, url, abortSignal };
  return (await lastValueFrom(getBackendSrv().fetch(options))).data;
}

/** One target's frames, or its error, so that the other queries are still answered.
 * @param {string} refId @param {Promise<import('./types').Frames> | import('rxjs').Observable<import('./types').Frames>} answer */
function respond(refId, answer) {
  return (isObservable(answer) ? answer : from(answer)).pipe(
    defaultIfEmpty(/** @type {import('./types').Frames} */ ([])),
    map((frames) => ({ key: refId, state: LoadingState.Done, data: frames.map((frame) => ({ ...toDataFrame(frame), refId })) })),
    catchError((error) => {
      const message = error?.data?.message ?? error?.message ?? String(error);
      return of({ key: refId, state: LoadingState.Error, data: [], errors: [{ refId, status: error?.status, message }] });
    })
  );
}

module.exports = { query };
