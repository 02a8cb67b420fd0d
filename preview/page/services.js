// The services of @grafana/runtime that a data source's browser code uses: requests, variables, data sources, streams.
import * as data from '@grafana/data';
import * as runtime from '@grafana/runtime';
import { Observable, firstValueFrom, of } from 'rxjs';
import { initializeLoggersRegistry } from 'optional-loggers';
import { address, events } from './server.js';

/** Requests to the server, for the inspector; `listen` gets each exchange twice: at its start and at its end. */
export const exchanges = { listen: undefined };

/** Grafana's store of its users' choices. Without the store, @grafana/runtime keeps them in the browser. */
const USER_STORAGE = '/apis/userstorage.grafana.app/';
const STREAM_PERIOD = 100; // milliseconds between updates: a fast stream leaves time to draw and to type
const WITHOUT_BODY = new Set(['GET', 'HEAD']);
let lastExchange = 0;

function bodyOf({ data: content }) {
  return content === undefined || content instanceof Blob || content instanceof FormData || typeof content === 'string'
    ? content
    : JSON.stringify(content);
}

async function read(answer, kind) {
  if (kind === 'blob' || kind === 'arraybuffer') {
    const content = await answer.blob();
    return { content: kind === 'blob' ? content : await content.arrayBuffer(), bytes: content.size };
  }
  const text = await answer.text();
  try {
    return { content: kind === 'text' ? text : JSON.parse(text), bytes: text.length };
  } catch {
    return { content: text, bytes: text.length };
  }
}

async function exchange(options, signal) {
  if (options.url.startsWith(USER_STORAGE)) {
    const message = 'the preview stores the choices of a user in the browser only';
    throw { status: 404, statusText: 'Not Found', data: { message }, config: options };
  }
  const url = new URL(/^https?:/.test(options.url) ? options.url : address(options.url));
  Object.entries(options.params ?? {}).forEach(([name, values]) =>
    [values].flat().forEach((value) => value !== undefined && url.searchParams.append(name, value))
  );
  const method = (options.method ?? 'GET').toUpperCase();
  const body = WITHOUT_BODY.has(method) ? undefined : bodyOf(options);
  const headers = {
    accept: 'application/json, text/plain, */*',
    ...(body instanceof FormData ? {} : { 'content-type': 'application/json' }),
    ...options.headers,
  };
  const record = {
    id: (lastExchange += 1),
    method,
    path: url.href.replace(address(''), ''),
    request: options.data,
    started: performance.now(),
    requestId: options.requestId,
  };
  exchanges.listen?.(record);
  const finish = (more) => exchanges.listen?.({ ...record, milliseconds: performance.now() - record.started, ...more });
  try {
    const answer = await fetch(url, { method, headers, body, signal });
    const { content, bytes } = await read(answer, options.responseType);
    finish({ status: answer.status, bytes, response: content });
    const response = {
      status: answer.status,
      statusText: answer.statusText,
      ok: answer.ok,
      data: content,
      headers: answer.headers,
      redirected: answer.redirected,
      type: answer.type,
      url: answer.url,
      config: options,
    };
    if (answer.ok) {
      return response;
    }
    throw response;
  } catch (error) {
    if (error instanceof Error) {
      finish({ error: error.message });
      throw signal.aborted
        ? { cancelled: true, status: -1, statusText: 'Request was aborted', data: null, config: options }
        : unanswered(url, error, options);
    }
    throw error;
  }
}

/** The error that a plugin gets if no server answered, in the shape of Grafana's. */
function unanswered(url, { message }, options) {
  const isHere = url.origin === location.origin;
  const reason = isHere
    ? 'the preview server does not answer'
    : `this page may not send requests to ${url.origin}, and a page of Grafana may not either: use a route of plugin.json`;
  return { status: 0, statusText: message, message: reason, data: { message: `${reason} (${message})` }, config: options };
}

const running = new Map();

/** One request as an observable: a newer request with the same requestId ends it, and so does the end of the subscription. */
function fetchObservable(options) {
  return new Observable((subscriber) => {
    const abort = new AbortController();
    const { requestId } = options;
    running.get(requestId)?.abort();
    if (requestId) {
      running.set(requestId, abort);
    }
    options.abortSignal?.addEventListener('abort', () => abort.abort());
    exchange(options, abort.signal)
      .then((response) => {
        subscriber.next(response);
        subscriber.complete();
      })
      .catch((error) => subscriber.error(error));
    return () => abort.abort();
  });
}

const content = async (options) => (await firstValueFrom(fetchObservable(options))).data;
/** The service that getBackendSrv() gives to plugins. */
export const backend = {
  fetch: fetchObservable,
  datasourceRequest: (options) => firstValueFrom(fetchObservable(options)),
  request: content,
  get: (url, params, requestId, options) => content({ ...options, method: 'GET', url, params, requestId }),
  delete: (url, body, options) => content({ ...options, method: 'DELETE', url, data: body }),
  post: (url, body, options) => content({ ...options, method: 'POST', url, data: body }),
  put: (url, body, options) => content({ ...options, method: 'PUT', url, data: body }),
  patch: (url, body, options) => content({ ...options, method: 'PATCH', url, data: body }),
  resolveCancelerIfExists: (requestId) => running.get(requestId)?.abort(),
};

/** Packets of a plugin's stream as growing frames. Source: grafana v13.2.2, public/app/features/live/. */
function dataStream({ addr, buffer, frame, key, filter }) {
  return new Observable((subscriber) => {
    const name = key ?? data.toLiveChannelId(addr);
    const rows = data.StreamingDataFrame.empty({ maxLength: 500, ...buffer });
    const emit = (more) => subscriber.next({ key: name, data: [snapshot(rows, filter)], ...more });
    if (frame?.schema?.fields.length) {
      rows.push(frame);
    }
    emit({ state: data.LoadingState.Streaming });
    let timer;
    const emitLater = () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        emit({ state: data.LoadingState.Streaming });
      }, STREAM_PERIOD);
    };
    const emitNow = (more) => {
      clearTimeout(timer);
      timer = undefined;
      emit(more);
    };
    const end = events.subscribe(data.toLiveChannelId(addr), addr.data, ({ frame: packet, error, end: isOver }) => {
      if (error) {
        emitNow({ state: data.LoadingState.Error, error: { message: error.message } });
      } else if (isOver) {
        emitNow({ state: data.LoadingState.Done });
      } else {
        rows.push(packet);
        emitLater();
      }
    });
    return () => {
      clearTimeout(timer);
      end();
    };
  });
}

function snapshot(rows, filter) {
  const fields = rows.fields.filter(({ name }) => !filter?.fields || filter.fields.includes(name));
  return {
    name: rows.name,
    refId: rows.refId,
    meta: rows.meta,
    length: rows.length,
    fields: fields.map((field) => ({ ...field, values: [...field.values] })),
  };
}

/** Set the services. `datasource()` gives the plugin's current data source, `settings()` its current settings. */
export function provideServices({ template, datasource, settings }) {
  const isOurs = (ref) =>
    [undefined, null, 'default', settings().uid, settings().name, settings().type].includes(
      typeof ref === 'object' ? (ref?.uid ?? ref?.type) : ref
    );
  const named = (ref, scoped) =>
    typeof ref === 'string' ? template.replace(ref, scoped) : ref?.uid ? { ...ref, uid: template.replace(ref.uid, scoped) } : ref;
  const find = (ref, scoped) => (isOurs(named(ref, scoped)) ? settings() : undefined);
  runtime.setBackendSrv(backend);
  runtime.setTemplateSrv(template);
  runtime.setDataSourceSrv({
    get: async (ref, scoped) => {
      if (!find(ref, scoped)) {
        throw new Error(`there is no data source ${JSON.stringify(ref)} here: the preview has one`);
      }
      return datasource();
    },
    getInstanceSettings: find,
    getList: ({ filter = () => true } = {}) => [settings()].filter(filter),
    reload: async () => {},
    registerRuntimeDataSource() {},
  });
  runtime.setGrafanaLiveSrv({
    getConnectionState: () => of(true),
    getDataStream: dataStream,
    getStream: (addr) =>
      new Observable((subscriber) =>
        events.subscribe(data.toLiveChannelId(addr), addr.data, (packet) => subscriber.next({ type: 'message', message: packet.frame }))
      ),
    getPresence: async () => ({ users: [] }),
    publish: async () => {
      throw new Error('the preview does not publish to streams');
    },
  });
  runtime.setEchoSrv({ flush() {}, addBackend() {}, addEvent() {} });
  initializeLoggersRegistry?.();
  data.locationUtil.initialize({ config: runtime.config, getTimeRangeForUrl: () => ({}), getVariablesUrlParams: () => ({}) });
}
