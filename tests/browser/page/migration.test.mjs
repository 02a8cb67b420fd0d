// Queries and options that an older version of a plugin saved, in the preview's page with one Grafana's real packages. Needs
// the plugin `aged`, whose classes have a `migrate`; sources.mjs answers like them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from './chromium.mjs';
import { RESOURCES, open } from './page.mjs';
import { hold, release } from './sources.mjs';

const old = { refId: 'A', hide: false, table: 'orders', seconds: 600, other: [1] };
const aged = { plugin: 'aged', queries: [old] };
const migrations = (asked) => asked.filter(({ path, body }) => path === `${RESOURCES}/gfplug/migrate` && body.query?.refId === 'A');
const isMigrated = () => document.querySelector('#gf-query-A-minutes').value === '10';

test('a query of an older version is shown as it is today, and stored once it is edited', () =>
  open(aged, async ({ page, query, asIs, asked }) => {
    await until(page, isMigrated);
    assert.deepEqual(await asIs(), old, 'nobody has edited it');
    await query.getByLabel('Table').fill('');
    await query.getByLabel('Table').pressSequentially('sales');
    await query.getByLabel('Minutes').fill('20');
    assert.deepEqual(await asIs(), { refId: 'A', hide: false, table: 'sales', minutes: 20, version: 2, other: [1] });
    assert.deepEqual(migrations(asked).map(({ method, body }) => [method, body]), [['POST', { query: old }]], 'it was asked about once');
  }));

test('nothing can be edited until Python has answered', async () => {
  hold();
  await open({ ...aged, queries: [{ ...old, table: 'slow' }] }, async ({ page, query }) => {
    assert.deepEqual([await query.getByLabel('Table').inputValue(), await query.getByLabel('Table').isDisabled()], ['slow', true]);
    release();
    await until(page, isMigrated);
    assert.equal(await query.getByLabel('Table').isDisabled(), false);
  });
});

test('a query that can not be migrated is shown as it was, with the reason, and loses nothing', () =>
  open({ ...aged, queries: [{ ...old, seconds: 'x' }], allowed: /404/ }, async ({ query, asIs }) => {
    await query.getByText('This was saved by another version of the plugin, and is shown as it was: no such table').waitFor();
    await query.getByLabel('Table', { exact: true }).fill('sales');
    assert.deepEqual(await asIs(), { ...old, seconds: 'x', table: 'sales' });
  }));

test('an old query goes out as it was saved, its variables filled in, and no default added', () =>
  open({ ...aged, queries: [{ ...old, seconds: '$env', table: undefined, sql: "x = '$env'" }], allowed: /404/ }, async ({ query, asked }) => {
    const { refId, seconds, sql, other, minutes, version } = asked.find(({ path }) => path === 'api/ds/query').body.queries[0];
    assert.deepEqual({ refId, seconds, sql, other }, { refId: 'A', seconds: 'prod', sql: "x = 'prod'", other: [1] });
    assert.deepEqual([minutes, version], [undefined, undefined]);
    await query.getByText('This was saved by another version of the plugin').waitFor(); // the next test allows no 404
  }));

test('options of an older version are shown as they are today, and stored once they are edited', () =>
  open({ plugin: 'aged', view: 'config', settings: { jsonData: { server: 'db', tlsAuth: true } } }, async ({ page, config, save }) => {
    await until(page, () => document.querySelector('#gf-config-host').value === 'db');
    assert.deepEqual((await save()).jsonData, { server: 'db', tlsAuth: true }, 'nobody has edited them');
    await config.getByLabel('Port').fill('81');
    const { jsonData, readOnly } = await save();
    assert.deepEqual(jsonData, { host: 'db', tlsAuth: true, port: 81 });
    assert.equal(readOnly, false);
  }));

test("a variable's query of an older version is shown as it is today", () =>
  open({ ...aged, variables: [{ type: 'query', name: 'v', query: { refId: 'V', list: '$env' } }] }, async ({ page, asked, kept, idle }) => {
    const sent = () => asked.findLast(({ path, body }) => path === 'api/ds/query' && body.queries[0].queryType === 'variable').body.queries[0];
    const { list, of } = sent();
    assert.deepEqual({ list, of }, { list: 'prod', of: undefined });
    await page.getByRole('button', { name: 'Edit variable v' }).click();
    const form = page.getByRole('group', { name: 'Variable v' });
    await until(page, () => [...document.querySelectorAll('input')].some(({ value }) => value === '$env'));
    await form.getByLabel('List').fill('hosts');
    await form.getByRole('button', { name: 'Save' }).click();
    await idle();
    assert.deepEqual((await kept()).variables.at(-1).query, { refId: 'V', of: 'hosts', queryType: 'variable' });
    assert.equal(sent().of, 'hosts');
  }));
