// The last value of each number field.
import { getFieldDisplayValues } from '@grafana/data';
import { BigValue, useTheme2 } from '@grafana/ui';
import { useStyles } from '../styles.js';
import { nothingToDraw } from './shared.jsx';

const GAP = 8;
const MOST = 50;

export function Stat({ frames, width, height, state, preview }) {
  const styles = useStyles();
  const theme = useTheme2();
  const values = getFieldDisplayValues({
    data: frames,
    fieldConfig: state.fieldConfig ?? { defaults: {}, overrides: [] },
    reduceOptions: { calcs: ['lastNotNull'], values: false },
    replaceVariables: (...given) => preview.template.replace(...given),
    sparkline: true,
    theme,
    timeZone: state.timeZone,
  }).filter(({ field }) => field);
  const rows = frames.reduce((sum, { length }) => sum + length, 0);
  if (rows === 0 || values.length === 0) {
    return nothingToDraw(frames, 'a stat needs a number field');
  }
  const columns = Math.min(values.length, Math.max(1, Math.floor(width / 200)));
  const size = {
    width: Math.floor((width - GAP * (columns - 1)) / columns),
    height: Math.max(90, Math.floor(height / Math.ceil(values.length / columns)) - GAP),
  };
  return (
    <div className={styles.cards}>
      {values.slice(0, MOST).map(({ display, sparkline }, index) => (
        <div
          key={index}
          role="group"
          aria-label={`${display.title ?? ''} ${[display.prefix, display.text, display.suffix].filter(Boolean).join('')}`}
        >
          <BigValue
            {...size}
            value={display}
            sparkline={sparkline}
            colorMode="value"
            graphMode="area"
            textMode="auto"
            count={values.length}
            theme={theme}
          />
        </div>
      ))}
    </div>
  );
}
