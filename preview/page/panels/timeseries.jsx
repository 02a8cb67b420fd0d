// Time series: lines, axes and legend, with Grafana's uPlot components.
import { FieldType, compareArrayValues, compareDataFrameStructures, getFieldDisplayName } from '@grafana/data';
import { PanelContextProvider, TimeSeries, TooltipPlugin, ZoomPlugin, useTheme2 } from '@grafana/ui';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { bus, nothingToDraw } from './shared.jsx';

const SHOWN = { viz: false, legend: false, tooltip: false };
const HIDDEN = { viz: true, legend: false, tooltip: true };
const LINE = { drawStyle: 'line', lineWidth: 1, fillOpacity: 0, showPoints: 'auto', pointSize: 5, spanNulls: false };
const LEGEND = { showLegend: true, displayMode: 'list', placement: 'bottom', calcs: [] };

/** Keep what a graph draws: each frame's time, and its numbers; true is 1. */
function drawable(frames, hidden) {
  const kept = frames.flatMap((frame, index) => {
    const time = frame.fields.find(({ type }) => type === FieldType.time);
    const numbers = frame.fields.filter(({ type }) => type === FieldType.number || type === FieldType.boolean);
    return time && numbers.length ? [{ ...frame, fields: [time, ...numbers], index }] : [];
  });
  return kept.map((frame) => ({
    ...frame,
    fields: frame.fields.map((field) => {
      const name = field.type === FieldType.time ? '' : getFieldDisplayName(field, frames[frame.index], frames);
      const isBoolean = field.type === FieldType.boolean;
      const values = isBoolean ? field.values.map((value) => (value === null ? null : Number(value))) : field.values;
      const hideFrom = hidden.has(name) ? HIDDEN : SHOWN;
      const config = {
        ...field.config,
        displayName: name || field.config.displayName,
        custom: { ...LINE, ...(isBoolean ? { lineInterpolation: 'stepAfter' } : {}), ...field.config.custom, hideFrom },
      };
      return {
        ...field,
        type: isBoolean ? FieldType.number : field.type,
        values,
        config,
        state: { ...field.state, displayName: name || undefined },
      };
    }),
  }));
}

export function Series({ frames, width, height, state, preview }) {
  const theme = useTheme2();
  const [hidden, setHidden] = useState(new Set());
  const drawn = useMemo(() => drawable(frames, hidden), [frames, hidden]);
  const names = useMemo(() => drawn.flatMap(({ fields }) => fields.slice(1).map(({ config }) => config.displayName)), [drawn]);
  useEffect(() => {
    preview.series = names;
    return () => {
      preview.series = [];
    };
  }, [names, preview]);
  const context = useMemo(
    () => ({
      eventBus: bus,
      eventsScope: 'preview',
      onToggleSeriesVisibility: (name, mode) => setHidden(toggled(names, hidden, name, mode)),
    }),
    [names, hidden]
  );
  const revision = useRevision(drawn);
  const points = drawn.reduce((sum, { length }) => sum + length, 0);
  if (points === 0) {
    return nothingToDraw(frames, 'a graph needs a time field and a number field');
  }
  const { from, to } = state.range;
  const label = `Time series from ${from.toISOString()} to ${to.toISOString()}: ${names.join(', ')}. The view Table has its values.`;
  return (
    <PanelContextProvider value={context}>
      <div role="group" aria-label={label}>
        <TimeSeries
          frames={drawn}
          structureRev={revision}
          timeRange={state.range}
          timeZone={state.timeZone}
          width={width}
          height={height}
          legend={LEGEND}
          options={theme}
        >
          {(config, aligned) => (
            <>
              <ZoomPlugin config={config} onZoom={({ from: start, to: end }) => preview.setTimeRange(Math.round(start), Math.round(end))} />
              <TooltipPlugin config={config} data={aligned} frames={drawn} mode="multi" timeZone={state.timeZone} />
              <Happenings config={config} eventMarks={state.eventMarks} theme={theme} />
            </>
          )}
        </TimeSeries>
      </div>
    </PanelContextProvider>
  );
}

/** A number that changes when the series do, and not when only values came: the graph is then kept. */
function useRevision(frames) {
  const last = useRef({ frames: [], number: 1 });
  const isSame = compareArrayValues(last.current.frames, frames, compareDataFrameStructures);
  last.current = { frames, number: last.current.number + (isSame ? 0 : 1) };
  return last.current.number;
}

/** Hide a series, or all but it, as a click on the legend does in Grafana. */
function toggled(names, hidden, name, mode) {
  if (mode === 'append') {
    return new Set(hidden.has(name) ? [...hidden].filter((other) => other !== name) : [...hidden, name]);
  }
  const isAlone = names.every((other) => (other === name) !== hidden.has(other));
  return new Set(isAlone ? [] : names.filter((other) => other !== name));
}

/** Draw annotations as lines over the graph. */
function Happenings({ config, eventMarks, theme }) {
  const now = useRef(eventMarks);
  const plot = useRef(undefined);
  useLayoutEffect(() => {
    config.addHook('init', (chart) => {
      plot.current = chart;
    });
    config.addHook('draw', (chart) => {
      const { ctx, bbox } = chart;
      ctx.save();
      for (const { time, timeEnd, color } of now.current) {
        const [start, end] = [time, timeEnd || time].map((moment) => chart.valToPos(moment, 'x', true));
        ctx.strokeStyle = theme.visualization.getColorByName(color ?? 'red');
        ctx.fillStyle = ctx.strokeStyle;
        ctx.setLineDash([6, 4]);
        for (const x of new Set([start, end])) {
          ctx.beginPath();
          ctx.moveTo(x, bbox.top);
          ctx.lineTo(x, bbox.top + bbox.height);
          ctx.stroke();
        }
        ctx.globalAlpha = 0.1;
        ctx.fillRect(start, bbox.top, end - start, bbox.height);
        ctx.globalAlpha = 1;
      }
      ctx.restore();
    });
  }, [config, theme]);
  useEffect(() => {
    now.current = eventMarks;
    plot.current?.redraw(false);
  }, [eventMarks]);
  return null;
}
