// @ts-check
// Shows values of an older plugin version as the current Python code reads them. Only the user's edits are stored.
const React = require('react');
const ui = require('@grafana/ui');
const { getBackendSrv } = require('@grafana/runtime');
const { lastValueFrom } = require('rxjs');
const { OF_GRAFANA, migrates, ofGrafana } = require('./saved');
const { strings, t } = require('./strings');

/**
 * @typedef {import('./types').Values} Values
 * @typedef {import('./query').Props} QueryProps
 * @typedef {import('./config').Props} ConfigProps
 */

const h = React.createElement;
const MOST = 1000;
/** Python's answers, so that each value is sent only once. @type {Map<string, Values>} */
const known = new Map();

/** The saved values as text, without Grafana's own keys. @param {Values} saved */
function textOf(saved) {
  const names = Object.keys(saved).filter((key) => key === 'queryType' || !OF_GRAFANA.includes(key));
  return JSON.stringify(names.sort().map((name) => [name, saved[name]]));
}

/** Let Python migrate the saved values. @param {string} uid @param {'query' | 'options'} name @param {Values} saved @returns {Promise<Values>} */
async function migrated(uid, name, saved) {
  const text = JSON.stringify([uid, name, textOf(saved)]);
  const answer = known.get(text) ?? (await post(uid, { [name]: saved }))[name];
  if (known.size >= MOST) {
    known.clear();
  }
  known.set(text, answer);
  return name === 'query' ? { ...answer, ...ofGrafana(saved) } : answer;
}

/** @param {string} uid @param {Values} data @returns {Promise<any>} */
async function post(uid, data) {
  const url = `/api/datasources/uid/${uid}/resources/gfplug/migrate`;
  try {
    return (await lastValueFrom(getBackendSrv().fetch({ method: 'POST', url, data, showErrorAlert: false }))).data;
  } catch (/** @type {any} */ error) {
    throw new Error(error?.data?.message ?? error?.message ?? String(error));
  }
}

/** The values to show: migrated ones; saved ones until Python has answered, if it fails, and after an edit. The editor waits
 * for the first answer: until then a field may show a value whose meaning has changed.
 * @param {boolean} isAsked @param {string} uid @param {'query' | 'options'} name @param {Values} saved */
function useMigrated(isAsked, uid, name, saved) {
  const text = isAsked ? textOf(saved) : '';
  const [answer, setAnswer] = React.useState(/** @type {{ text?: string, values?: Values, failure?: string }} */ ({}));
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
  const { values, failure } = text === answer.text ? answer : /** @type {typeof answer} */ ({});
  return {
    values: values ? { ...values, ...(name === 'query' ? ofGrafana(saved) : {}) } : saved,
    failure,
    isWaiting: isOpen && answer.text === undefined,
    /** Remember that the edited values need no migration. @param {Values} changed */
    remember: (changed) => {
      edited.current = isOpen || failure ? '' : textOf(changed);
    },
  };
}

/** @param {string | undefined} message */
function warning(message) {
  return message && h(ui.Alert, { severity: 'warning', title: t(strings.notMigrated, { message }) });
}

/** A query editor that shows migrated values.
 * @param {import('react').FunctionComponent<QueryProps & { disabled?: boolean }>} Editor @returns {import('react').FunctionComponent<QueryProps>} */
function migratedQuery(Editor) {
  return (props) => {
    const { query, datasource } = props;
    const { values, failure, isWaiting, remember } = useMigrated(migrates(query), datasource.uid, 'query', query);
    const onChange = (/** @type {QueryProps['query']} */ changed) => {
      remember(changed);
      props.onChange(changed);
    };
    const editor = h(Editor, { ...props, query: /** @type {QueryProps['query']} */ (values), disabled: isWaiting, onChange });
    return h(React.Fragment, null, warning(failure), editor);
  };
}

/** A config page that shows migrated values.
 * @param {import('react').FunctionComponent<ConfigProps>} Editor @returns {import('react').FunctionComponent<ConfigProps>} */
function migratedOptions(Editor) {
  return (props) => {
    const { options } = props;
    const isAsked = Boolean(options.uid && Object.keys(options.jsonData ?? {}).length);
    const { values, failure, isWaiting, remember } = useMigrated(isAsked, options.uid, 'options', options.jsonData ?? {});
    const onOptionsChange = (/** @type {ConfigProps['options']} */ changed) => {
      remember(changed.jsonData);
      props.onOptionsChange(changed);
    };
    const shown = { ...options, jsonData: values, readOnly: options.readOnly || isWaiting };
    return h(React.Fragment, null, warning(failure), h(Editor, { ...props, options: shown, onOptionsChange }));
  };
}

module.exports = { migrated, migratedOptions, migratedQuery };
