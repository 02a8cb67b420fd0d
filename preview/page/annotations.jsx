// Annotations: what they ask, and the events that came.
import { Alert, Button, ErrorBoundaryAlert, IconButton, Switch } from '@grafana/ui';
import { useRef } from 'react';
import { fromEditor } from './choice.jsx';
import { isoTime } from './panels/shared.jsx';
import { useStyles } from './styles.js';

/** Return a name that none of the annotations has. */
function freeName(annotations) {
  const names = new Set(annotations.map(({ name }) => name));
  return Array.from({ length: names.size + 1 }, (_, index) => `Annotation ${index + 1}`).find((name) => !names.has(name));
}

export function Annotations({ preview, state }) {
  const styles = useStyles();
  const { annotations, datasource, plugin, module, eventMarks, annotationProblem, range } = state;
  const Editor = datasource.annotations?.QueryEditor ?? plugin.components.QueryEditor;
  const addButton = useRef(null);
  const keep = (changed) => preview.set({ annotations: changed });
  const edit = (index, patch) => { // an editor may tell late, when another annotation has the index
    const { name } = annotations[index];
    keep(preview.state.annotations.map((each, other) => (other === index && each.name === name ? { ...each, ...patch } : each)));
  };
  const add = () => {
    const query =
      datasource.annotations?.getDefaultQuery?.() ?? (datasource.annotations?.QueryEditor ? {} : datasource.getDefaultQuery?.());
    keep([
      ...annotations,
      { name: freeName(annotations), enable: true, iconColor: 'red', target: { ...query, refId: 'Anno' } },
    ]);
    preview.runQueries();
  };
  return (
    <section aria-label="Annotations" className={styles.box}>
      <div className={styles.boxHead}>
        <h2 className={styles.heading}>Annotations</h2>
        <Button ref={addButton} variant="secondary" size="sm" icon="plus" onClick={add}>
          Add annotation
        </Button>
        {annotations.length > 0 && <span className={styles.muted} role="status">{`${eventMarks.length} events`}</span>}
      </div>
      {annotationProblem && <Alert severity="error" title={annotationProblem} />}
      {annotations.map((annotation, index) => {
        const prepared = datasource.annotations?.prepareAnnotation?.(annotation) ?? annotation;
        return (
          <div key={`${index} ${annotation.name}`} role="group" aria-label={annotation.name}>
            <div className={styles.boxHead}>
              <h3 className={styles.label}>{annotation.name}</h3>
              <Switch
                aria-label={`Show ${annotation.name}`}
                label={`Show ${annotation.name}`}
                value={annotation.enable !== false}
                onChange={({ currentTarget }) => {
                  edit(index, { enable: currentTarget.checked });
                  preview.runQueries();
                }}
              />
              <IconButton
                name="trash-alt"
                aria-label={`Remove ${annotation.name}`}
                onClick={() => {
                  keep(annotations.filter((_, other) => other !== index));
                  preview.runQueries();
                  addButton.current.focus();
                }}
              />
            </div>
            {Editor && (
              <ErrorBoundaryAlert key={module} title="The annotation's editor failed" boundaryName="preview-annotation">
                <Editor
                  datasource={datasource}
                  query={prepared.target ?? { refId: 'Anno' }}
                  annotation={prepared}
                  range={range}
                  onChange={fromEditor((target) => edit(index, { target }))}
                  onAnnotationChange={fromEditor((changed) => edit(index, changed))}
                  onRunQuery={fromEditor(preview.runQueries)}
                  app="dashboard"
                />
              </ErrorBoundaryAlert>
            )}
          </div>
        );
      })}
      {eventMarks.length > 0 && (
        <table className={styles.grid}>
          <caption className={styles.muted}>Events</caption>
          <thead>
            <tr>
              {['Time', 'Title', 'Text', 'Tags'].map((name) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {eventMarks.slice(0, 50).map(({ time, timeEnd, title, text, tags }, index) => (
              <tr key={index}>
                <td>
                  {[time, timeEnd]
                    .filter((point) => point)
                    .map(isoTime)
                    .join(' to ')}
                </td>
                <td>{String(title ?? '')}</td>
                <td>{String(text ?? '')}</td>
                <td>{[tags ?? []].flat().join(', ')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
