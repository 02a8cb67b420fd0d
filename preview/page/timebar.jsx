// The time range, and when the queries are asked again.
import { dateTime, rangeUtil } from '@grafana/data';
import { RefreshPicker, TimeRangePicker } from '@grafana/ui';
import { useEffect } from 'react';
import { useStyles } from './styles.js';

const INTERVALS = ['1s', '5s', '10s', '30s', '1m', '5m'];
const written = (point) => (typeof point === 'string' ? point : String(dateTime(point).valueOf()));

export function TimeBar({ preview, state }) {
  const styles = useStyles();
  const { range, timeZone, refresh, result } = state;
  const use = (from, to) => preview.setTimeRange(written(from), written(to));
  const [from, to] = [range.from.valueOf(), range.to.valueOf()];
  const span = to - from;
  useEffect(() => {
    const period = refresh ? rangeUtil.intervalToMs(refresh) : 0;
    const refreshIfIdle = () => preview.isIdle && preview.refresh(); // else an answer slower than the period would never come
    const timer = period > 0 ? setInterval(refreshIfIdle, period) : undefined;
    return () => clearInterval(timer);
  }, [refresh, preview]);
  return (
    <div className={styles.right}>
      <TimeRangePicker
        value={range}
        timeZone={timeZone}
        onChange={({ raw }) => use(raw.from, raw.to)}
        onChangeTimeZone={(zone) => preview.set({ timeZone: zone })}
        onMoveBackward={() => use(from - span / 2, to - span / 2)}
        onMoveForward={() => use(from + span / 2, to + span / 2)}
        onZoom={() => use(from - span / 2, to + span / 2)}
      />
      <RefreshPicker
        intervals={INTERVALS}
        value={refresh}
        text="Refresh"
        isLoading={result.state === 'Loading'}
        onRefresh={preview.refresh}
        onIntervalChanged={(interval) => preview.set({ refresh: interval })}
      />
    </div>
  );
}
