// The pages of Grafana that a generated project's own tests go through, made of its components: a data source's, Explore, a
// dashboard and an alert rule. What surrounds the components in a real Grafana is not here.
import { selectors } from '@grafana/e2e-selectors';
import { React, data, h, host, instanceSettings, ui } from './host.js';

const get = async (path) => (await fetch(path)).json();

function Config({ plugin, saved }) {
  const [options, setOptions] = React.useState(saved);
  const [outcome, setOutcome] = React.useState();
  const save = async () => {
    const body = JSON.stringify(options);
    await fetch(`/api/datasources/uid/${saved.uid}`, { method: 'PUT', headers: { 'content-type': 'application/json' }, body });
    const answer = await fetch(`/api/datasources/uid/${saved.uid}/health`);
    setOutcome({ severity: answer.ok ? 'success' : 'error', title: (await answer.json()).message });
  };
  return h(
    'form',
    { onSubmit: (event) => event.preventDefault() },
    h(plugin.components.ConfigEditor, { options, onOptionsChange: setOptions }),
    outcome && h(ui.Alert, { ...outcome, 'data-testid': selectors.pages.DataSource.alert }),
    h(ui.Button, { type: 'button', 'data-testid': selectors.pages.DataSource.saveAndTest, onClick: save }, 'Save & test')
  );
}

function useFrames(targets) {
  const [frames, setFrames] = React.useState([]);
  const [error, setError] = React.useState();
  const run = async () => {
    const responses = await host.ask(targets());
    setFrames(responses.flatMap((response) => response.data));
    setError(responses.flatMap(({ errors = [] }) => errors)[0]?.message);
  };
  React.useEffect(() => void run(), []);
  return { frames, error, run };
}

function Explore({ plugin, datasource, asked }) {
  const [query, setQuery] = React.useState(asked);
  const latest = React.useRef(asked);
  const onChange = (changed) => {
    latest.current = changed;
    setQuery(changed);
  };
  const { frames, run } = useFrames(() => [latest.current]);
  return h(
    'div',
    null,
    h(ui.RefreshPicker, { onRefresh: run, onIntervalChanged() {}, noIntervalPicker: true, text: 'Run query' }),
    h(plugin.components.QueryEditor, { datasource, query, onChange, onRunQuery: run, app: 'explore' }),
    h('p', null, `${frames.length} frames`)
  );
}

function Panel({ title, targets, theme }) {
  const { frames, error } = useFrames(() => targets);
  const lines = frames.flatMap((frame) => {
    const x = frame.fields.find((field) => field.type === 'time');
    return frame.fields.filter((field) => field.type === 'number').map((y) => ({ x, y, name: data.getFieldDisplayName(y, frame, frames) }));
  });
  const config = { color: { mode: 'fixed', fixedColor: 'green' }, custom: { lineWidth: 2 } };
  const draw = ({ x, y, name }) =>
    h(ui.Sparkline, { key: name, theme, width: 700, height: 100, config, sparkline: { x, y: { ...y, config, state: { range: data.getMinMaxAndDelta(y) } } } });
  const items = lines.map(({ name }) => ({ label: name, color: 'green', yAxis: 1 }));
  return h(ui.PanelChrome, { title, width: 760, height: 500, statusMessage: error }, () =>
    h('div', null, lines.map(draw), h(ui.VizLegend, { displayMode: 'list', placement: 'bottom', items }))
  );
}

function Dashboard({ panels }) {
  const theme = React.useContext(data.ThemeContext);
  return h('div', null, panels.map((panel) => h(Panel, { key: panel.id, theme, ...panel })));
}

const STATES = { firing: 'Firing', inactive: 'Normal', pending: 'Pending' };

/** Ask for what a page shows, and return the page. */
async function pageOf(path, parameters, saved) {
  if (path.startsWith('/connections/datasources/edit/')) {
    return (props) => h(Config, { ...props, saved });
  }
  if (path === '/explore') {
    const [asked] = JSON.parse(parameters.get('panes')).a.queries;
    return (props) => h(Explore, { ...props, asked });
  }
  if (path.startsWith('/d/')) {
    const { panels } = (await get(`/api/dashboards/uid/${path.split('/')[2]}`)).dashboard;
    return () => h(Dashboard, { panels });
  }
  const [group] = (await get('/api/prometheus/grafana/api/v1/rules')).data.groups;
  return () => h('h2', null, STATES[group.rules[0]?.state] ?? 'Pending');
}

const found = (await get('/api/datasources')).find(({ type }) => type !== 'prometheus');
const saved = await get(`/api/datasources/uid/${found.uid}`);
Object.assign(instanceSettings, { uid: saved.uid, type: saved.type, name: saved.name });
host.jsonData = saved.jsonData;
host.page = await pageOf(location.pathname, new URLSearchParams(location.search), saved);
await host.load(`/public/plugins/${saved.type}/module.js`);
