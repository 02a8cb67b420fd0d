// @ts-check
// Queries that the project's own code answers in the browser; Python answers those that it leaves.
const { LoadingState, toDataFrame } = require('@grafana/data');
const { getBackendSrv } = require('@grafana/runtime');
const { catchError, from, isObservable, lastValueFrom, map, merge, mergeMap, of } = require('rxjs');
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

/** A query as hooks see it: of today, its defaults filled in; undefined where Python fails to migrate it, and says why.
 * @param {string} uid @param {Query} target @returns {Promise<Query | undefined>} */
async function migrated(uid, target) {
  try {
    const saved = await require('./migration').migrated(uid, 'query', target);
    return /** @type {Query} */ (fieldsOf(target).reduce((values, field) => put(values, field.name, valueOf(field, values)), saved));
  } catch {
    return undefined;
  }
}

/** Share the queries out between the hook and Python.
 * @param {DataSource} datasource @param {Request} request @param {Array<Query | undefined>} queries as hooks see them @param {Python} python */
function share(datasource, request, queries, python) {
  const answers = request.targets.map((target, place) => ({ target, answer: queries[place] && ask(datasource, queries[place], request) }));
  const here = answers.flatMap(({ target, answer }) => (answer ? [respond(target.refId, answer)] : []));
  const targets = answers.filter(({ answer }) => !answer).map(({ target }) => target);
  const there = targets.length || !here.length ? [python({ ...request, targets })] : [];
  return merge(...here, ...there.map((answer) => answer.pipe(map((response) => ({ ...response, key: 'backend' })))));
}

/** Ask the hook; undefined means that Python answers. @param {DataSource} datasource @param {Query} target @param {Request} request */
function ask(datasource, target, request) {
  if (schema.own?.[/** @type {'variable'} */ (target.queryType)]) {
    return undefined;
  }
  try {
    return hooks.query?.(datasource.applyTemplateVariables(target, request.scopedVars, request.filters), {
      request,
      datasource,
      from: request.range.from.valueOf(),
      to: request.range.to.valueOf(),
      fetch: (path, init) => fetch(datasource.proxyUrl, path, init, request.requestId),
    });
  } catch (error) {
    return Promise.reject(error);
  }
}

/** @param {string} proxyUrl @param {string} path @param {import('./types').FetchInit} [init] @param {string} [requestId] */
async function fetch(proxyUrl, path, init, requestId) {
  const url = `${proxyUrl}/${path.replace(/^\/+/, '')}`;
  const options = { method: 'GET', showErrorAlert: false, ...init, url, requestId };
  return (await lastValueFrom(getBackendSrv().fetch(options))).data;
}

/** One target's frames, or its own error, so that one failing query does not sink the others.
 * @param {string} refId @param {Promise<import('./types').Frames> | import('rxjs').Observable<import('./types').Frames>} answer */
function respond(refId, answer) {
  return (isObservable(answer) ? answer : from(answer)).pipe(
    map((frames) => ({ key: refId, state: LoadingState.Done, data: frames.map((frame) => ({ ...toDataFrame(frame), refId })) })),
    catchError((error) => {
      const message = error?.data?.message ?? error?.message ?? String(error);
      return of({ key: refId, state: LoadingState.Error, data: [], errors: [{ refId, status: error?.status, message }] });
    })
  );
}

module.exports = { query };
