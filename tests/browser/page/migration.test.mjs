// Queries and options that an older version of a plugin saved, in a real browser with one Grafana's real packages. Needs
// the plugin acme-aged-datasource, whose classes have a `migrate`; server.mjs answers as they would.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { open } from './page.mjs';

const aged = { plugin: 'acme-aged-datasource' };
const saved = (name, values) => `${name}=${encodeURIComponent(JSON.stringify(values))}`;
const migrations = (asked) => asked.filter(({ path, body }) => path.endsWith('/resources/gfplug/migrate') && body.query?.refId === 'A');
const old = { refId: 'A', hide: false, table: 'orders', seconds: 600, other: [1] };

test('a query of an older version is shown as it is today, and stored once it is edited', () =>
  open(saved('query', old), async ({ page, query, host, asked }) => {
    await page.waitForFunction(() => document.querySelector('#gf-query-A-minutes').value === '10');
    assert.deepEqual((await host()).query, old, 'nobody has edited it');
    await query.getByLabel('Table').fill('');
    await query.getByLabel('Table').pressSequentially('sales');
    await query.getByLabel('Minutes').fill('20');
    assert.deepEqual((await host()).query, { refId: 'A', hide: false, table: 'sales', minutes: 20, version: 2, other: [1] });
    assert.deepEqual(migrations(asked).map(({ method, body }) => [method, body]), [['POST', { query: old }]], 'it was asked about once');
  }, aged));

test('until Python has answered nothing can be edited', () =>
  open(saved('query', { ...old, table: 'slow' }), async ({ page, query }) => {
    assert.deepEqual([await query.getByLabel('Table').inputValue(), await query.getByLabel('Table').isDisabled()], ['slow', true]);
    await page.waitForFunction(() => document.querySelector('#gf-query-A-minutes').value === '10');
    assert.equal(await query.getByLabel('Table').isDisabled(), false);
  }, aged));

test('a query that can not be migrated is shown as it was, with the reason, and loses nothing', () =>
  open(saved('query', { ...old, seconds: 'x' }), async ({ query, host }) => {
    await query.getByText('This was saved by another version of the plugin, and is shown as it was: no such table').waitFor();
    await query.getByLabel('Table', { exact: true }).fill('sales');
    assert.deepEqual((await host()).query, { ...old, seconds: 'x', table: 'sales' });
  }, { ...aged, allowed: /404/ }));

test('an old query goes out as it was saved, its variables filled in, and no default added', () =>
  open('', async ({ page, asked }) => {
    await page.evaluate((target) => window.host.ask([target]), { ...old, seconds: '$env', table: undefined, sql: "x = '$env'" });
    const { refId, seconds, sql, other, minutes, version } = asked.find(({ path }) => path === '/api/ds/query').body.queries[0];
    assert.deepEqual({ refId, seconds, sql, other }, { refId: 'A', seconds: 'prod', sql: "x = 'prod'", other: [1] });
    assert.deepEqual([minutes, version], [undefined, undefined]);
  }, aged));

test('options of an older version are shown as they are today, and stored once they are edited', () =>
  open(saved('options', { server: 'db', tlsAuth: true }), async ({ page, config, host }) => {
    await page.waitForFunction(() => document.querySelector('#gf-config-host').value === 'db');
    assert.deepEqual((await host()).options.jsonData, { server: 'db', tlsAuth: true });
    await config.getByLabel('Port').fill('81');
    assert.deepEqual((await host()).options.jsonData, { host: 'db', tlsAuth: true, port: 81 });
    assert.equal((await host()).options.readOnly, false);
  }, aged));

test("a variable's query of an older version is shown as it is today", () =>
  open(saved('variable', { refId: 'V', list: 'columns' }), async ({ page, region, host, asked }) => {
    await page.waitForFunction(() => [...document.querySelectorAll('input')].some(({ value }) => value === 'columns'));
    await region('variable').getByLabel('List').fill('hosts');
    assert.deepEqual((await host()).variable, { refId: 'V', of: 'hosts', queryType: 'variable' });
    await page.evaluate(() => window.host.askVariable({ refId: 'V', list: '$env' }));
    const { queryType, list, of } = asked.at(-1).body.queries[0];
    assert.deepEqual({ queryType, list, of }, { queryType: 'variable', list: 'prod', of: undefined });
  }, aged));
