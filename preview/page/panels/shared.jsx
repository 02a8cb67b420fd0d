// What several views say and use.
import { EventBusSrv } from '@grafana/data';

export const bus = new EventBusSrv();

/** Say why a view is empty. */
export function nothingToDraw(frames, needs) {
  const rows = frames.reduce((sum, { length }) => sum + length, 0);
  return <p>{rows === 0 ? 'No data' : `The answer has ${rows} rows, but ${needs}. Choose the view Table to see them.`}</p>;
}

/** Write milliseconds since 1970 as a time in UTC, and anything else as it is. */
export function isoTime(value) {
  const time = new Date(value);
  return Number.isNaN(time.valueOf()) ? String(value) : time.toISOString();
}

export const nameOf = (frame, index) => [frame.refId, frame.name].filter(Boolean).join(' ') || `frame ${index + 1}`;
