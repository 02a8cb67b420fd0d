// What a project's hooks.js does to the editors, in a real browser with one Grafana's real packages.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { open } from './page.mjs';

const hooked = { plugin: 'acme-hooked-datasource' };

test('a control of the project stands in the place of one, and the others stay', () =>
  open('', async ({ query, host }) => {
    const table = query.getByLabel('Table');
    assert.equal(await table.getAttribute('data-own'), 'A u1');
    await table.fill('orders');
    assert.equal((await host()).query.table, 'ORDERS');
    assert.equal((await host()).runs, 0);
    await table.blur();
    assert.equal((await host()).runs, 1);
    await table.fill('');
    await query.getByText('Table is required').waitFor();
    await query.getByLabel('Size').fill('9');
    assert.equal((await host()).query.window.size, 9);
  }, hooked));

test('so it does on the config page', () =>
  open('', async ({ config, host }) => {
    await config.getByLabel('API URL').fill('http://api');
    const slider = config.getByLabel('Timeout');
    assert.deepEqual([await slider.getAttribute('type'), await slider.getAttribute('title')], ['range', 'http://api']);
    await slider.fill('30');
    assert.deepEqual((await host()).options.jsonData, { timeout: 30 });
  }, hooked));

test('hooks that fail while loading leave the editors, the console and each query of a panel say so', () =>
  open('', async ({ page, query, host, asked, tolerated }) => {
    await query.getByLabel('Table').fill('orders');
    assert.equal((await host()).query.table, 'orders');
    const responses = await page.evaluate(() => window.host.ask([{ refId: 'A', table: 'orders' }, { refId: 'B', table: 'sales' }]));
    const errors = responses.flatMap((each) => each.errors.map(({ refId, message }) => [refId, message]));
    const message = 'frontend/hooks.js failed while it was loaded: no such thing';
    assert.deepEqual(errors.sort(), [['A', message], ['B', message]]);
    assert.deepEqual(asked.filter(({ path }) => path === '/api/ds/query'), []);
    assert.equal(tolerated.length, 1);
    assert.match(tolerated[0], /^frontend\/hooks\.js of acme-sales-datasource failed while it was loaded: Error: no such thing/);
  }, { plugin: 'acme-broken-datasource', allowed: /hooks\.js of/ }));
