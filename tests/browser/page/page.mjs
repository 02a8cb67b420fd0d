// One browser and one server for a file of tests. Needs in the environment: CHROMIUM, MODULES (node_modules), BUNDLE (what
// bundle.mjs wrote), PLUGINS (JSON: module.js by plugin id).
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createRequire } from 'node:module';
import { after, before } from 'node:test';
import { serve } from './server.mjs';

const { CHROMIUM, MODULES, BUNDLE, PLUGINS } = process.env;
export const require = createRequire(path.join(MODULES, 'index.js'));
const { chromium } = require('playwright-core');
const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'gfplug-browser-'));
let browser, server;

before(async () => {
  server = await serve({ plugins: JSON.parse(PLUGINS), modules: MODULES, bundle: BUNDLE });
  browser = await chromium.launchPersistentContext(profile, {
    executablePath: CHROMIUM,
    headless: true,
    viewport: { width: 900, height: 1500 },
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
});

after(async () => {
  await browser?.close();
  server?.close();
  fs.rmSync(profile, { recursive: true, force: true });
});

let used; // by one test after the other: what it has loaded of Grafana stays

async function newPage(search) {
  const page = await browser.newPage();
  const heard = { wrong: [], tolerated: [] };
  page.setDefaultTimeout(15_000);
  page.on('pageerror', (error) => heard.wrong.push(String(error)));
  page.on('console', (message) => {
    const isFont = /\/fonts\//.test(message.location().url); // not in the npm package
    if (message.type() === 'error' && !isFont) {
      (heard.allowed?.test(message.text()) ? heard.tolerated : heard.wrong).push(`${message.text()} ${message.location().url}`);
    }
  });
  await page.goto(`${server.url}/?${search}`);
  await page.waitForFunction('window.host?.isReady');
  return { page, heard, count: 0 };
}

/** Load the plugin anew and draw its page, run the steps; whatever the console says that is wrong fails the test, but for what
 * `allowed` matches: the steps get that as `tolerated`. What is about loading gets a `fresh` page. */
export async function open(search, steps, { plugin = 'acme-sales-datasource', allowed, fresh = /strict|sandbox|theme/.test(search) } = {}) {
  const place = fresh ? await newPage(search) : (used ??= await newPage(''));
  const { page, heard } = place;
  await page.evaluate('window.host.leave()');
  server.asked.length = 0;
  Object.assign(heard, { allowed, wrong: [], tolerated: [] });
  const { tolerated } = heard;
  let isFine = false;
  try {
    const url = `/public/plugins/${plugin}/module.js?${(place.count += 1)}`;
    const loaded = await page.evaluate(([module, parameters]) => window.host.load(module, parameters), [url, search]);
    await page.getByTestId('gf-query-editor').first().waitFor();
    const host = () => page.evaluate(() => { const { options, query, runs, variable, annotation, streams } = window.host; return { options, query, runs, variable, annotation, streams }; });
    const region = (name) => page.getByRole('region', { name });
    await steps({ page, loaded, host, region, config: region('config'), query: region('query'), asked: server.asked, tolerated });
    assert.deepEqual(heard.wrong, []);
    isFine = true;
  } finally {
    if (fresh || !isFine) {
      used = fresh ? used : undefined;
      await page.close();
    }
  }
}

/** Pick an option of the open list, as a person would: again, when the list moved under the pointer while it was still
 * being laid out, so that the click went nowhere. */
export async function pick({ page, host }, name, isPicked) {
  for (let tries = 1; tries <= 3; tries += 1) {
    await page.getByRole('option', { name }).first().click();
    for (const end = Date.now() + 2_000; Date.now() < end; await page.waitForTimeout(50)) {
      if (isPicked((await host()).query)) {
        return;
      }
    }
  }
  assert.fail(`the option ${name} was clicked three times and never picked`);
}
