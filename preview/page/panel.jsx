// One panel: the answer in a view that suits it, its errors and notices beside it.
import { LoadingState } from '@grafana/data';
import { ErrorBoundaryAlert, RadioButtonGroup, Spinner, useTheme2 } from '@grafana/ui';
import { useEffect, useMemo, useRef, useState } from 'react';
import { Trouble } from './app.jsx';
import { decorate, kindsOf, viewOf } from './panels/frames.js';
import { Logs } from './panels/logs.jsx';
import { RawFrames } from './panels/rawframes.jsx';
import { Stat } from './panels/stat.jsx';
import { FrameTable } from './panels/table.jsx';
import { Series } from './panels/timeseries.jsx';
import { PANEL_HEIGHT, useStyles } from './styles.js';

const VIEWS = { timeseries: Series, table: FrameTable, stat: Stat, logs: Logs, frames: RawFrames };
const LABELS = { auto: 'Auto', timeseries: 'Time series', table: 'Table', stat: 'Stat', logs: 'Logs', frames: 'Frames' };
const LEAST_HEIGHT = 160;

/** Measure an element as the page changes. */
function useSize() {
  const [size, setSize] = useState({ width: 0, height: 0 });
  const element = useRef(null);
  useEffect(() => {
    const observer = new ResizeObserver(([{ contentRect }]) =>
      setSize({ width: Math.floor(contentRect.width), height: Math.ceil(contentRect.height) })
    );
    observer.observe(element.current);
    return () => observer.disconnect();
  }, []);
  return [element, size];
}

export function Panel({ preview, state, isExplore = false }) {
  const styles = useStyles();
  const theme = useTheme2();
  const [drawing, { width }] = useSize();
  const [complaints, { height: complaintsHeight }] = useSize();
  const { result, fieldConfig, timeZone, title } = state;
  const frames = useMemo(
    () =>
      decorate(result.frames, {
        fieldConfig: isExplore ? undefined : fieldConfig,
        theme,
        timeZone,
        replace: (...given) => preview.template.replace(...given),
      }),
    [result.frames, fieldConfig, theme, timeZone, preview, isExplore]
  );
  const kinds = kindsOf(frames);
  const views = isExplore && kinds.length > 0 ? kinds : [viewOf(frames, isExplore ? 'auto' : state.view)];
  const isLoading = result.state === LoadingState.Loading;
  const isWithoutData = !isLoading && result.state !== LoadingState.NotStarted && result.errors.length === 0;
  const height = isExplore ? PANEL_HEIGHT : Math.max(LEAST_HEIGHT, PANEL_HEIGHT - complaintsHeight);
  return (
    <section aria-label="Panel" aria-busy={isLoading} className={styles.box} data-view={views.join(' ')}>
      <div className={styles.boxHead}>
        <h2 className={styles.heading}>{isExplore ? 'Answer' : title || 'Panel'}</h2>
        {isLoading && <Spinner inline />}
        {result.state === LoadingState.Streaming && <span className={styles.muted}>streaming</span>}
        {!isExplore && (
          <span className={styles.right}>
            <RadioButtonGroup
              aria-label="View"
              size="sm"
              options={Object.entries(LABELS).map(([value, label]) => ({ value, label }))}
              value={state.view}
              onChange={(view) => preview.set({ view })}
            />
          </span>
        )}
      </div>
      <div {...(isExplore ? {} : { className: styles.panelBody, role: 'group', 'aria-label': 'Answer', tabIndex: 0 })}>
        <div ref={complaints} className={styles.complaints}>
          <Complaints result={result} />
        </div>
        <div ref={drawing}>
          {width > 0 &&
            (frames.length > 0 || isWithoutData) &&
            views.map((view) => {
              const View = VIEWS[view];
              return (
                <ErrorBoundaryAlert key={view} dependencies={[frames]} title="The answer could not be drawn" boundaryName="preview-panel">
                  <View frames={frames} width={width} height={height} state={state} preview={preview} />
                </ErrorBoundaryAlert>
              );
            })}
        </div>
      </div>
    </section>
  );
}

function Complaints({ result }) {
  const { errors, notices = [] } = result;
  const said = [...new Map(notices.map((notice) => [notice.text, notice])).values()];
  return (
    <>
      {errors.map(({ refId, message, status, source, hint, details }, index) => (
        <Trouble
          key={index}
          title={`${refId ? `${refId}: ` : ''}${message ?? 'the query failed'}`}
          hint={[hint, status && `status ${status}`, source && `error source ${source}`].filter(Boolean).join(' · ')}
          details={details}
        />
      ))}
      {said.map(({ severity, text }, index) => (
        <Trouble key={index} severity={severity === 'error' ? 'error' : severity === 'warning' ? 'warning' : 'info'} title={text} />
      ))}
    </>
  );
}
