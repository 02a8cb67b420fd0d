// Examples, apps, memory and ad hoc filters of the editors, in a real browser with one Grafana's real packages.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { open } from './page.mjs';

const showy = { plugin: 'acme-showy-datasource' };
const fresh = { ...showy, fresh: true };

test('an example of the help becomes the query', () =>
  open('', async ({ region, query, host }) => {
    await region('help').getByText('Seven minutes each.').waitFor();
    await region('help').getByRole('button', { name: 'Orders' }).click();
    const { refId, table, mode, window, note } = (await host()).query;
    assert.deepEqual({ refId, table, mode, window, note }, { refId: 'A', table: 'orders', mode: 'raw', window: { size: 7, unit: 'm' }, note: '' });
    assert.equal(await query.getByLabel('Size').inputValue(), '7');
  }, showy));

for (const [app, count] of [['explore', 1], ['panel-editor', 0]]) {
  test(`a field of Explore is ${count ? 'shown' : 'not shown'} in ${app}`, () =>
    open(`app=${app}`, async ({ query }) => {
      await query.getByLabel('Table').waitFor();
      assert.equal(await query.getByLabel('Note').count(), count);
    }, showy));
}

test('a new query begins with what the user chose last, also on the next page', async () => {
  await open('', async ({ query, host }) => {
    assert.equal((await host()).query.mode, 'raw');
    await query.getByRole('radio', { name: 'sum' }).check({ force: true });
    assert.equal((await host()).runs, 1);
  }, fresh);
  await open('', async ({ query, host }) => {
    assert.equal((await host()).query.mode, 'sum');
    await query.getByRole('radio', { name: 'raw' }).check({ force: true });
  }, fresh);
  await open('', async ({ host }) => assert.equal((await host()).query.mode, 'raw'), fresh);
});

test('ad hoc filters are asked of the plugin, and go out with the query', () =>
  open('', async ({ page, asked }) => {
    const keys = await page.evaluate(() => window.host.tagKeys());
    assert.deepEqual(keys, [{ text: 'region', value: 'region' }, { text: 'Product', value: 'product' }]);
    const { path, method, body } = asked.at(-1);
    assert.deepEqual([path, method], ['/api/datasources/uid/u1/resources/gfplug/tag-keys', 'POST']);
    assert.ok(body.timeRange.to > body.timeRange.from);
    assert.equal(body.queries[0].table, 'sales');
    const filters = [{ key: 'region', operator: '=', value: '$env' }];
    await page.evaluate((each) => window.host.ask([{ refId: 'A', table: 't' }], { filters: each }), filters);
    const [sent] = asked.at(-1).body.queries;
    assert.deepEqual(sent.adhocFilters, [{ key: 'region', operator: '=', value: 'prod' }]);
  }, showy));

test('a plugin that lists no keys cannot be filtered', () =>
  open('', async ({ page, asked }) => {
    assert.equal(await page.evaluate(() => typeof window.host.datasource.getTagKeys), 'undefined');
    await page.evaluate(() => window.host.ask([{ refId: 'A', table: 't' }], { filters: [{ key: 'a', operator: '=', value: '1' }] }));
    assert.equal('adhocFilters' in asked.at(-1).body.queries[0], false);
  }));
