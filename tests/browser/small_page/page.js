// The smallest page with the interface of `gfplug preview` and its pytest fixture: forms, and window.gfplugPreview.
const at = (path) => new URL(path, document.baseURI.split('#')[0]);
const ask = async (path, body, method = 'POST') => {
  const options = body === undefined ? {} : { method, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
  const answer = await fetch(at(path), options);
  return { status: answer.status, value: await answer.json() };
};
const boot = (await ask('preview/boot')).value;
const source = `api/datasources/uid/${boot.settings.uid}`;
const input = (id) => document.getElementById(id);
const state = { queries: [{ refId: 'A', signal: 'sine', series: 1 }], range: { from: 'now-10m', to: 'now' }, variables: {} };
let waiting = Promise.resolve();

async function run() {
  const { value } = await ask('api/ds/query', { queries: state.queries, ...state.range });
  const results = Object.entries(value.results ?? {});
  const frames = results.flatMap(([, result]) => result.frames ?? []);
  const errors = results.filter(([, result]) => result.error).map(([refId, { error, status, errorSource }]) => ({ refId, message: error, status, source: errorSource }));
  const series = frames.flatMap(({ schema }) => schema.fields.slice(1).map(({ labels = {} }) => Object.values(labels).sort().join(' ')));
  const notices = frames.flatMap(({ schema }) => schema.meta?.notices ?? []);
  state.panel = { state: errors.length ? 'Error' : 'Done', series, frames, errors, notices, milliseconds: value.preview?.milliseconds };
}

const later = (action) => (waiting = waiting.then(action));
const change = (part) => later(() => Object.assign(state.queries[0], part) && run());

input('seed').value = boot.settings.jsonData.seed;
input('series').value = 1;
input('series').addEventListener('change', ({ target }) => change({ series: Number(target.value) }));
input('signal').addEventListener('click', () => (document.querySelector('[role=listbox]').hidden = false));
document.querySelectorAll('[role=option]').forEach((option) =>
  option.addEventListener('click', () => {
    input('signal').textContent = option.textContent;
    change({ signal: option.textContent });
  })
);
document.querySelector('[aria-label="Config page"] button').addEventListener('click', () =>
  later(async () => {
    await ask(source, { jsonData: { seed: Number(input('seed').value) } }, 'PUT');
    const { status, value } = await ask(`${source}/health`);
    state.health = { ...value, status: status === 200 ? 'success' : 'error' };
    await run();
  })
);
later(run);
window.gfplugPreview = {
  idle: async () => {
    for (let last; last !== waiting; ) {
      await (last = waiting);
    }
  },
  panel: () => state.panel,
  health: () => state.health ?? null,
  queries: () => state.queries,
  setQueries: (queries) => later(() => (state.queries = queries) && run()),
  setTimeRange: (from, to) => later(() => (state.range = { from, to }) && run()),
  setVariables: (values) => later(() => Object.assign(state.variables, values)),
};
