// The preview's page for a file of tests: one browser, one server, and one page that shows one plugin after the other. Needs in the
// environment, beside the variables of chromium.mjs: ASSETS (the built page), VERSION (Grafana's), PLUGINS (JSON: module.js by name).
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before } from 'node:test';
import { launch, until } from './chromium.mjs';
import { ID, UID, servePreview } from './preview_server.mjs';
import { sources } from './sources.mjs';

const { ASSETS, PLUGINS, VERSION } = process.env;
const modules = Object.fromEntries(Object.entries(JSON.parse(PLUGINS)).map(([name, file]) => [name, fs.readFileSync(file, 'utf8')]));
const VARIABLES = [
  { type: 'custom', name: 'env', query: 'prod', current: { value: 'prod', text: 'prod' } },
  { type: 'custom', name: 'hosts', query: 'a, b', multi: true, current: { value: ['a', 'b'], text: ['a', 'b'] } },
];
/** The reference to the data source in queries of the page. */
export const REFERENCE = { type: ID, uid: UID };
export const RESOURCES = `api/datasources/uid/${UID}/resources`;
let browser, server;

before(async () => {
  server = await servePreview({ ...sources, assets: ASSETS, version: VERSION, modules: Object.values(modules) });
  browser = await launch({ width: 900, height: 1500 });
});

after(async () => {
  await browser?.close();
  server?.close();
});

/** A dashboard whose only panel has the queries, with the variables env and hosts, further variables, and filters. */
const dashboardOf = (targets, variables, filters) => ({
  time: { from: 'now-1h', to: 'now' },
  templating: { list: [...VARIABLES, ...variables, { type: 'adhoc', name: 'filters', filters }] },
  panels: [{ id: 1, type: 'table', targets }],
});

let used; // the page that tests share: Grafana's packages stay loaded

async function newPage(view, allowed) {
  const page = await browser.newPage();
  const heard = { allowed, wrong: [], tolerated: [] };
  page.setDefaultTimeout(15_000);
  page.on('pageerror', (error) => heard.wrong.push(String(error)));
  page.on('console', (message) => {
    const isFont = /\/fonts\//.test(message.location().url); // fonts are not in the npm package
    if (message.type() === 'error' && !isFont) {
      (heard.allowed?.test(message.text()) ? heard.tolerated : heard.wrong).push(`${message.text()} ${message.location().url}`);
    }
  });
  try {
    await page.goto(`${server.url()}#/${view}`);
    await until(page, () => Boolean(window.gfplugPreview));
    await idle(page);
    assert.deepEqual(heard.wrong, []);
    return { page, heard };
  } catch (error) {
    await page.close();
    throw error;
  }
}

const idle = (page) => page.evaluate(() => window.gfplugPreview.idle());

async function go(page, view) {
  await page.evaluate((name) => { location.hash = `#/${name}`; }, view);
  await idle(page);
}

/** Show the server's current plugin in a page that showed another one, without any state of the old one. */
async function showNext(page, { prepare, queries }) {
  await go(page, 'log'); // this view sends no queries
  await page.evaluate(() => window.gfplugPreview.openPanel(''));
  await idle(page);
  await prepare();
  server.asked.length = 0;
  server.tellOfSave({ settings: true, dashboards: true });
  await server.received('GET', 'preview/boot');
  await idle(page);
  server.asked.length = 0;
  await page.evaluate((key) => window.gfplugPreview.openPanel(key), queries ? 'test.json#1' : '');
  await idle(page);
}

/** Show a plugin, run the steps; each console error fails the test, except those that `allowed` matches: the
 * steps get these as `tolerated`. Options: the `plugin` by name, its saved `settings`, saved `queries`, `variables` and
 * `filters` of a dashboard (none: the page begins with a new query), the `view`; `prepare` does something before the plugin is
 * loaded; a test of the start gets a `fresh` page. */
export async function open(given, steps) {
  const { plugin = 'sales', settings = {}, queries, variables = [], filters = [], view = 'query', allowed, prepare, fresh } = given;
  const dashboards = queries ? [{ file: 'test.json', dashboard: dashboardOf(queries, variables, filters) }] : [];
  const source = modules[plugin];
  server.change({ module: source, settings, dashboards });
  const module = new URL(server.address(), server.url()).href;
  server.asked.length = 0;
  const place = fresh ? await newPage(view, allowed) : (used ??= await newPage('log', allowed));
  const { page, heard } = place;
  Object.assign(heard, { allowed, wrong: [], tolerated: [] });
  const { tolerated } = heard;
  let isFine = false;
  try {
    if (!fresh) {
      await showNext(page, { queries, prepare: () => prepare?.({ page, module, source }) });
      await go(page, view);
    }
    const sent = () => server.asked.filter(({ path }) => path === 'api/ds/query');
    const before = sent().length;
    const region = (name) => page.getByRole('region', { name, exact: true });
    const config = region('Config page');
    await steps({
      page,
      module,
      region,
      config,
      query: region('Query A'),
      asked: server.asked,
      received: server.received,
      tolerated,
      idle: () => idle(page),
      go: (name) => go(page, name),
      /** The page's first query. */
      asIs: async () => {
        await idle(page); // the page applies some edits a moment later
        return (await page.evaluate(() => window.gfplugPreview.queries()))[0];
      },
      /** The state that the page keeps while it is open: variables, annotations. */
      kept: () => page.evaluate((id) => JSON.parse(sessionStorage.getItem(`gfplug-preview ${id}`)), ID),
      /** The number of times that queries were sent since the steps began. */
      runs: async () => {
        await idle(page);
        return sent().length - before;
      },
      /** Send queries; return the first that was sent, and the panel. */
      ask: async (...targets) => {
        const already = sent().length;
        await page.evaluate((each) => window.gfplugPreview.setQueries(each), targets);
        await idle(page);
        return { requests: sent().slice(already).map(({ body }) => body), panel: await page.evaluate(() => window.gfplugPreview.panel()) };
      },
      /** Press Save & test; return the settings that the page has saved. */
      save: async () => {
        await config.getByRole('button', { name: 'Save & test' }).click();
        await idle(page);
        return server.asked.findLast(({ method }) => method === 'PUT')?.body;
      },
    });
    assert.deepEqual(heard.wrong, []);
    isFine = true;
  } finally {
    if (fresh || !isFine) {
      used = fresh ? used : undefined;
      await page.close();
    }
  }
}

/** Pick an option of the open list like a person: click again if the list moved during its layout, so that the
 * click had no effect. */
export async function pick({ page, asIs }, name, isPicked) {
  for (let tries = 1; tries <= 3; tries += 1) {
    await page.getByRole('option', { name }).first().click();
    for (const end = Date.now() + 2_000; Date.now() < end; await page.waitForTimeout(50)) {
      if (isPicked(await asIs())) {
        return;
      }
    }
  }
  assert.fail(`the option ${name} was clicked three times and never picked`);
}
