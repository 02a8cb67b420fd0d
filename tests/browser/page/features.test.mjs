// Examples, apps, memory and ad hoc filters of the editors in the preview's page, in a real browser with one Grafana's real packages.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REFERENCE, RESOURCES, open } from './page.mjs';

const showy = { plugin: 'showy' };

test('an example of the help becomes the query', () =>
  open(showy, async ({ page, region, query, asIs }) => {
    await page.getByRole('button', { name: 'Help' }).click();
    await region('Help').getByText('Seven minutes each.').waitFor();
    await region('Help').getByRole('button', { name: 'Orders' }).click();
    const { refId, datasource, table, mode, window, note } = await asIs();
    assert.deepEqual({ refId, datasource, table, mode, window, note }, { refId: 'A', datasource: REFERENCE, table: 'orders', mode: 'raw', window: { size: 7, unit: 'm' }, note: '' });
    assert.equal(await query.getByLabel('Size').inputValue(), '7');
  }));

for (const [view, count] of [['explore', 1], ['query', 0]]) {
  test(`a field of Explore is ${count ? 'shown' : 'not shown'} in ${view}`, () =>
    open({ ...showy, view }, async ({ query }) => {
      await query.getByLabel('Table').waitFor();
      assert.equal(await query.getByLabel('Note').count(), count);
    }));
}

test('a new query begins with what the user chose last, also on the next page', async () => {
  await open(showy, async ({ query, asIs, runs }) => {
    assert.equal((await asIs()).mode, 'raw');
    await query.getByRole('radio', { name: 'sum' }).check({ force: true });
    assert.equal(await runs(), 1);
  });
  await open({ ...showy, fresh: true }, async ({ query, asIs }) => {
    assert.equal((await asIs()).mode, 'sum');
    await query.getByRole('radio', { name: 'raw' }).check({ force: true });
  });
  await open(showy, async ({ asIs }) => assert.equal((await asIs()).mode, 'raw'));
});

test('keys and values of ad hoc filters come from the plugin, and filters are sent with the query', () =>
  open({ ...showy, queries: [{ refId: 'A', table: 'sales' }], filters: [{ key: 'region', operator: '=', value: '$env' }] }, async ({ page, region, asked, idle }) => {
    const sent = () => asked.findLast(({ path }) => path === 'api/ds/query').body.queries[0].adhocFilters;
    assert.deepEqual(sent(), [{ key: 'region', operator: '=', value: 'prod' }]);
    const filters = region('Ad hoc filters');
    await filters.getByRole('button', { name: 'Add filter' }).click();
    await filters.getByLabel('Key', { exact: true }).click();
    await page.getByRole('option', { name: 'Product' }).waitFor();
    assert.deepEqual(await page.getByRole('option').allInnerTexts(), ['region', 'Product']);
    const { method, body } = asked.findLast(({ path }) => path === `${RESOURCES}/gfplug/tag-keys`);
    assert.equal(method, 'POST');
    assert.ok(body.timeRange.to > body.timeRange.from);
    assert.equal(body.queries[0].table, 'sales');
    await page.getByRole('option', { name: 'Product' }).click();
    await filters.getByLabel('Value', { exact: true }).click();
    await page.getByRole('option', { name: 'eu' }).first().click();
    await idle();
    assert.equal(asked.findLast(({ path }) => path === `${RESOURCES}/gfplug/tag-values`).body.key, 'product');
    assert.deepEqual(sent(), [{ key: 'region', operator: '=', value: 'prod' }, { key: 'product', operator: '=', value: 'eu' }]);
  }));

test('a plugin that lists no keys cannot be filtered', () =>
  open({ queries: [{ refId: 'A', table: 't' }], filters: [{ key: 'a', operator: '=', value: '1' }] }, async ({ region, asked }) => {
    await region('Query A').waitFor();
    assert.equal(await region('Ad hoc filters').count(), 0);
    assert.equal('adhocFilters' in asked.findLast(({ path }) => path === 'api/ds/query').body.queries[0], false);
  }));
