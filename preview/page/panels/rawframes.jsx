// All frames as tables, one below the other: what node graphs and traces are shown as here.
import { Table } from '@grafana/ui';
import { useStyles } from '../styles.js';
import { nameOf, nothingToDraw } from './shared.jsx';

const MOST = 20;

export function RawFrames({ frames, width }) {
  const styles = useStyles();
  const filled = frames.filter(({ fields }) => fields.length);
  if (filled.length === 0) {
    return nothingToDraw(frames, 'no field');
  }
  const kinds = [...new Set(filled.map(({ meta }) => meta?.preferredVisualisationType))].filter((kind) =>
    ['nodeGraph', 'trace', 'flamegraph'].includes(kind)
  );
  return (
    <>
      {kinds.length > 0 && <p>{`Grafana has special panels for these frames (${kinds.join(', ')}); here they are tables.`}</p>}
      {filled.slice(0, MOST).map((frame, index) => (
        <div key={index}>
          <h3 className={styles.label}>{nameOf(frame, index)}</h3>
          <Table ariaLabel={nameOf(frame, index)} data={frame} width={width} height={Math.min(280, 40 + 36 * Math.max(1, frame.length))} />
        </div>
      ))}
    </>
  );
}
