// The config page: the plugin's own editor between what Grafana puts around it.
import { Button, ErrorBoundaryAlert, Field, Input } from '@grafana/ui';
import { useEffect, useMemo, useRef, useState } from 'react';
import { Trouble } from './app.jsx';
import { saveAndTest, withEdits, writeToFile } from './settings.js';
import { useStyles } from './styles.js';

/** Grafana's own names, so that tests of Grafana's page find the same here. Source: @grafana/e2e-selectors 13.2.2, pages.DataSource. */
const SAVE = 'data-testid Data source settings page Save and Test button';
const OUTCOME = 'data-testid Data source settings page Alert';
const SEVERITY = { success: 'success', error: 'error', warning: 'warning', info: 'info' };

export function Config({ preview, state }) {
  const styles = useStyles();
  const { plugin, settings, saved, health, module } = state;
  const [edited, setEdited] = useState(settings);
  const last = useRef({ settings, saved });
  useEffect(() => {
    const before = saved === last.current.saved ? last.current.settings : saved;
    last.current = { settings, saved };
    setEdited((now) => withEdits(settings, now, before));
  }, [settings, saved]);
  const validation = useValidation();
  const Editor = plugin.components.ConfigEditor;
  const save = async (event) => {
    event.preventDefault();
    if (await validation.validate()) {
      saveAndTest(preview, edited);
    }
  };
  return (
    <section aria-label="Config page" className={styles.box}>
      <form onSubmit={save} noValidate>
        <Field label="Name" htmlFor="preview-name">
          <Input
            id="preview-name"
            width={50}
            value={edited.name ?? ''}
            onChange={({ currentTarget }) => setEdited({ ...edited, name: currentTarget.value })}
          />
        </Field>
        {Editor ? (
          <ErrorBoundaryAlert key={module} title="The plugin's config page failed" boundaryName="preview-config">
            <Editor options={edited} onOptionsChange={setEdited} validation={validation} />
          </ErrorBoundaryAlert>
        ) : (
          <p>The plugin has no config page.</p>
        )}
        <div className={styles.bar}>
          <Button type="submit" data-testid={SAVE} disabled={health?.status === 'testing'}>
            {'Save & test'}
          </Button>
          <WriteButton preview={preview} provisioning={state.boot.provisioning} />
          <span className={styles.muted}>Saved settings stay in the memory of gfplug preview.</span>
        </div>
      </form>
      <Health health={health} />
      <Written written={state.written} />
    </section>
  );
}

function Health({ health }) {
  if (!health) {
    return null;
  }
  if (health.status === 'testing') {
    return <p role="status">Testing …</p>;
  }
  const { message, verboseMessage, ...details } = typeof health.details === 'object' && health.details ? health.details : {};
  const more = verboseMessage ?? (message === health.message ? undefined : message) ?? (Object.keys(details).length ? details : undefined);
  return (
    <div role="status" data-testid={OUTCOME}>
      <Trouble severity={SEVERITY[health.status] ?? 'info'} title={health.message || health.status} details={more} />
    </div>
  );
}

function WriteButton({ preview, provisioning }) {
  if (!provisioning) {
    return null;
  }
  const { file, writable, why } = provisioning;
  return (
    <Button
      type="button"
      variant="secondary"
      disabled={!writable}
      tooltip={writable ? undefined : why}
      onClick={() => writeToFile(preview)}
    >
      {`Write to ${file ?? 'provisioning'}`}
    </Button>
  );
}

function Written({ written }) {
  const styles = useStyles();
  if (!written) {
    return null;
  }
  if (written.problem) {
    return <Trouble title={written.problem} />;
  }
  return (
    <div role="status">
      <p>
        {`Wrote ${written.file}.`}
        {written.secrets?.length > 0 &&
          ` Secrets are not written: set ${written.secrets.map(({ variable }) => variable).join(', ')} in Grafana's environment.`}
      </p>
      {written.diff && <pre className={styles.code}>{written.diff}</pre>}
    </div>
  );
}

/** What Grafana 13 hands to config pages, so that they can refuse a save. Source: @grafana/data 13.2.2, DataSourceConfigValidationAPI. */
function useValidation() {
  return useMemo(() => {
    const validators = new Set();
    const errors = {};
    return {
      registerValidation: (validator) => {
        validators.add(validator);
        return () => validators.delete(validator);
      },
      validate: async () => (await Promise.all([...validators].map((validator) => validator()))).every(Boolean),
      isValid: () => Object.keys(errors).length === 0,
      getErrors: () => ({ ...errors }),
      setError: (field, message) => {
        errors[field] = message;
      },
      clearError: (field) => {
        delete errors[field];
      },
    };
  }, []);
}
