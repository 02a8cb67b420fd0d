// The page during changes: nothing moves away under the pointer, no older answer replaces a newer one, and no
// choice is lost. Needs the variables of shop_page.mjs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from './chromium.mjs';
import { HOSTILE } from './shop.mjs';
import { asked, open, server, silent } from './shop_page.mjs';

/** Hold the answers from an address until `release` is called, if `isHeld` is true for their requests; `seen` resolves once
 * the first one waits. */
async function hold(page, address, isHeld = () => true) {
  let release, see;
  const seen = new Promise((resolve) => { see = resolve; });
  const released = new Promise((resolve) => { release = resolve; });
  let count = 0;
  await page.route(address, async (route) => {
    if (!isHeld(route.request())) {
      return route.fallback();
    }
    count += 1;
    const response = await route.fetch();
    see();
    await released;
    return route.fulfill({ response }).catch(() => {}); // the page may have cancelled the request
  });
  return { release, seen, count: () => count };
}

/** Run the steps; return all positions of the buttons during the steps, each with its name. */
async function placesOf(page, names, steps) {
  await page.evaluate((wanted) => {
    window.places = new Set();
    const note = () => {
      for (const button of document.querySelectorAll('button')) {
        const name = button.ariaLabel ?? button.textContent.trim();
        const { x, y } = button.getBoundingClientRect();
        if (wanted.includes(name)) {
          window.places.add(`${name}: ${Math.round(x)}, ${Math.round(y)}`);
        }
      }
      window.frame = requestAnimationFrame(note);
    };
    note();
  }, names);
  await steps();
  return page.evaluate(() => {
    cancelAnimationFrame(window.frame);
    return [...window.places];
  });
}

test('no run moves what is below the panel, whatever it answers', () =>
  open('', async ({ page, setQueries, idle }) => {
    const names = ['Add query', 'Run queries', 'Remove query A'];
    await setQueries({ refId: 'A', table: 'sales' });
    await idle();
    for (const table of ['sales', 'broken', 'broken', 'none', 'noticed', 'noticed', 'one', 'logs', 'graph', 'hostile', 'sales']) {
      const places = await placesOf(page, names, async () => {
        await setQueries({ refId: 'A', table });
        await idle();
      });
      assert.equal(places.length, names.length, `${table}: ${places.join(' · ')}`);
    }
  }, { allowed: /400|javascript:/i }));

test('a click that begins before an answer and ends after it has its effect', () =>
  open('', async ({ page, region, setQueries, idle }) => {
    await setQueries({ refId: 'A', table: 'broken' }, { refId: 'B', table: 'sales' });
    await idle();
    const { release, seen } = await hold(page, '**/api/ds/query*');
    await page.getByRole('button', { name: 'Run queries' }).click();
    await seen;
    await page.getByRole('button', { name: 'Remove query B' }).hover();
    await page.mouse.down();
    release();
    await idle();
    await page.mouse.up();
    await idle();
    assert.equal(await region('Query B').count(), 0);
  }, { allowed: /400/ }));

test('a save and a test move no button', () =>
  open('#/config', async ({ page, region, idle }) => {
    const places = await placesOf(page, ['Save & test'], async () => {
      for (const timeout of ['200', '12']) {
        await region('Config page').getByLabel('Timeout').fill(timeout);
        await page.getByRole('button', { name: 'Save & test' }).click();
        await idle();
      }
      server.tell('reload', { state: 'started' });
      await page.getByText('A file was saved').waitFor();
    });
    assert.equal(places.length, 1, places.join(' · '));
    server.save();
    await page.getByText('A file was saved').waitFor({ state: 'detached' });
  }, { allowed: /400/ }));

test('what is typed during a save stays, and a saved secret does not', () =>
  open('#/config', async ({ page, region, idle }) => {
    const config = region('Config page');
    const boots = await hold(page, '**/preview/boot');
    await config.getByLabel('Name', { exact: true }).fill('Shop');
    await config.locator('#gf-config-token').fill('s3cret');
    await page.getByRole('button', { name: 'Save & test' }).click();
    await boots.seen;
    await config.getByLabel('Timeout').fill('31');
    const asks = () => server.asked.filter(({ path, body }) => path === 'api/ds/query' && body.queries[0].queryType === 'variable').length;
    const before = asks();
    boots.release();
    await idle();
    assert.ok(asks() > before, 'the choices of variables may depend on the settings');
    assert.deepEqual([await config.getByLabel('Timeout').inputValue(), await config.getByLabel('Name', { exact: true }).inputValue()], ['31', 'Shop']);
    assert.equal(await config.locator('#gf-config-token').isDisabled(), true);
    server.tell('settings', { ...server.settings(), name: 'Store', version: 9 }); // like the event after a save of the provisioning file
    await until(page, () => document.querySelector('#preview-name').value === 'Store');
    assert.equal(await config.getByLabel('Timeout').inputValue(), '31');
    await config.getByLabel('Name', { exact: true }).fill('Sales');
    await config.getByLabel('Timeout').fill('12');
    await page.getByRole('button', { name: 'Save & test' }).click();
    await idle();
  }));

test('while an answer is awaited, the last one and its error stay', () =>
  open('', async ({ page, region, setQueries, idle }) => {
    await setQueries({ refId: 'A', table: 'broken' });
    await idle();
    const { release, seen } = await hold(page, '**/api/ds/query*');
    await page.evaluate(() => window.gfplugPreview.setQueries([{ refId: 'A', table: 'sales' }]));
    await seen;
    await region('Panel').getByText('502 Bad Gateway').waitFor();
    await region('Query A').getByText('502 Bad Gateway').waitFor();
    assert.equal(await region('Panel').getAttribute('aria-busy'), 'true');
    release();
    await idle();
    assert.equal(await page.getByText('502 Bad Gateway').count(), 0);
  }, { allowed: /400/ }));

test('the answer for one panel is not shown as that of the next', () =>
  open('', async ({ page, panel, idle }) => {
    const is = (kind) => (request) => (request.postDataJSON().queries[0].queryType === 'variable') === (kind === 'variable');
    const queries = await hold(page, '**/api/ds/query*', is('query'));
    await page.evaluate(() => { window.gfplugPreview.setQueries([{ refId: 'A', table: 'sales' }]); });
    await queries.seen;
    const variables = await hold(page, '**/api/ds/query*', is('variable'));
    await page.evaluate(() => { window.gfplugPreview.openPanel('shop.json#2'); });
    await variables.seen;
    queries.release();
    await page.waitForTimeout(300);
    assert.deepEqual((await page.evaluate(() => window.gfplugPreview.panel())).frames, []);
    variables.release();
    await idle();
    assert.deepEqual((await panel()).frames.map(({ schema }) => schema.fields.map(({ name }) => name)), [['total']]);
  }));

test('the module of an older save does not replace that of a newer one', () =>
  open('', async ({ page, region, idle }) => {
    const [older, newer] = [0, 1].map((more) => Number(/_cache=(\d+)/.exec(server.address())[1]) + more + 1);
    const modules = await hold(page, `**/module.js?_cache=${older}`);
    server.save();
    await modules.seen;
    const isLonger = (await region('Query A').getByLabel('Note').count()) === 1; // whether the newer module has the field Note, too
    server.save();
    await until(page, (name) => performance.getEntriesByType('resource').some(({ name: url }) => url.endsWith(name)), `_cache=${newer}`);
    modules.release();
    await idle();
    assert.equal((await region('Query A').getByLabel('Note').count()) === 1, isLonger);
  }));

test('an older rehearsal of the alert rules does not replace a newer one', () =>
  open('#/log', async ({ page, region, idle }) => {
    let number = 0;
    let release;
    const released = new Promise((resolve) => { release = resolve; });
    await page.route('**/preview/alerts', async (route) => {
      number += 1;
      const rule = `rehearsal ${number}`;
      if (number === 1) {
        await released;
      }
      await route.fulfill({ json: { at: 0, problem: null, rules: [{ rule, instances: [], error: '', warnings: [] }] } });
    });
    await page.evaluate(() => { location.hash = '#/alerts'; });
    await until(page, () => document.querySelector('[aria-label="Alert rules"]'));
    server.save();
    await region('Alert rules').getByText('rehearsal 2').waitFor();
    assert.equal(await page.getByRole('button', { name: 'Evaluate now' }).isDisabled(), false);
    release();
    await idle();
    assert.equal(await region('Alert rules').getByText('rehearsal 1').count(), 0);
  }));

test('an edit that an editor reports late belongs to its query', () =>
  open('', async ({ page, setQueries, idle }) => {
    await setQueries({ refId: 'A', table: 'sales' }, { refId: 'B', table: 'orders' });
    const tables = () => page.evaluate(() => window.gfplugPreview.queries().map(({ refId, table }) => `${refId} ${table}`));
    const press = (...names) =>
      page.evaluate((wanted) => {
        const buttons = [...document.querySelectorAll('button')];
        wanted.forEach((name) => buttons.find((button) => [button.ariaLabel, button.textContent].includes(name)).click());
      }, names);
    await press('Change B', 'Hide query B');
    await idle();
    assert.deepEqual(await tables(), ['A sales', 'B new']);
    await press('Change A', 'Remove query A');
    await idle();
    assert.deepEqual(await tables(), ['B new']);
  }, { from: silent }));

test('a panel and its smallest interval outlive a reload, and no other panel has them', () =>
  open('', async ({ page, idle }) => {
    const interval = () => server.asked.findLast(({ path }) => path === 'api/ds/query').body.queries.at(-1).intervalMs;
    await page.evaluate(() => window.gfplugPreview.openPanel('shop.json#2'));
    await idle();
    assert.equal(interval(), 120_000);
    await page.reload();
    await until(page, () => Boolean(window.gfplugPreview));
    await idle();
    assert.deepEqual([asked().at(-1).table, interval()], ['one', 120_000]);
    await page.evaluate(() => window.gfplugPreview.openPanel(''));
    await idle();
    assert.ok(interval() < 120_000);
  }));

test('a variable with more choices than the browser can store does not stop the page', () =>
  open('', async ({ page, panel }) => {
    const many = Array.from({ length: 60_000 }, (_, index) => ({ text: `${index} ${'x'.repeat(100)}`, value: `${index}` }));
    await page.route('**/api/ds/query*', async (route) => {
      const { queries } = route.request().postDataJSON();
      if (queries[0].queryType !== 'variable') {
        return route.continue();
      }
      const fields = ['text', 'value'].map((name) => ({ name, type: 'string', typeInfo: { frame: 'string' } }));
      const data = { values: [many.map(({ text }) => text), many.map(({ value }) => value)] };
      return route.fulfill({ json: { results: { [queries[0].refId]: { status: 200, frames: [{ schema: { fields }, data }] } } } });
    });
    await page.evaluate(() => window.gfplugPreview.setVariables({}));
    assert.equal((await panel()).state, 'Done');
    assert.equal(asked().at(-1).table, '0');
  }));

test('an invalid time, an invalid period and invalid refIds do not break the page', () =>
  open('', async ({ page, region, idle, panel }) => {
    await page.evaluate(() => window.gfplugPreview.openPanel('odd-3.json#1'));
    await idle();
    assert.equal((await panel()).state, 'Done');
    assert.deepEqual((await page.evaluate(() => window.gfplugPreview.queries())).map(({ refId }) => refId), ['B', 'A', 'C']);
    await region('Query C').waitFor();
    await page.evaluate(() => window.gfplugPreview.openPanel('shop.json#1'));
    await idle();
    const severity = region('Annotations').getByLabel('Severity');
    await severity.fill('9');
    await severity.press('Enter');
    await region('Annotations').getByText('soon').waitFor();
    await region('Annotations').getByText(HOSTILE.slice(0, 20)).waitFor();
    assert.equal(await page.getByText('The page failed while it was drawn').count(), 0);
  }));

test('a refresh period that is shorter than an answer takes does not stop the answer', () =>
  open('', async ({ page, idle }) => {
    const queries = await hold(page, '**/api/ds/query*');
    await page.evaluate(() => {
      const kept = JSON.parse(sessionStorage.getItem('gfplug-preview acme-sales-datasource') ?? '{}');
      sessionStorage.setItem('gfplug-preview acme-sales-datasource', JSON.stringify({ ...kept, variables: [], annotations: [], refresh: '100ms' }));
    });
    await page.reload();
    await queries.seen;
    await page.waitForTimeout(500);
    assert.equal(queries.count(), 1);
    queries.release();
    await until(page, () => window.gfplugPreview.panel().state === 'Done');
    await until(page, () => window.gfplugPreview.panel().state === 'Loading');
    await idle();
  }));

test('a changed text variable runs the queries once, and keeps the focus', () =>
  open('', async ({ page, region, idle }) => {
    await page.getByRole('button', { name: 'Add variable' }).click();
    const form = page.getByRole('group', { name: 'New variable' });
    await form.getByLabel('Name').fill('note');
    await form.getByRole('radio', { name: 'Text box' }).check({ force: true });
    await form.getByLabel('Text', { exact: true }).fill('one');
    await form.getByRole('button', { name: 'Add', exact: true }).click();
    await idle();
    const input = region('Variables').getByLabel('note', { exact: true });
    await input.fill('two');
    const before = asked().length;
    await input.press('Enter');
    await idle();
    assert.ok(await input.evaluate((element) => element === document.activeElement));
    await input.blur();
    await idle();
    assert.deepEqual([asked().length - before, await input.inputValue()], [1, 'two']);
  }));

test('an editor of variables that fails does not break the rest of the page', () =>
  open('', async ({ page, region }) => {
    await page.getByRole('button', { name: 'Add variable' }).click();
    await page.getByRole('group', { name: 'New variable' }).getByRole('radio', { name: 'Query' }).check({ force: true });
    await page.getByText("The plugin's editor of variables failed").waitFor();
    await region('Query A').waitFor();
  }, { from: silent, allowed: /no such table|boundary/i }));

test('the log follows its last line, unless a person reads an earlier one', () =>
  open('#/log', async ({ region }) => {
    const lines = region('Log').getByRole('list', { name: 'Lines' });
    const add = async (count, word) => {
      for (let index = 0; index < count; index += 1) {
        server.tell('log', { time: Date.now(), level: 'info', message: `${word} ${index}`, fields: {} });
      }
      await lines.getByText(`${word} ${count - 1}`, { exact: true }).waitFor({ state: 'attached' });
    };
    const rest = () => lines.evaluate(({ scrollHeight, scrollTop, clientHeight }) => Math.round(scrollHeight - scrollTop - clientHeight));
    await add(200, 'first');
    assert.ok((await rest()) < 5);
    await lines.evaluate(async (element) => {
      element.scrollTop = 100;
      for (let frame = 0; frame < 2; frame += 1) { // the browser reports it in the next frame
        await new Promise((resolve) => { requestAnimationFrame(resolve); });
      }
    });
    await add(3, 'third');
    assert.equal(await lines.evaluate(({ scrollTop }) => scrollTop), 100);
  }));

test('the keyboard focus stays in place when elements appear or disappear', () =>
  open('', async ({ page, region, idle }) => {
    const focused = () => page.evaluate(() => document.activeElement.ariaLabel ?? document.activeElement.textContent.trim());
    const press = async (name) => {
      await page.getByRole('button', { name, exact: true }).focus();
      await page.keyboard.press('Enter');
      await idle();
    };
    await press('Add query');
    await press('Remove query B');
    assert.equal(await focused(), 'Add query');
    await press('Add annotation');
    await press('Remove Annotation 1');
    assert.equal(await focused(), 'Add annotation');
    const filters = region('Ad hoc filters');
    await press('Add filter');
    assert.ok(await filters.getByLabel('Key', { exact: true }).evaluate((element) => element === document.activeElement));
    await press('Discard the new filter');
    assert.equal(await focused(), 'Add filter');
    await press('Add filter');
    await page.keyboard.type('region');
    await page.getByRole('option', { name: 'region', exact: true }).waitFor();
    await page.keyboard.press('Enter');
    await filters.getByLabel('Value', { exact: true }).fill('north');
    await page.getByRole('option', { name: 'north', exact: true }).waitFor();
    await page.keyboard.press('Enter');
    await idle();
    assert.equal(await focused(), 'Add filter');
    await press('Remove the filter on region');
    assert.equal(await focused(), 'Add filter');
  }));
