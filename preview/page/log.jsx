// What the plugin logs, newest last.
import { Button, Input, RadioButtonGroup } from '@grafana/ui';
import { useLayoutEffect, useRef, useState } from 'react';
import { useStyles } from './styles.js';

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error'];
const clock = (time) => new Date(time).toISOString().slice(11, 23);

export function Log({ preview, state }) {
  const styles = useStyles();
  const [least, setLeast] = useState('trace');
  const [wanted, setWanted] = useState('');
  const list = useRef(null);
  const isAtEnd = useRef(true);
  const lines = state.log.filter(
    (line) => LEVELS.indexOf(line.level) >= LEVELS.indexOf(least) && JSON.stringify(line).toLowerCase().includes(wanted.toLowerCase())
  );
  useLayoutEffect(() => {
    if (isAtEnd.current) {
      list.current.scrollTop = list.current.scrollHeight;
    }
  }, [state.log, least, wanted]);
  const noteScroll = ({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
    isAtEnd.current = scrollHeight - scrollTop - clientHeight < 5;
  };
  return (
    <section aria-label="Log" className={styles.box}>
      <div className={styles.bar}>
        <RadioButtonGroup
          aria-label="Least level"
          size="sm"
          options={LEVELS.map((value) => ({ value, label: value }))}
          value={least}
          onChange={setLeast}
        />
        <Input
          width={40}
          aria-label="Lines that contain"
          placeholder="Lines that contain"
          value={wanted}
          onChange={({ currentTarget }) => setWanted(currentTarget.value)}
        />
        <span className={styles.muted}>{`${lines.length} lines, times in UTC`}</span>
        <Button size="sm" variant="secondary" onClick={() => preview.set({ log: [] })}>
          Clear
        </Button>
      </div>
      {lines.length === 0 && <p>The plugin has logged nothing.</p>}
      <ol ref={list} onScroll={noteScroll} className={styles.lines} style={{ maxHeight: '70vh' }} tabIndex={0} aria-label="Lines">
        {lines.map((line, index) => (
          <li key={index} className={styles.line}>
            <span className={styles.time}>{clock(line.time)}</span>
            <span className={`${styles.level} ${styles.levels[line.level] ?? ''}`}>{line.level}</span>
            <span>
              {line.message}
              {Object.entries(line.fields ?? {}).map(([name, value]) => (
                <span key={name} className={styles.muted}>{` ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`}</span>
              ))}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}
