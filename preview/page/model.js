// The page's state, and everything that changes it: React draws it, tests read it as window.gfplugPreview.
import { CoreApp, LoadingState, dataFrameToJSON, dateMath, dateTime } from '@grafana/data';
import { EMPTY, openPanel, panelsOf } from './dashboards.js';
import { createDatasource, loadPlugin } from './packages.js';
import { addExchange, describe, waitsFor } from './exchanges.js';
import { annotationEvents, createRequest, run } from './run.js';
import { exchanges, provideServices } from './services.js';
import { TemplateService } from './template.js';
import { change, fillVariables } from './variables.js';

const KEPT = [
  'panel',
  'title',
  'queries',
  'explore',
  'view',
  'fieldConfig',
  'time',
  'timeZone',
  'refresh',
  'variables',
  'filters',
  'annotations',
];
const VIEWS = ['config', 'query', 'explore', 'alerts', 'log'];
const NOTHING = { state: 'NotStarted', frames: [], errors: [], milliseconds: 0 };

/** Read a time range, the words of both ends kept: `now-1h` stays that. */
export function rangeOf({ from, to }) {
  const read = (text, roundUp) =>
    typeof text === 'string' && text.includes('now') ? dateMath.parse(text, roundUp) : dateTime(/^\d+$/.test(text) ? Number(text) : text);
  return { from: read(from, false), to: read(to, true), raw: { from, to } };
}

export class Preview {
  #listeners = new Set();
  #stop = () => {};
  #pending = 0;
  #refreshes = 0; // an older one that is slower must not overwrite what a newer one found; likewise #asked
  #asked = 0;

  constructor(boot) {
    const { plugin, instanceSettings, settings, log = [] } = boot;
    const panels = panelsOf(boot.dashboards ?? [], settings);
    this.key = `gfplug-preview ${plugin.id}`;
    const kept = JSON.parse(sessionStorage.getItem(this.key) ?? 'null');
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
      health: null,
      written: undefined,
      alerts: null,
      exchanges: [],
      result: NOTHING,
      eventMarks: [],
      explore: [],
      timeZone: 'browser',
      ...(panels[0] ? openPanel(panels[0], settings) : EMPTY),
      ...kept,
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
    if (KEPT.some((name) => name in patch)) {
      sessionStorage.setItem(this.key, JSON.stringify(Object.fromEntries(KEPT.map((name) => [name, this.state[name]]))));
    }
    this.#listeners.forEach((listener) => listener());
  }

  /** Count a piece of work, so that `idle` waits for it. */
  async work(steps) {
    this.#pending += 1;
    try {
      return await steps();
    } finally {
      this.#pending -= 1;
    }
  }

  /** Load module.js, and ask the queries with it; settings and queries stay. */
  load(module) {
    return this.work(async () => {
      try {
        if (!module) {
          return;
        }
        const plugin = await loadPlugin(module, this.state.instanceSettings.meta);
        const datasource = createDatasource(plugin, this.state.instanceSettings);
        this.set({ plugin, datasource, module, problem: undefined });
        this.#fillQueries();
        await this.refresh();
      } catch (error) {
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
    const refId =
      Array.from({ length: 26 }, (_, index) => String.fromCharCode(65 + index)).find(
        (name) => !others.some((other) => other.refId === name)
      ) ?? `Q${others.length}`;
    return { ...datasource.getDefaultQuery?.(app), refId, datasource: { type: settings.type, uid: settings.uid } };
  }

  get app() {
    return this.state.page === 'explore' ? CoreApp.Explore : CoreApp.PanelEditor;
  }

  get targets() {
    return this.state.page === 'explore' ? this.state.explore : this.state.queries;
  }

  setQueries = (targets) => this.set(this.state.page === 'explore' ? { explore: targets } : { queries: targets });

  /** Add a query with its defaults, or one like another. */
  addQuery = (given) => {
    const added = this.#newQuery(this.targets, this.app);
    this.setQueries([...this.targets, given ? { ...given, refId: added.refId } : added]);
    this.runQueries();
  };

  /** Fill in the variables' choices, then ask the queries and annotations. */
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
      const isEmpty = result.state === LoadingState.Loading && result.frames.length === 0;
      this.set({ result: isEmpty ? { ...result, frames: this.state.result.frames, errors: [] } : describe(result, this.state.exchanges) });
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
    this.set({ ...(panel ? openPanel(panel, this.state.settings) : { ...EMPTY, queries: [] }), result: NOTHING });
    this.#fillQueries();
    return this.refresh();
  };

  /** Show another view; each asks its own queries. */
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

  /** What `isIdle` waits for, in words. */
  get waitsFor() {
    return waitsFor(this.state);
  }

  /** What tests read of the panel. */
  panel = () => {
    const { state, frames, errors, notices = [], milliseconds } = this.state.result;
    return { state, series: this.series ?? [], frames: frames.map(dataFrameToJSON), errors, notices, milliseconds };
  };
}

/** The view that the address names. */
export function viewOfAddress() {
  const name = location.hash.replace(/^#\/?/, '');
  return VIEWS.includes(name) ? name : 'query';
}
