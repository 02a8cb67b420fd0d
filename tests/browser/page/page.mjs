// One browser and one server for a file of tests. Needs in the environment: CHROMIUM, MODULES (node_modules), BUNDLE (what
// bundle.mjs wrote), PLUGINS (JSON: module.js by plugin id) and perhaps API (a server that plays Grafana).
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createRequire } from 'node:module';
import { after, before } from 'node:test';
import { serve } from './server.mjs';

const { CHROMIUM, MODULES, BUNDLE, PLUGINS, API } = process.env;
export const require = createRequire(path.join(MODULES, 'index.js'));
const { chromium } = require('playwright-core');
const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'gfplug-browser-'));
let browser, server;

before(async () => {
  server = await serve({ plugins: JSON.parse(PLUGINS), modules: MODULES, bundle: BUNDLE, api: API });
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

/** Open the page, load the plugin, run the steps; whatever the console says that is wrong fails the test, but for what
 * `allowed` matches: the steps get that as `tolerated`. */
export async function open(search, steps, { plugin = 'acme-sales-datasource', allowed } = {}) {
  server.asked.length = 0;
  const page = await browser.newPage();
  const wrong = [];
  const tolerated = [];
  page.setDefaultTimeout(15_000);
  page.on('pageerror', (error) => wrong.push(String(error)));
  page.on('console', (message) => {
    const isFont = /\/fonts\//.test(message.location().url); // not in the npm package
    if (message.type() === 'error' && !isFont) {
      (allowed?.test(message.text()) ? tolerated : wrong).push(message.text());
    }
  });
  try {
    await page.goto(`${server.url}/?${search}`);
    await page.waitForFunction('window.host?.isReady');
    const loaded = await page.evaluate(`window.host.load('/public/plugins/${plugin}/module.js')`);
    await page.getByTestId('gf-query-editor').first().waitFor();
    const host = () => page.evaluate(() => { const { options, query, runs, variable, annotation, streams } = window.host; return { options, query, runs, variable, annotation, streams }; });
    const region = (name) => page.getByRole('region', { name });
    await steps({ page, loaded, host, region, config: region('config'), query: region('query'), asked: server.asked, tolerated });
    assert.deepEqual(wrong, []);
  } finally {
    await page.close();
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
