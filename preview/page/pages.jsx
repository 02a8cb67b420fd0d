// The panel with its queries, and Explore.
import { Annotations } from './annotations.jsx';
import { Choice } from './choice.jsx';
import { Filters } from './filters.jsx';
import { Inspector } from './inspector.jsx';
import { Panel } from './panel.jsx';
import { Queries } from './queries.jsx';
import { useStyles } from './styles.js';
import { TimeBar } from './timebar.jsx';
import { Variables } from './variablebar.jsx';

export function QueryPage({ preview, state }) {
  const styles = useStyles();
  const { panels, panel, datasource } = state;
  const options = [{ value: '', label: 'A new panel' }, ...panels.map(({ key, title }) => ({ value: key, label: title }))];
  return (
    <>
      <div className={styles.bar}>
        {panels.length > 0 && (
          <Choice
            label="Panel of a dashboard"
            width={60}
            options={options}
            value={panel ?? ''}
            onChange={({ value }) => preview.openPanel(value)}
          />
        )}
        <TimeBar preview={preview} state={state} />
      </div>
      <Variables preview={preview} state={state} />
      {datasource.getTagKeys && <Filters preview={preview} state={state} />}
      <Panel preview={preview} state={state} views={[state.view]} />
      <Queries preview={preview} state={state} />
      {(datasource.annotations || datasource.meta.annotations) && <Annotations preview={preview} state={state} />}
      <Inspector state={state} />
    </>
  );
}

export function Explore({ preview, state }) {
  const styles = useStyles();
  return (
    <>
      <div className={styles.bar}>
        <TimeBar preview={preview} state={state} />
      </div>
      <Queries preview={preview} state={state} />
      <Panel preview={preview} state={state} views={['auto']} isExplore />
      <Inspector state={state} />
    </>
  );
}
