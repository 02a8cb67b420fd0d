// One frame as a table; with several, one is chosen.
import { Table } from '@grafana/ui';
import { useState } from 'react';
import { Choice } from '../choice.jsx';
import { nameOf, nothingToDraw } from './shared.jsx';

const CHOICE_HEIGHT = 40;

export function FrameTable({ frames, width, height }) {
  const [wanted, setWanted] = useState(0);
  const filled = frames.filter(({ fields }) => fields.length);
  if (filled.length === 0) {
    return nothingToDraw(frames, 'no field');
  }
  const chosen = Math.min(wanted, filled.length - 1);
  const frame = filled[chosen];
  return (
    <>
      {filled.length > 1 && (
        <Choice
          label="Frame"
          width={50}
          options={filled.map((each, index) => ({ value: index, label: `${index + 1}: ${nameOf(each, index)} ${labelsOf(each)}` }))}
          value={chosen}
          onChange={({ value }) => setWanted(value)}
        />
      )}
      <Table key={chosen} ariaLabel={nameOf(frame, chosen)} data={frame} width={width} height={filled.length > 1 ? height - CHOICE_HEIGHT : height} />
    </>
  );
}

const labelsOf = ({ fields }) => fields.flatMap(({ labels = {} }) => Object.values(labels)).join(' ');
