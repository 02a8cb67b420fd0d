// Requests to the server and their answers, as the inspector and the panel show them.
import { LoadingState } from '@grafana/data';

const MOST = 50;
const MOST_BYTES = 20_000_000;

/** Add an exchange, or replace one when it ends; the oldest are dropped if there are too many, and the oldest answers if all are too large together. */
export function addExchange(exchanges, record) {
  let bytes = 0;
  return [...exchanges.filter(({ id }) => id !== record.id), record]
    .slice(-MOST)
    .toReversed()
    .map((each, index) => {
      bytes += each.bytes ?? 0;
      const isKept = index === 0 || bytes <= MOST_BYTES || each.response === undefined;
      return isKept ? each : { ...each, response: 'This response is no longer stored.' };
    })
    .toReversed();
}

/** Add status and source to the errors of a result, which Grafana's browser code drops, and list the notices of the frames. */
export function describe(result, exchanges) {
  const { response } = exchanges.find(({ requestId }) => requestId === result.request.requestId) ?? {};
  const errors = result.errors.map((error) => {
    const { status, errorSource } = response?.results?.[error.refId] ?? {};
    const message = error.message ?? error.data?.message ?? error.statusText;
    const { hint, details } = { ...error.data?.preview, ...error };
    return { refId: error.refId, message, hint, details, status: error.status ?? status, source: errorSource };
  });
  return { ...result, errors, notices: result.frames.flatMap(({ meta }) => meta?.notices ?? []) };
}

/** Say in words what the page waits for. */
export function waitsFor({ exchanges, result }) {
  const open = exchanges.filter(({ milliseconds }) => milliseconds === undefined).map(({ method, path }) => `${method} ${path}`);
  if (open.length > 0) {
    return open.join(', ');
  }
  return result.state === LoadingState.Loading ? 'an answer of query(), which sent no request' : 'the plugin';
}
