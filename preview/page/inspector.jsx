// What lies behind the panel: frames, what was sent and what came back, how long it took, errors and notices.
import { dataFrameToJSON } from '@grafana/data';
import { Button, ClipboardButton, RadioButtonGroup } from '@grafana/ui';
import { useState } from 'react';
import { useStyles } from './styles.js';

const TABS = { frames: 'Frames', query: 'Query', timings: 'Timings', errors: 'Errors and notices' };
const LONGEST = 200_000;

export function Inspector({ state }) {
  const styles = useStyles();
  const [isOpen, setOpen] = useState(false);
  const [tab, setTab] = useState('frames');
  const Shown = { frames: Frames, query: QueryTab, timings: Timings, errors: Errors }[tab];
  return (
    <section aria-label="Inspector" className={styles.box}>
      <div className={styles.boxHead}>
        <h2 className={styles.heading}>Inspector</h2>
        <Button
          variant="secondary"
          fill="text"
          size="sm"
          icon={isOpen ? 'angle-up' : 'angle-down'}
          aria-expanded={isOpen}
          onClick={() => setOpen(!isOpen)}
        >
          {isOpen ? 'Close' : 'Open'}
        </Button>
        {isOpen && (
          <RadioButtonGroup
            aria-label="Inspect"
            size="sm"
            options={Object.entries(TABS).map(([value, label]) => ({ value, label }))}
            value={tab}
            onChange={setTab}
          />
        )}
        <span className={styles.muted}>{summary(state.result)}</span>
      </div>
      {isOpen && <Shown state={state} />}
    </section>
  );
}

function summary({ frames, errors, milliseconds }) {
  const rows = frames.reduce((sum, { length }) => sum + length, 0);
  const parts = [count(frames.length, 'frame'), count(rows, 'row'), count(errors.length, 'error')];
  return `${parts.join(', ')}, ${Math.round(milliseconds)} ms`;
}

const count = (number, thing) => `${number} ${thing}${number === 1 ? '' : 's'}`;

/** A text that may be long, with a way to copy all of it. */
function Code({ label, text }) {
  const styles = useStyles();
  return (
    <>
      <div className={styles.boxHead}>
        <h3 className={styles.label}>{label}</h3>
        <ClipboardButton size="sm" variant="secondary" icon="copy" getText={() => text}>
          Copy
        </ClipboardButton>
      </div>
      <pre className={styles.code} tabIndex={0} aria-label={label}>
        {text.length > LONGEST ? `${text.slice(0, LONGEST)}\n… ${text.length - LONGEST} more characters: Copy copies all of them` : text}
      </pre>
    </>
  );
}

const pretty = (value) => (value === undefined ? '' : JSON.stringify(value, null, 2));

function Frames({ state }) {
  return <Code label="Frames as JSON" text={pretty(state.result.frames.map(dataFrameToJSON))} />;
}

function QueryTab({ state }) {
  const executed = [
    ...new Set(
      state.result.frames.map(({ refId, meta }) => meta?.executedQueryString && `${refId}: ${meta.executedQueryString}`).filter(Boolean)
    ),
  ];
  const last = state.exchanges.findLast(({ path, status }) => path.startsWith('api/ds/query') && status);
  return (
    <>
      {executed.map((text) => (
        <Code key={text} label="Executed query" text={text} />
      ))}
      <Code label="Request" text={last ? `${last.method} ${last.path}\n${pretty(last.request)}` : 'Nothing was asked.'} />
      <Code label="Response" text={last ? `${last.status}\n${pretty(last.response)}` : ''} />
    </>
  );
}

function Timings({ state }) {
  const styles = useStyles();
  return (
    <table className={styles.grid}>
      <caption className={styles.muted}>Requests of the browser, newest first</caption>
      <thead>
        <tr>
          {['Request', 'Status', 'Browser to answer', 'In the plugin', 'Size'].map((name) => (
            <th key={name} scope="col">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {state.exchanges.toReversed().map(({ id, method, path, status, error, milliseconds, bytes, response }) => (
          <tr key={id}>
            <td>{`${method} ${path}`}</td>
            <td>{status ?? error ?? 'running'}</td>
            <td>{milliseconds === undefined ? '' : `${milliseconds.toFixed(0)} ms`}</td>
            <td>{response?.preview?.milliseconds === undefined ? '' : `${Math.round(response.preview.milliseconds)} ms`}</td>
            <td>{bytes === undefined ? '' : `${bytes.toLocaleString('en')} B`}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Errors({ state }) {
  const styles = useStyles();
  const { errors, notices = [] } = state.result;
  const rows = [
    ...errors.map(({ refId, message, status, source }) => ['error', refId, message, [status, source].filter(Boolean).join(', ')]),
    ...notices.map(({ severity, text }) => [severity, '', text, '']),
  ];
  if (rows.length === 0) {
    return <p>No error and no notice.</p>;
  }
  return (
    <table className={styles.grid}>
      <thead>
        <tr>
          {['Severity', 'Query', 'Text', 'Status and source'].map((name) => (
            <th key={name} scope="col">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((cells, index) => (
          <tr key={index}>
            {cells.map((cell, column) => (
              <td key={column}>{String(cell ?? '')}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
