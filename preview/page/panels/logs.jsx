// Log lines, newest first; a line opens to its labels.
import { FieldType } from '@grafana/data';
import { useStyles } from '../styles.js';
import { isoTime, nothingToDraw } from './shared.jsx';

const MOST = 1000;

function linesOf(frame) {
  const named = (...names) => names.map((name) => frame.fields.find((field) => field.name === name)).find(Boolean);
  const time = named('timestamp') ?? frame.fields.find(({ type }) => type === FieldType.time);
  const body = named('body', 'line', 'Line', 'message') ?? frame.fields.find(({ type }) => type === FieldType.string);
  const level = named('severity', 'level', 'detected_level');
  const labels = named('labels', 'attributes');
  if (!body) {
    return [];
  }
  const others = frame.fields.filter((field) => ![time, body, level, labels].includes(field));
  return Array.from({ length: frame.length }, (_, row) => ({
    time: time?.values[row],
    body: body.values[row],
    level: level?.values[row] ?? body.labels?.level ?? '',
    labels: {
      ...body.labels,
      ...objectOf(labels?.values[row]),
      ...Object.fromEntries(others.map(({ name, values }) => [name, values[row]])),
    },
  }));
}

function objectOf(value) {
  if (typeof value !== 'string') {
    return value;
  }
  try {
    return JSON.parse(value);
  } catch {
    return { labels: value };
  }
}

const textOf = (value) => (typeof value === 'object' ? JSON.stringify(value) : String(value));

export function Logs({ frames, height }) {
  const styles = useStyles();
  const lines = frames.flatMap(linesOf).toSorted((one, other) => (other.time ?? 0) - (one.time ?? 0));
  if (lines.length === 0) {
    return nothingToDraw(frames, 'a log needs a text field');
  }
  return (
    <>
      <ol className={styles.lines} style={{ maxHeight: height }} tabIndex={0} aria-label="Log lines">
        {lines.slice(0, MOST).map(({ time, body, level, labels }, index) => (
          <li key={index} className={styles.line}>
            <details>
              <summary>
                <span className={styles.time}>{time ? isoTime(time) : ''}</span>{' '}
                <span className={styles.levels[String(level).toLowerCase()] ?? ''}>{String(level)}</span> <span>{textOf(body)}</span>
              </summary>
              <dl>
                {Object.entries(labels ?? {}).map(([name, value]) => (
                  <div key={name}>
                    <dt className={styles.label}>{name}</dt>
                    <dd>{textOf(value)}</dd>
                  </div>
                ))}
              </dl>
            </details>
          </li>
        ))}
      </ol>
      {lines.length > MOST && <p>{`The first ${MOST} of ${lines.length} lines are shown.`}</p>}
    </>
  );
}
