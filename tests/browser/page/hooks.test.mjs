// The effect of a project's hooks.js on the editors in the preview's page, in a real browser with one Grafana's real packages.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UID } from './preview_server.mjs';
import { open } from './page.mjs';

const hooked = { plugin: 'hooked' };

test('a control of the project replaces one control of the query editor, and the others stay', () =>
  open(hooked, async ({ query, asIs, runs }) => {
    const table = query.getByLabel('Table');
    assert.equal(await table.getAttribute('data-own'), `A ${UID}`);
    await table.fill('orders');
    assert.equal((await asIs()).table, 'ORDERS');
    assert.equal(await runs(), 0);
    await table.blur();
    assert.equal(await runs(), 1);
    await table.fill('');
    await query.getByText('Table is required').waitFor();
    await query.getByLabel('Size').fill('9');
    assert.equal((await asIs()).window.size, 9);
  }));

test('a control of the project replaces one control of the config page', () =>
  open({ ...hooked, view: 'config', settings: { secureJsonFields: { token: true } } }, async ({ config, save }) => {
    await config.getByLabel('API URL').fill('http://api');
    const slider = config.getByLabel('Timeout');
    assert.deepEqual([await slider.getAttribute('type'), await slider.getAttribute('title')], ['range', 'http://api']);
    await slider.fill('30');
    assert.deepEqual((await save()).jsonData, { timeout: 30 });
  }));

test('if hooks fail while loading, the editors work, and the console and each query of a panel show the error', () =>
  open({ plugin: 'broken', allowed: /hooks\.js of/ }, async ({ query, asIs, ask, asked, tolerated }) => {
    await query.getByLabel('Table').fill('orders');
    assert.equal((await asIs()).table, 'orders');
    const { panel } = await ask({ refId: 'A', table: 'orders' }, { refId: 'B', table: 'sales' });
    const message = 'frontend/hooks.js failed while it was loaded: no such thing';
    assert.deepEqual(panel.errors.map(({ refId, message: said }) => [refId, said]).sort(), [['A', message], ['B', message]]);
    assert.deepEqual(asked.filter(({ path }) => path === 'api/ds/query'), []);
    assert.equal(tolerated.length, 1);
    assert.match(tolerated[0], /^frontend\/hooks\.js of acme-sales-datasource failed while it was loaded: Error: no such thing/);
  }));
