// The page's state, and all functions that change it: React draws the state, tests read it as window.gfplugPreview.
import { CoreApp, LoadingState, dataFrameToJSON, dateMath, dateTime } from '@grafana/data';
import { EMPTY, freeRefId, openPanel, panelsOf } from './dashboards.js';
import { createDatasource, loadPlugin } from './packages.js';
import { addExchange, describe, waitsFor } from './exchanges.js';
import { remember, remembered } from './memory.js';
import { annotationEvents, createRequest, run } from './run.js';
import { exchanges, provideServices } from './services.js';
import { TemplateService } from './template.js';
import { change, fillVariables } from './variables.js';

const VIEWS = ['config', 'query', 'explore', 'alerts', 'log'];
const NOTHING = { state: 'NotStarted', frames: [], errors: [], milliseconds: 0 };

/** Read a time range; `raw` keeps both ends as text, such as `now-1h`. */
export function rangeOf({ from, to }) {
  const read = (text, roundUp) =>
    typeof text === 'string' && text.includes('now') ? dateMath.parse(text, roundUp) : dateTime(/^\d+$/.test(text) ? Number(text) : text);
  const range = { from: read(from, false), to: read(to, true), raw: { from, to } };
  return range.from?.isValid() && range.to?.isValid() ? range : rangeOf(EMPTY.time); // a dashboard's file may have invalid times
}

export class Preview {
  #listeners = new Set();
  #stop = () => {};
  #pending = 0;
  #refreshes = 0; // a slow older request must not overwrite the result of a newer one; likewise #asked, #loads
  #asked = 0;
  #loads = 0;

  constructor(boot) {
    const { plugin, instanceSettings, settings, log = [] } = boot;
    const panels = panelsOf(boot.dashboards ?? [], settings);
    this.state = {
      boot,
      instanceSettings,
      settings,
      log,
      panels,
      theme: boot.theme,
      page: viewOfAddress(),
      plugin: undefined,
      datasource: undefined,
      problem: plugin.problem,
      activity: undefined,
      saved: undefined,
      health: null,
      written: undefined,
      alerts: null,
      exchanges: [],
      result: NOTHING,
      eventMarks: [],
      explore: [],
      timeZone: 'browser',
      ...(panels[0] ? openPanel(panels[0], settings) : EMPTY),
      ...remembered(boot),
    };
    this.state.range = rangeOf(this.state.time);
    this.template = new TemplateService(() => this.state);
    provideServices({ template: this.template, datasource: () => this.state.datasource, settings: () => this.state.instanceSettings });
    exchanges.listen = (record) => this.set({ exchanges: addExchange(this.state.exchanges, record) });
  }

  subscribe = (listener) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  set(patch) {
    this.state = { ...this.state, ...patch };
    remember(this.state, patch);
    this.#listeners.forEach((listener) => listener());
  }

  /** Count a piece of work, so that `isIdle` is false until it ends. */
  async work(steps) {
    this.#pending += 1;
    try {
      return await steps();
    } finally {
      this.#pending -= 1;
    }
  }

  /** Load module.js, and run the queries with it; settings and queries stay. */
  load(module) {
    const number = (this.#loads += 1);
    return this.work(async () => {
      try {
        if (!module) {
          return;
        }
        const plugin = await loadPlugin(module, this.state.instanceSettings.meta);
        if (number !== this.#loads) {
          return;
        }
        const datasource = createDatasource(plugin, this.state.instanceSettings);
        this.set({ plugin, datasource, module, problem: undefined });
        this.#fillQueries();
        await this.refresh();
      } catch (error) {
        if (number !== this.#loads) {
          return;
        }
        this.set({ problem: { message: error.message ?? String(error), hint: 'The browser console may say more.' } });
      }
    });
  }

  #fillQueries() {
    const { queries, explore } = this.state;
    this.set({
      queries: queries.length ? queries : [this.#newQuery([], CoreApp.PanelEditor)],
      explore: explore.length ? explore : [this.#newQuery([], CoreApp.Explore)],
    });
  }

  #newQuery(others, app) {
    const { datasource, settings } = this.state;
    const refId = freeRefId(others);
    return { ...datasource.getDefaultQuery?.(app), refId, datasource: { type: settings.type, uid: settings.uid } };
  }

  get app() {
    return this.state.page === 'explore' ? CoreApp.Explore : CoreApp.PanelEditor;
  }

  get targets() {
    return this.state.page === 'explore' ? this.state.explore : this.state.queries;
  }

  setQueries = (targets) => this.set(this.state.page === 'explore' ? { explore: targets } : { queries: targets });

  /** Change a query of a view as it is now; nothing happens if it was removed meanwhile. */
  editQuery = (page, refId, change) => {
    const list = page === 'explore' ? 'explore' : 'queries';
    this.set({ [list]: this.state[list].map((query) => (query.refId === refId ? change(query) : query)) });
  };

  duplicateQuery = (refId) => this.addQuery(this.targets.find((query) => query.refId === refId));

  /** Add a query with its defaults, or one like another. */
  addQuery = (given) => {
    const added = this.#newQuery(this.targets, this.app);
    this.setQueries([...this.targets, given ? { ...given, refId: added.refId } : added]);
    this.runQueries();
  };

  /** Fill in the variables' choices, then run the queries and annotations. */
  refresh = () =>
    this.work(async () => {
      const { datasource, settings, variables } = this.state;
      if (!datasource) {
        return;
      }
      this.#refreshes += 1;
      const number = this.#refreshes;
      const isLast = () => number === this.#refreshes;
      this.set({ range: rangeOf(this.state.time) });
      await fillVariables(
        variables,
        { datasource, settings, request: this.#request({ targets: [] }) },
        (list) => isLast() && this.set({ variables: list })
      );
      if (isLast()) {
        this.runQueries();
      }
    });

  #request(more) {
    const { range, timeZone, filters, minInterval } = this.state;
    const interval = minInterval ? this.template.replace(minInterval).replace(/^>/, '') : undefined;
    return createRequest({ range, timeZone, app: this.app, filters: filters.length ? filters : undefined, minInterval: interval, ...more });
  }

  runQueries = () => {
    const { datasource, time } = this.state;
    this.#stop();
    if (!datasource || !['query', 'explore'].includes(this.state.page)) {
      return;
    }
    this.set({ range: rangeOf(time) });
    const reference = { type: this.state.settings.type, uid: this.state.settings.uid };
    const targets = this.targets.map((target) => ({ datasource: reference, ...target }));
    this.#stop = run(datasource, this.#request({ targets, panelId: 1, panelPluginId: this.state.view }), (result) => {
      const { result: before } = this.state;
      const isEmpty = result.state === LoadingState.Loading && result.frames.length === 0; // the last answer stays, as in Grafana
      this.set({
        result: isEmpty ? { ...before, state: result.state, request: result.request } : describe(result, this.state.exchanges),
      });
    });
    this.#runAnnotations();
  };

  #runAnnotations() {
    const { annotations, datasource } = this.state;
    const asked = this.state.page === 'query' ? annotations.filter(({ enable }) => enable !== false) : [];
    const number = (this.#asked += 1);
    this.work(async () => {
      const request = this.#request({ targets: [] });
      const answers = await Promise.allSettled(asked.map((annotation) => annotationEvents(datasource, annotation, request)));
      const eventMarks = answers.flatMap(({ value = [] }) => value);
      const failure = answers.find(({ reason }) => reason)?.reason;
      if (number === this.#asked) {
        this.set({ eventMarks, annotationProblem: failure && (failure.message ?? String(failure)) });
      }
    });
  }

  setTimeRange = (from, to) => {
    this.set({ time: { from: String(from), to: String(to) } });
    return this.refresh();
  };

  setVariables = (values) => {
    this.set({
      variables: this.state.variables.map((variable) => (variable.name in values ? change(variable, values[variable.name]) : variable)),
    });
    return this.refresh();
  };

  setFilters = (filters) => {
    this.set({ filters });
    this.runQueries();
  };

  openPanel = (key) => {
    const panel = this.state.panels.find((each) => each.key === key);
    this.#stop(); // the answer to the old panel does not belong to the new one
    this.#asked += 1;
    this.set({ eventMarks: [], annotationProblem: undefined });
    this.set({ ...(panel ? openPanel(panel, this.state.settings) : { ...EMPTY, queries: [] }), result: NOTHING });
    this.#fillQueries();
    return this.refresh();
  };

  /** Show another view; each view runs its own queries. */
  turn(page) {
    this.set({ page, result: NOTHING });
    this.runQueries();
  }

  setTheme = (theme) => {
    localStorage.setItem('gfplug-preview', JSON.stringify({ theme }));
    this.set({ theme });
  };

  get isIdle() {
    return (
      this.#pending === 0 &&
      this.state.result.state !== LoadingState.Loading &&
      Boolean(this.state.plugin || this.state.problem)
    );
  }

  /** Say in words what `isIdle` waits for. */
  get waitsFor() {
    return waitsFor(this.state);
  }

  /** The panel as tests read it. */
  panel = () => {
    const { state, frames, errors, notices = [], milliseconds } = this.state.result;
    return { state, series: this.series ?? [], frames: frames.map(dataFrameToJSON), errors, notices, milliseconds };
  };
}

/** The view in the address; `query` by default. */
export function viewOfAddress() {
  const name = location.hash.replace(/^#\/?/, '');
  return VIEWS.includes(name) ? name : 'query';
}
