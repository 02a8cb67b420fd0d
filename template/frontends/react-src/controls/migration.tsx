// Shows values that an older version of the plugin saved as the current Python code reads them. Only an edit stores them.
import { type DataSourceJsonData, type DataSourceSettings } from '@grafana/data';
import { getBackendSrv } from '@grafana/runtime';
import { Alert } from '@grafana/ui';
import * as React from 'react';
import { lastValueFrom } from 'rxjs';

type Values = Record<string, unknown>;

const OF_GRAFANA = [
  'refId', 'hide', 'key', 'datasource', 'datasourceId', 'queryType', 'intervalMs', 'maxDataPoints', 'timeRange', 'resultAssertions',
  'queryCachingTTL',
];
const MOST = 1000;
/** A cache of the responses. */
const known = new Map<string, Values>();

/** The saved values as text, without Grafana's own fields. */
function textOf(saved: Values): string {
  const names = Object.keys(saved).filter((key) => key === 'queryType' || !OF_GRAFANA.includes(key));
  return JSON.stringify(names.sort().map((name) => [name, saved[name]]));
}

function ofGrafana(query: Values): Values {
  return Object.fromEntries(OF_GRAFANA.filter((key) => key in query).map((key) => [key, query[key]]));
}

/** Let Python migrate saved values. */
async function migrated(uid: string, name: 'query' | 'options', saved: Values): Promise<Values> {
  const text = JSON.stringify([uid, name, textOf(saved)]);
  const answer = known.get(text) ?? (await post(uid, { [name]: saved }))[name];
  if (known.size >= MOST) {
    known.clear();
  }
  known.set(text, answer);
  return answer;
}

async function post(uid: string, data: Values): Promise<Record<string, Values>> {
  const url = `/api/datasources/uid/${uid}/resources/gfplug/migrate`;
  try {
    const answer = getBackendSrv().fetch<Record<string, Values>>({ method: 'POST', url, data, showErrorAlert: false });
    return (await lastValueFrom(answer)).data;
  } catch (error: any) {
    throw new Error(error?.data?.message ?? error?.message ?? String(error));
  }
}

/** The values to show: the saved values until Python responds, if it fails, and after an edit; else the migrated values. The
 * editor is disabled until the first response, because until then its fields may have another meaning. */
function useMigrated(isAsked: boolean, uid: string, name: 'query' | 'options', saved: Values) {
  const text = isAsked ? textOf(saved) : '';
  const [answer, setAnswer] = React.useState<{ text?: string; values?: Values; failure?: string }>({});
  const edited = React.useRef('');
  const isOpen = isAsked && text !== edited.current && text !== answer.text;
  React.useEffect(() => {
    let isGone = false;
    if (isOpen) {
      migrated(uid, name, saved).then(
        (values) => isGone || setAnswer({ text, values }),
        (error) => isGone || setAnswer({ text, failure: error.message })
      );
    }
    return () => {
      isGone = true;
    };
  }, [text]);
  const { values, failure } = text === answer.text ? answer : { values: undefined, failure: undefined };
  return {
    values: values ? { ...values, ...(name === 'query' ? ofGrafana(saved) : {}) } : saved,
    warning: failure && (
      <Alert severity="warning" title={`This was saved by another version of the plugin, and is shown as it was: ${failure}`} />
    ),
    isWaiting: isOpen && answer.text === undefined,
    /** Remember that the edited values need no migration. */
    remember: (changed: Values) => {
      edited.current = isOpen || failure ? '' : textOf(changed);
    },
  };
}

interface EditorProps {
  query: any;
  datasource: { uid: string };
  onChange: (query: any) => void;
}

/** A query editor that shows migrated values; `ofKind` converts the query of a variable or an annotation. */
export function migratedQuery<Props extends EditorProps>(
  Editor: React.ComponentType<Props>,
  ofKind: (query: unknown) => unknown = (query) => query
): React.FunctionComponent<Props> {
  return function MigratedQuery(props) {
    const query = ofKind(props.query) as Values;
    const { values, warning, isWaiting, remember } = useMigrated(true, props.datasource.uid, 'query', query);
    const onChange = (changed: Values) => {
      remember(changed);
      props.onChange(changed);
    };
    return (
      <fieldset disabled={isWaiting}>
        {warning}
        <Editor {...props} query={values} onChange={onChange} />
      </fieldset>
    );
  };
}

interface PageProps<Options extends DataSourceJsonData, Secrets> {
  options: DataSourceSettings<Options, Secrets>;
  onOptionsChange: (options: DataSourceSettings<Options, Secrets>) => void;
}

/** A config page that shows migrated values. */
export function migratedOptions<Options extends DataSourceJsonData, Secrets>(
  Editor: React.ComponentType<PageProps<Options, Secrets>>
): React.FunctionComponent<PageProps<Options, Secrets>> {
  return function MigratedOptions(props) {
    const { options } = props;
    const saved = (options.jsonData ?? {}) as Values;
    const isAsked = Boolean(options.uid && Object.keys(saved).length > 0);
    const { values, warning, isWaiting, remember } = useMigrated(isAsked, options.uid, 'options', saved);
    const onOptionsChange = (changed: typeof options) => {
      remember(changed.jsonData as Values);
      props.onOptionsChange(changed);
    };
    const shown = { ...options, jsonData: values as Options, readOnly: options.readOnly || isWaiting };
    return (
      <>
        {warning}
        <Editor {...props} options={shown} onOptionsChange={onOptionsChange} />
      </>
    );
  };
}
