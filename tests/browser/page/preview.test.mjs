// The page of `gfplug preview` in a real browser, built with one Grafana's real packages, with a fake server.
// Needs the variables of shop_page.mjs.
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { seriousViolations, until } from './chromium.mjs';
import { UID } from './preview_server.mjs';
import { HOSTILE } from './shop.mjs';
import { SCREENSHOTS, VERSION, asked, open, server, silent } from './shop_page.mjs';

/** A clock of the main thread's computing time, in milliseconds: other programs on the machine do not change it. */
async function clockOf(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  return async () => (await session.send('Performance.getMetrics')).metrics.find(({ name }) => name === 'TaskDuration').value * 1000;
}

test('the panel of a provisioned dashboard is drawn, its variables filled in', () =>
  open('', async ({ page, region, panel }) => {
    const { state, series, errors } = await panel();
    assert.deepEqual({ state, series, errors }, { state: 'Done', series: ['north', 'south'], errors: [] });
    const { table, regions, datasource } = asked().at(-1);
    assert.deepEqual([table, regions, datasource.uid], ['sales', ['north', 'south'], UID]);
    await region('Panel').locator('canvas').first().waitFor();
    await region('Panel').getByText('north', { exact: true }).waitFor();
    await until(page, () => {
      const canvas = document.querySelector('canvas');
      return canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some((value) => value > 0);
    });
    await page.getByText('not with Grafana\'s own panel plugins').waitFor();
  }));

test('the page does not wait for a query that ends without an answer, and names one that never ends', () =>
  open('', async ({ page, panel, setQueries }) => {
    assert.equal((await panel()).state, 'Done');
    await setQueries({ refId: 'A', never: true });
    const message = await page.evaluate(() => window.gfplugPreview.idle(0.2).catch((error) => error.message));
    assert.equal(message, 'after 0.2 s the page still waits for an answer of query(), which sent no request');
  }, { from: silent }));

test('settings are saved and tested, and written on request; a secret is not kept in the page', () =>
  open('#/config', async ({ page, region, idle }) => {
    const config = region('Config page');
    await config.getByLabel('Timeout').fill('30');
    await config.locator('#gf-config-token').fill('s3cret');
    await page.getByRole('button', { name: 'Save & test' }).click();
    await config.getByText('Connected').waitFor();
    const put = server.asked.find(({ method }) => method === 'PUT').body;
    assert.deepEqual([put.jsonData.timeout, put.secureJsonData], [30, { token: 's3cret' }]);
    assert.deepEqual(await page.evaluate(() => window.gfplugPreview.health().status), 'success');
    assert.ok(!(await page.content()).includes('s3cret'), 'the page forgets it');
    assert.equal(await config.locator('#gf-config-token').isDisabled(), true);
    await config.getByRole('button', { name: 'Write to provisioning/datasources/datasource.yaml' }).click();
    await config.getByText('+ timeout: 30').waitFor();
    await config.getByText('set SALES_TOKEN in').waitFor();
    await config.getByLabel('Timeout').fill('200');
    await page.getByRole('button', { name: 'Save & test' }).click();
    await config.getByText('too slow').waitFor();
    await config.getByText('seen after 100 s').waitFor();
    await config.getByLabel('Timeout').fill('12');
    await page.getByRole('button', { name: 'Save & test' }).click();
    await idle();
  }, { allowed: /400/ }));

test('query rows are added and removed, and an error is shown at its row with status and source', () =>
  open('', async ({ page, region, panel, idle }) => {
    await page.getByRole('button', { name: 'Add query' }).click();
    await idle();
    const table = region('Query B').getByLabel('Table');
    await table.click();
    await table.fill('broken');
    await page.getByRole('option', { name: 'broken' }).first().click();
    await page.getByRole('button', { name: 'Run queries' }).click();
    const { errors, frames } = await panel();
    assert.deepEqual(errors.map(({ refId, status, source }) => [refId, status, source]), [['B', 502, 'downstream']]);
    assert.deepEqual([...new Set(frames.map(({ schema }) => schema.refId))], ['A']);
    await region('Panel').getByText('status 502 · error source downstream').waitFor();
    await region('Query B').getByText('the API answered 502 Bad Gateway').waitFor();
    await page.getByRole('button', { name: 'Hide query B' }).click();
    assert.deepEqual((await panel()).errors, []);
    await page.getByRole('button', { name: 'Remove query B' }).click();
    await idle();
    assert.equal(await region('Query B').count(), 0);
  }, { allowed: /400/ }));

test('the page shows saved code, and keeps settings and queries', () =>
  open('', async ({ page, region, setQueries, panel }) => {
    await setQueries({ refId: 'A', table: 'sales', regions: ['west'] });
    assert.equal(await region('Query A').getByLabel('Note').count(), 0);
    const [now, clock] = [performance.now(), await clockOf(page)];
    const before = await clock();
    server.save();
    await region('Query A').getByLabel('Note').waitFor();
    const { series } = await panel();
    const took = (await clock()) - before;
    console.log(`# save to visible: ${Math.round(performance.now() - now)} ms, ${Math.round(took)} ms of them computing`);
    assert.deepEqual(series, ['west']);
    assert.ok(took < 1500, `${took} ms`);
    server.tell('reload', { state: 'failed', message: 'SyntaxError in datasource.py', hint: 'line 3', details: ['  def query(' ] });
    await page.getByText('The saved plugin does not start: SyntaxError in datasource.py').waitFor();
    server.save();
    await page.getByText('The saved plugin does not start').waitFor({ state: 'detached' });
  }));

test('a variable can have several values, and a new variable can be added', () =>
  open('', async ({ page, region, idle }) => {
    await page.evaluate(() => window.gfplugPreview.setVariables({ region: ['$__all'] }));
    await idle();
    assert.deepEqual(asked().at(-1).regions, ['north', 'south', 'east']);
    await page.getByRole('button', { name: 'Add variable' }).click();
    const form = page.getByRole('group', { name: 'New variable' });
    await form.getByLabel('Name').fill('kind');
    await form.getByRole('radio', { name: 'Custom' }).check({ force: true });
    await form.getByLabel('Values, between commas').fill('sales, orders : broken');
    await form.getByRole('button', { name: 'Add', exact: true }).click();
    await idle();
    await page.evaluate(() => window.gfplugPreview.setQueries([{ refId: 'A', table: '$kind' }]));
    await idle();
    assert.equal(asked().at(-1).table, 'sales');
    await region('Variables').getByText('kind').waitFor();
  }));

for (const [table, view, shown] of [
  ['one', 'Stat', /42\.5/],
  ['logs', 'Logs', /no disk left/],
  ['graph', 'Frames', /here they are tables/],
  ['sales', 'Table', /north/],
  ['none', 'Auto', /No data/],
  ['noticed', 'Auto', /only the first 60 rows/],
]) {
  test(`${table} as ${view}`, () =>
    open('', async ({ page, region, setQueries, idle }) => {
      await setQueries({ refId: 'A', table });
      await region('Panel').getByRole('radio', { name: view }).check({ force: true });
      await idle();
      await region('Panel').getByText(shown).first().waitFor();
      await page.screenshot({ path: path.join(SCREENSHOTS, `panel-${view.toLowerCase().replace(' ', '-')}.png`) });
    }));
}

test('the inspector shows frames, the executed query, timings and errors', () =>
  open('', async ({ page, region }) => {
    const inspector = region('Inspector');
    await inspector.getByRole('button', { name: 'Open' }).click();
    await inspector.getByText('"refId": "A"').first().waitFor();
    await inspector.getByRole('radio', { name: 'Query' }).check({ force: true });
    await inspector.getByText("A: SELECT sales WHERE region = 'north'").waitFor();
    await inspector.getByRole('radio', { name: 'Timings' }).check({ force: true });
    await inspector.getByText('POST api/ds/query').first().waitFor();
    await inspector.getByText('7 ms').first().waitFor();
    await inspector.getByRole('radio', { name: 'Errors and notices' }).check({ force: true });
    await inspector.getByText('No error and no notice.').waitFor();
    assert.equal(await page.getByRole('region', { name: 'Inspector' }).count(), 1);
  }));

test('a stream adds rows to the panel until the query changes', () =>
  open('', async ({ page, setQueries }) => {
    await setQueries({ refId: 'A', table: 'live' });
    await until(page, () => {
      const { state, frames } = window.gfplugPreview.panel();
      return state === 'Streaming' && frames[0]?.data.values[1]?.length > 3;
    });
    await setQueries({ refId: 'A', table: 'sales' });
    await until(page, () => window.gfplugPreview.panel().state === 'Done');
    await server.received('DELETE', 'preview/streams/'); // the stream ends with the query
  }));

test('annotations and ad hoc filters are requested from the plugin', () =>
  open('', async ({ page, region, idle }) => {
    await region('Annotations').getByText('deploy', { exact: true }).waitFor();
    await region('Annotations').getByText('2 events').waitFor();
    const filters = region('Ad hoc filters');
    await filters.getByRole('button', { name: 'Add filter' }).click();
    await filters.getByLabel('Key', { exact: true }).click();
    await page.getByRole('option', { name: 'region' }).click();
    await filters.getByLabel('Value', { exact: true }).click();
    await page.getByRole('option', { name: 'north' }).first().click();
    await idle();
    assert.deepEqual(asked().at(-1).adhocFilters.map(({ key, operator, value }) => [key, operator, value]), [['region', '=', 'north']]);
    await filters.getByRole('button', { name: 'Remove the filter on region' }).click();
    await idle();
    assert.equal(asked().at(-1).adhocFilters, undefined);
  }));

test('Explore has its own queries, and shows each kind of frame in its view', () =>
  open('#/explore', async ({ region, setQueries, idle }) => {
    await setQueries({ refId: 'A', table: 'sales' }, { refId: 'B', table: 'logs' });
    await idle();
    assert.equal(await region('Panel').getAttribute('data-view'), 'timeseries logs table');
    await region('Panel').getByText('no disk left').first().waitFor();
  }));

test('alert rules are evaluated, and the log is shown and filtered', () =>
  open('#/alerts', async ({ page, region, go }) => {
    await region('Alert rules').getByText('ALERTING').waitFor();
    await region('Alert rules').getByText('region=north').waitFor();
    await region('Alert rules').getByText('from 600 s to 0 s before now; fires when its last is above 0').waitFor();
    assert.equal(await page.evaluate(() => window.gfplugPreview.alerts().rules.length), 1);
    await go('#/log');
    await region('Log').getByText('Serving').waitFor();
    server.tell('log', { time: Date.now(), level: 'warn', message: 'the cache is full', fields: {} });
    await region('Log').getByText('the cache is full').waitFor();
    await region('Log').getByLabel('Lines that contain').fill('cache');
    assert.equal(await region('Log').getByText('Serving').count(), 0);
  }));

test('hostile texts stay texts, wherever they come from', () =>
  open('', async ({ page, region, setQueries, go, idle }) => {
    await setQueries({ refId: 'A', table: 'hostile' });
    await idle();
    for (const view of ['Time series', 'Table', 'Stat', 'Logs', 'Frames']) {
      await region('Panel').getByRole('radio', { name: view }).check({ force: true });
      await idle();
      await region('Panel').getByText("window.hurt='html'").first().waitFor();
    }
    await region('Inspector').getByRole('button', { name: 'Open' }).click();
    for (const tab of ['Query', 'Errors and notices']) {
      await region('Inspector').getByRole('radio', { name: tab }).check({ force: true });
    }
    for (const view of ['Table', 'Frames']) {
      await region('Panel').getByRole('radio', { name: view }).check({ force: true });
      await idle();
      const links = await region('Panel').locator('a').evaluateAll((elements) => elements.map(({ href }) => href));
      assert.ok(links.length > 0);
      assert.deepEqual(links.filter((href) => !href.startsWith('https://example.com/?value=')), []);
    }
    await go('#/alerts');
    await region('Alert rules').getByText("window.hurt='html'").first().waitFor();
    await go('#/log');
    await region('Log').getByText("window.hurt='html'").first().waitFor();
    assert.equal(await page.evaluate(() => window.hurt), undefined);
    assert.equal(await page.locator('img[src="x"]').count(), 0);
    assert.ok(HOSTILE.includes('onerror'));
  }, { allowed: /javascript:/i }));

for (const theme of ['dark', 'light']) {
  test(`axe finds nothing serious in the ${theme} theme`, () =>
    open(`?theme=${theme}#/query`, async ({ page, go, idle, region }) => {
      const wrong = [];
      for (const view of ['query', 'config', 'explore', 'alerts', 'log']) {
        await go(`#/${view}`);
        if (view === 'query') {
          await region('Inspector').getByRole('button', { name: 'Open' }).click();
          await page.getByRole('button', { name: 'Add variable' }).click();
          await idle();
        }
        wrong.push(...(await seriousViolations(page, VERSION)).map((each) => ({ view, ...each })));
        await page.screenshot({ path: path.join(SCREENSHOTS, `${view}-${theme}.png`), fullPage: true });
      }
      assert.deepEqual(wrong, []);
    }));
}

test('the keyboard reaches every part', () =>
  open('', async ({ page }) => {
    const reached = new Set();
    for (let presses = 0; presses < 80; presses += 1) {
      await page.keyboard.press('Tab');
      const name = await page.evaluate(() => document.activeElement.closest('section[aria-label], nav')?.getAttribute('aria-label'));
      reached.add(name);
    }
    for (const part of ['Views', 'Variables', 'Panel', 'Query A', 'Annotations', 'Inspector']) {
      assert.ok(reached.has(part), `${part} of ${[...reached].join(', ')}`);
    }
  }));

test('the page loads within three seconds', () =>
  open('', async ({ page }) => {
    const [now, clock] = [performance.now(), await clockOf(page)];
    const before = await clock();
    await page.reload();
    await until(page, () => window.gfplugPreview?.panel().series.length > 0);
    const took = (await clock()) - before;
    console.log(`# start to visible: ${Math.round(performance.now() - now)} ms, ${Math.round(took)} ms of them computing`);
    assert.ok(took > 10 && took < 3000, `${took} ms`);
  }));
