// The page of `gfplug preview` with the fictional shop, for a file of tests: one browser, one server, and a new page for each test.
// Needs in the environment, beside the variables of chromium.mjs: ASSETS (the built page), PLUGIN and CHANGED (two module.js), VERSION
// (Grafana's), SCREENSHOTS (a folder).
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before } from 'node:test';
import { launch, until } from './chromium.mjs';
import { ID, UID, servePreview } from './preview_server.mjs';
import { shop } from './shop.mjs';

const { ASSETS, PLUGIN, CHANGED } = process.env;
export const { SCREENSHOTS, VERSION } = process.env;
const reference = { type: ID, uid: UID };
const dashboard = {
  title: 'Shop',
  time: { from: 'now-1h', to: 'now' },
  templating: {
    list: [
      { type: 'query', name: 'table', label: 'Table', datasource: reference, query: { of: 'tables' }, current: { value: 'sales', text: 'sales' } },
      { type: 'custom', name: 'region', label: 'Region', query: 'north, south, east', multi: true, includeAll: true, current: { value: ['north', 'south'], text: ['north', 'south'] } },
    ],
  },
  annotations: { list: [{ name: 'Deploys', enable: true, iconColor: 'blue', datasource: reference, target: { refId: 'Anno', severity: 3 } }] },
  panels: [
    { id: 1, type: 'timeseries', title: 'Sales by region', datasource: reference, targets: [{ refId: 'A', table: '$table', regions: ['$region'] }], fieldConfig: { defaults: { unit: 'short', displayName: '${__field.labels.region}' }, overrides: [] } },
    { id: 2, type: 'stat', title: 'By the minute', interval: '2m', datasource: reference, targets: [{ refId: 'A', table: 'one' }] },
  ],
};
/** Odd dashboards that people write or export, and that the page must accept: no targets, no lists, elements of a later schema. */
const odd = [
  { panels: [null, 7, { id: 2, targets: null }, { id: 3, panels: null }], templating: { list: null }, annotations: { list: [null] } },
  { apiVersion: 'dashboard.grafana.app/v2beta1', kind: 'Dashboard', spec: { elements: { 'panel-1': { kind: 'Panel' } } } },
  { panels: { 0: {} }, templating: null },
  { time: { from: 'now-soon', to: 'never' }, refresh: 'auto', panels: [{ id: 1, datasource: reference, targets: [{ table: 'one' }, { refId: 'A', table: 'sales' }, { refId: 'A' }] }] },
];
/** A module.js whose query() emits nothing, or never ends, whose editor is a button, and whose editor of variables fails. */
const SILENT = `define(['@grafana/data', 'rxjs', 'react'], (data, rxjs, react) => {
  class Silent extends data.DataSourceApi { query({ targets }) { return targets[0].never ? rxjs.NEVER : rxjs.EMPTY; } }
  const Editor = ({ query, onChange }) =>
    react.createElement('button', { onClick: () => onChange({ ...query, table: 'new' }) }, 'Change ' + query.refId);
  const broken = () => { throw new Error('no such table'); };
  return { plugin: new data.DataSourcePlugin(Silent).setQueryEditor(Editor).setVariableQueryEditor(broken) };
})`;
let browser;
export let server;
export let silent; // a server whose plugin answers nothing

before(async () => {
  const modules = [PLUGIN, CHANGED].map((file) => fs.readFileSync(file, 'utf8'));
  const dashboards = [{ file: 'shop.json', dashboard }, ...odd.map((each, index) => ({ file: `odd-${index}.json`, dashboard: each }))];
  server = await servePreview({ ...shop, assets: ASSETS, version: VERSION, modules, dashboards });
  silent = await servePreview({ assets: ASSETS, version: VERSION, modules: [SILENT] });
  browser = await launch({ width: 1280, height: 1000 });
});

after(async () => {
  await browser?.close();
  server?.close();
  silent?.close();
});

/** Open the page, run the steps; an error in the console, or a break of the content security policy, fails the test. */
export async function open(place, steps, { allowed, from = server } = {}) {
  server.asked.length = 0;
  const page = await browser.newPage();
  page.setDefaultTimeout(15_000);
  const wrong = [];
  page.on('pageerror', (error) => wrong.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error' && !/\/fonts\//.test(message.location().url) && !allowed?.test(message.text())) {
      wrong.push(message.text());
    }
  });
  const idle = () => page.evaluate(() => window.gfplugPreview.idle());
  const region = (name) => page.getByRole('region', { name, exact: true });
  const panel = async () => {
    await idle();
    return page.evaluate(() => window.gfplugPreview.panel());
  };
  const setQueries = (...queries) => page.evaluate((given) => window.gfplugPreview.setQueries(given), queries);
  const go = async (hash) => {
    await page.evaluate((name) => { location.hash = name; }, hash);
    await idle();
  };
  try {
    await page.goto(`${from.url()}${place}`);
    await until(page, () => Boolean(window.gfplugPreview));
    await idle();
    await steps({ page, idle, region, panel, setQueries, go });
    assert.deepEqual(wrong, []);
  } finally {
    await page.close();
  }
}

/** The sent queries with the refId A. */
export const asked = () =>
  server.asked.filter(({ path: name }) => name === 'api/ds/query').flatMap(({ body }) => body.queries).filter(({ refId }) => refId === 'A');
