// The query rows A, B, …, each with the plugin's own editor.
import { LoadingState } from '@grafana/data';
import { Button, ErrorBoundaryAlert, IconButton } from '@grafana/ui';
import { useRef, useState } from 'react';
import { fromEditor } from './choice.jsx';
import { useStyles } from './styles.js';

export function Queries({ preview, state }) {
  const styles = useStyles();
  const targets = preview.targets;
  const Help = state.plugin.components.QueryEditorHelp;
  const [isHelping, setHelping] = useState(false);
  const addButton = useRef(null);
  return (
    <div>
      {targets.map((target) => (
        <QueryRow key={`${target.refId} ${state.module} ${state.panel}`} preview={preview} state={state} target={target} onRemoved={() => addButton.current.focus()} />
      ))}
      <div className={styles.bar}>
        <Button ref={addButton} variant="secondary" icon="plus" onClick={() => preview.addQuery()}>
          Add query
        </Button>
        <Button variant="secondary" icon="play" onClick={preview.runQueries}>
          Run queries
        </Button>
        {Help && (
          <Button variant="secondary" icon="question-circle" aria-expanded={isHelping} onClick={() => setHelping(!isHelping)}>
            Help
          </Button>
        )}
      </div>
      {Help && isHelping && (
        <section aria-label="Help" className={styles.box}>
          <ErrorBoundaryAlert title="The plugin's help failed" boundaryName="preview-help">
            <Help
              datasource={state.datasource}
              query={targets[0]}
              onClickExample={(example) => {
                preview.setQueries(
                  targets.map((target, index) =>
                    index === 0 ? { ...example, refId: target.refId, datasource: target.datasource } : target
                  )
                );
                preview.runQueries();
              }}
            />
          </ErrorBoundaryAlert>
        </section>
      )}
    </div>
  );
}

function QueryRow({ preview, state, target, onRemoved }) {
  const styles = useStyles();
  const { refId, hide } = target;
  const { page, panel } = state;
  const replace = (query) => preview.state.panel === panel && preview.editQuery(page, refId, () => query); // it may come late
  const errors = state.result.errors.filter((error) => error.refId === refId);
  const message = errors.map((error) => error.message).join(' · ');
  return (
    <section aria-label={`Query ${refId}`} className={styles.box}>
      <div className={styles.boxHead}>
        <h2 className={styles.heading}>{refId}</h2>
        <span className={styles.muted}>{state.settings.name}</span>
        {errors.length > 0 && (
          <p role="alert" className={styles.rowError} title={message}>
            {message}
          </p>
        )}
        <span className={styles.right}>
          <IconButton name="copy" aria-label={`Duplicate query ${refId}`} onClick={() => preview.duplicateQuery(refId)} />
          <IconButton
            name={hide ? 'eye-slash' : 'eye'}
            aria-label={`Hide query ${refId}`}
            aria-pressed={Boolean(hide)}
            onClick={() => {
              preview.editQuery(page, refId, (query) => ({ ...query, hide: !query.hide }));
              preview.runQueries();
            }}
          />
          <IconButton
            name="trash-alt"
            aria-label={`Remove query ${refId}`}
            disabled={preview.targets.length === 1}
            onClick={() => {
              preview.setQueries(preview.targets.filter((query) => query.refId !== refId));
              preview.runQueries();
              onRemoved();
            }}
          />
        </span>
      </div>
      <Editor preview={preview} state={state} target={target} onChange={replace} errors={errors} />
    </section>
  );
}

function Editor({ preview, state, target, onChange, errors }) {
  const { plugin, datasource, range, result } = state;
  const { QueryEditor, ExploreQueryField } = plugin.components;
  const Shown = (state.page === 'explore' && ExploreQueryField) || QueryEditor;
  if (!Shown) {
    return <p>The plugin has no query editor.</p>;
  }
  const series = result.frames.filter((frame) => frame.refId === target.refId);
  return (
    <ErrorBoundaryAlert title="The plugin's query editor failed" boundaryName="preview-query">
      <Shown
        datasource={datasource}
        query={target}
        queries={preview.targets}
        app={preview.app}
        range={range}
        history={[]}
        data={{
          state: result.state === 'NotStarted' ? LoadingState.NotStarted : result.state,
          series,
          errors,
          error: errors[0],
          timeRange: range,
          request: result.request,
        }}
        onChange={fromEditor(onChange)}
        onRunQuery={fromEditor(preview.runQueries)}
        onAddQuery={preview.addQuery}
        onBlur={() => {}}
      />
    </ErrorBoundaryAlert>
  );
}
