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
import { useStyles } from './styles.js';

const VIEWS = { timeseries: Series, table: FrameTable, stat: Stat, logs: Logs, frames: RawFrames };
const LABELS = { auto: 'Auto', timeseries: 'Time series', table: 'Table', stat: 'Stat', logs: 'Logs', frames: 'Frames' };
const HEIGHT = 320;

/** Measure an element's width as the page changes. */
function useWidth() {
  const [width, setWidth] = useState(0);
  const element = useRef(null);
  useEffect(() => {
    const observer = new ResizeObserver(([{ contentRect }]) => setWidth(Math.floor(contentRect.width)));
    observer.observe(element.current);
    return () => observer.disconnect();
  }, []);
  return [element, width];
}

export function Panel({ preview, state, isExplore = false }) {
  const styles = useStyles();
  const theme = useTheme2();
  const [element, width] = useWidth();
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
  const views = isExplore ? kindsOf(frames) : [viewOf(frames, state.view)];
  const isLoading = result.state === LoadingState.Loading;
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
      <Complaints result={result} />
      <div ref={element}>
        {width > 0 &&
          (frames.length > 0 || result.errors.length === 0) &&
          views.map((view) => {
            const View = VIEWS[view];
            return (
              <ErrorBoundaryAlert key={view} dependencies={[frames]} title="The answer could not be drawn" boundaryName="preview-panel">
                <View frames={frames} width={width} height={HEIGHT} state={state} preview={preview} />
              </ErrorBoundaryAlert>
            );
          })}
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
