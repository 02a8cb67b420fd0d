// Both editors and the data source in a real browser with one Grafana's real packages; SCREENSHOTS is a folder.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { open, pick, require } from './page.mjs';

const { SCREENSHOTS } = process.env;

for (const [name, search] of [
  ['by a script element', ''],
  ['by a script element under a strict content security policy', 'strict'],
  ['in the frontend sandbox', 'sandbox'],
]) {
  test(`the plugin loads ${name}`, () =>
    open(search, async ({ loaded }) => {
      assert.deepEqual(loaded.exports, ['plugin']);
      assert.equal(loaded.isPlugin, true);
    }));
}

test('typing into the config page stores each option where it belongs', () =>
  open('', async ({ config, host }) => {
    await config.getByLabel('API URL').fill('http://api:9000');
    await config.getByLabel('Timeout').fill('12');
    await config.getByLabel('Verify TLS').click({ force: true });
    await config.locator('#gf-config-token').fill('s3cret');
    await config.locator('#gf-config-key').fill('-----BEGIN');
    const { options } = await host();
    assert.equal(options.url, 'http://api:9000');
    assert.deepEqual(options.jsonData, { timeout: 12, verify: false });
    assert.deepEqual(options.secureJsonData, { token: 's3cret', key: '-----BEGIN' });
  }));

test('a stored secret is never shown, and Reset forgets it', () =>
  open('configured', async ({ config, host }) => {
    assert.equal(await config.locator('#gf-config-token').isDisabled(), true);
    await config.getByRole('button', { name: /reset/i }).click();
    const { options } = await host();
    assert.equal(options.secureJsonFields.token, false);
    assert.equal(await config.locator('#gf-config-token').inputValue(), '');
  }));

test('a wrong option is named when its field is left', () =>
  open('', async ({ config }) => {
    await config.getByLabel('Timeout').fill('900');
    await config.getByLabel('Timeout').blur();
    await config.getByRole('alert').filter({ hasText: 'Timeout must be at most 300' }).waitFor();
  }));

test('a provisioned data source cannot be edited', () =>
  open('readonly', async ({ config }) => {
    for (const id of ['url', 'timeout', 'retries']) {
      assert.equal(await config.locator(`#gf-config-${id}`).isDisabled(), true, id);
    }
  }));

test('typing into the query editor makes the payload that Python decodes', () =>
  open('', async ({ page, query, host }) => {
    await query.getByLabel('Table').fill('');
    assert.equal((await host()).query.table, '');
    await query.getByText('Table is required').waitFor();
    await query.getByLabel('Table').fill('orders');
    assert.equal((await host()).runs, 0, 'typing does not run the query');
    await query.getByLabel('Table').press('Enter');
    assert.equal((await host()).runs, 1);
    await query.getByRole('radio', { name: 'sum' }).check({ force: true });
    await query.getByLabel('Group by').click();
    await pick({ page, host }, 'region', ({ group }) => group === 'region');
    await query.getByLabel('Hosts').fill('a');
    await query.getByLabel('Hosts').press('Enter');
    await query.getByLabel('Limit').fill('');
    await query.getByLabel('Limit').pressSequentially('1e3');
    await query.getByLabel('Limit').blur();
    await query.getByLabel('Fill gaps').click({ force: true });
    await query.getByLabel('Note').fill('two\nlines');
    const asked = (await host()).query;
    assert.deepEqual(asked, {
      refId: 'A', table: 'orders', mode: 'sum', group: 'region', columns: [], hosts: ['a'], ports: [], limit: 1000, fill: true,
      note: 'two\nlines', version: 1,
    });
  }));

test('several choices are picked from one list', () =>
  open('', async ({ page, query, host }) => {
    await query.getByRole('combobox').nth(1).click(); // 11.6 gives a MultiCombobox neither its id nor its label
    await pick({ page, host }, 'value', ({ columns }) => columns.includes('value'));
    await pick({ page, host }, 'time', ({ columns }) => columns.includes('time'));
    assert.deepEqual((await host()).query.columns, ['value', 'time']);
  }));

test('a query goes out as Grafana sends it, with defaults and variables filled in', () =>
  open('', async ({ page, asked }) => {
    const targets = [{ refId: 'A', table: '$env', hosts: ['$hosts', 'c'] }, { refId: 'B', table: '' }, { refId: 'C', hide: true }];
    const [response] = await page.evaluate((each) => window.host.ask(each), targets);
    const [sent] = asked.filter(({ path }) => path === '/api/ds/query');
    assert.equal(sent.body.queries.length, 1, 'incomplete and hidden queries stay');
    const { refId, table, hosts, limit, mode, datasource, maxDataPoints, intervalMs } = sent.body.queries[0];
    assert.deepEqual({ refId, table, hosts, limit, mode }, { refId: 'A', table: 'prod', hosts: ['a', 'b', 'c'], limit: 100, mode: 'raw' });
    assert.deepEqual({ datasource, maxDataPoints, intervalMs }, { datasource: { type: 'acme-sales-datasource', uid: 'u1' }, maxDataPoints: 500, intervalMs: 60000 });
    assert.match(`${sent.body.from} ${sent.body.to}`, /^\d{13} \d{13}$/);
    assert.equal(response.data[0].name, 'prod');
    assert.deepEqual(response.data[0].fields[1].values, [1.5, 2.5]);
  }));

test('an error of the backend stays with its query', () =>
  open('', async ({ page }) => {
    const [response] = await page.evaluate(() => window.host.ask([{ refId: 'A', table: 'broken' }, { refId: 'B', table: 'fine' }]));
    assert.deepEqual(response.errors.map(({ refId, message }) => [refId, message]), [['A', 'no such table: broken']]);
    assert.deepEqual(response.data.map(({ refId }) => refId), ['B']);
  }));

test('Save & test asks the backend', () =>
  open('', async ({ page, asked }) => {
    assert.equal((await page.evaluate(() => window.host.datasource.testDatasource())).message, 'Connected');
    assert.equal(asked.at(-1).path, '/api/datasources/uid/u1/health');
  }));

test('every control can be reached by keyboard and found by its label', () =>
  open('', async ({ page, query }) => {
    for (const label of ['Table', 'Group by', 'Hosts', 'Ports', 'Limit', 'Note']) {
      assert.equal(await query.getByLabel(label, { exact: true }).first().isVisible(), true, label);
    }
    await query.getByLabel('Table').focus();
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.type), 'radio');
  }));

test('there is no serious accessibility violation', () =>
  open('', async ({ page, loaded }) => {
    await page.evaluate(fs.readFileSync(require.resolve('axe-core'), 'utf8'));
    const found = await page.evaluate(async () => {
      const { violations } = await window.axe.run('#root', { runOnly: ['wcag2a', 'wcag2aa'] });
      return violations.flatMap(({ id, impact, nodes }) => nodes.map(({ html }) => ({ id, impact, html })));
    });
    // On React 18 (Grafana 11.6) a MultiCombobox ignores the label it is given.
    const ours = found.filter(({ impact, html }) => /serious|critical/.test(impact) && !(loaded.react.startsWith('18') && /downshift/.test(html)));
    assert.deepEqual(ours, []);
  }));

for (const theme of ['dark', 'light']) {
  test(`the page is drawn in the ${theme} theme`, () =>
    open(`configured&theme=${theme}`, async ({ page }) => {
      await page.waitForLoadState('networkidle');
      await page.screenshot({ path: path.join(SCREENSHOTS, `editors-${theme}.png`), fullPage: true });
      assert.ok((await page.getByRole('main').boundingBox()).height > 600);
    }));
}

const wide = { plugin: 'acme-wide-datasource' };

test('choices come from the plugin, follow another field, and a failure is named', () =>
  open('', async ({ page, query, host, asked }) => {
    await query.getByLabel('Table').first().click();
    await pick({ page, host }, 'Sales', ({ table }) => table === 'sales');
    await query.getByRole('combobox').nth(1).click();
    await pick({ page, host }, 'amount', ({ columns }) => columns.includes('amount'));
    const { table, columns } = (await host()).query;
    assert.deepEqual({ table, columns }, { table: 'sales', columns: ['amount'] });
    await page.keyboard.press('Escape');
    await query.getByLabel('Table').first().click();
    await query.getByLabel('Table').first().fill('orders');
    await pick({ page, host }, 'orders', ({ table }) => table === 'orders');
    await query.getByText('Columns could not be loaded: no such table').first().waitFor();
    const paths = asked.map((each) => each.path).filter((each) => each.includes('resources'));
    assert.ok(paths.includes('/api/datasources/uid/u1/resources/tables'), paths);
  }, { ...wide, allowed: /404/ }));

test('a text that is no choice may be typed', () =>
  open('', async ({ page, query, host }) => {
    await query.getByLabel('Table').first().fill('mine_$env');
    await pick({ page, host }, /mine_/, ({ table }) => table === 'mine_$env');
    assert.equal((await host()).query.table, 'mine_$env');
    await query.getByText('Columns could not be loaded: no such table').first().waitFor(); // the next test allows no 404
  }, { ...wide, allowed: /404/ }));

test('rows are added, edited and removed, with the keyboard too', () =>
  open('', async ({ page, query, host }) => {
    await query.getByRole('button', { name: 'Add to Filters' }).focus();
    await page.keyboard.press('Enter');
    await query.getByRole('group', { name: 'Filters' }).getByLabel('Value').fill('north');
    await query.getByRole('radio', { name: 'sum' }).check({ force: true });
    await query.getByLabel('Every').fill('30');
    await query.getByLabel('Size').fill('7');
    const { filters, every, window } = (await host()).query;
    assert.deepEqual({ filters, every, window }, { filters: [{ column: '', operator: '=', value: 'north' }], every: 30, window: { size: 7, unit: 'm' } });
    await query.getByRole('button', { name: 'Remove Filters 1' }).click();
    assert.deepEqual((await host()).query.filters, []);
  }, wide));

test('the HTTP settings are stored under the keys that Grafana knows', () =>
  open('', async ({ config, host }) => {
    await config.getByLabel('URL').fill('https://api');
    await config.getByLabel('Basic authentication').click({ force: true });
    await config.locator('#gf-config-basicAuthUser').fill('ada');
    await config.locator('#gf-config-basicAuthPassword').fill('pass');
    await config.getByLabel('Own certificate authority').click({ force: true });
    await config.locator('#gf-config-tlsCACert').fill('-----BEGIN');
    await config.getByRole('button', { name: 'Add to HTTP headers' }).click();
    await config.locator('#gf-config-header-1-name').fill('X-Tenant');
    await config.locator('#gf-config-header-1-value').fill('t1');
    const { url, basicAuth, basicAuthUser, jsonData, secureJsonData } = (await host()).options;
    assert.deepEqual({ url, basicAuth, basicAuthUser }, { url: 'https://api', basicAuth: true, basicAuthUser: 'ada' });
    assert.deepEqual(jsonData, { tlsAuthWithCACert: true, httpHeaderName1: 'X-Tenant' });
    assert.deepEqual(secureJsonData, { basicAuthPassword: 'pass', tlsCACert: '-----BEGIN', httpHeaderValue1: 't1' });
  }, wide));

test('a header that is removed takes its value along', () =>
  open('headers&configured', async ({ config, host }) => {
    assert.equal(await config.locator('#gf-config-header-1-value').isDisabled(), true, 'a stored value is not shown');
    await config.getByRole('button', { name: 'Remove HTTP headers 1' }).click();
    const { jsonData, secureJsonData } = (await host()).options;
    assert.deepEqual(jsonData, { httpHeaderName1: 'X-Two' });
    assert.deepEqual(secureJsonData, { httpHeaderValue1: '', httpHeaderValue2: '' });
    assert.equal(await config.locator('#gf-config-header-1-value').isDisabled(), false, 'it is asked for again');
  }, wide));

test('variables and annotations are edited in forms of their own', () =>
  open('', async ({ page, region, host, asked }) => {
    await region('variable').getByLabel('List').click();
    await page.getByRole('option', { name: 'columns' }).click();
    await region('variable').getByLabel('Table').fill('$env');
    await region('annotation').getByLabel('Severity').fill('1');
    const { variable, annotation } = await host();
    assert.deepEqual(variable, { refId: 'variable', of: 'columns', table: '$env', queryType: 'variable' });
    assert.deepEqual(annotation, { refId: 'Anno', severity: 1, queryType: 'annotation' });
    await page.evaluate(() => window.host.askVariable(window.host.variable));
    const { queryType, of, table } = asked.at(-1).body.queries[0];
    assert.deepEqual({ queryType, of, table }, { queryType: 'variable', of: 'columns', table: 'prod' });
  }, wide));

test('an alert rule is told that it has no variables', () =>
  open('app=unified-alerting', async ({ query }) => {
    await query.getByLabel('Table').fill('a_$env');
    await query.getByText('Alert rules know no template variables: $env is sent as it is.').waitFor();
  }));

test('a frame with a channel is followed through Grafana Live', () =>
  open('', async ({ page, host }) => {
    await page.evaluate(() => window.host.ask([{ refId: 'A', table: 'live' }]));
    const [address] = (await host()).streams;
    assert.deepEqual({ ...address }, { scope: 'ds', ...(address.stream ? { stream: 'u1' } : { namespace: 'u1' }), path: 'ticks' });
  }));

test('the larger editors have no serious accessibility violation either', () =>
  open('headers&configured', async ({ page, loaded, query }) => {
    await query.getByRole('button', { name: 'Add to Filters' }).click();
    await page.evaluate(fs.readFileSync(require.resolve('axe-core'), 'utf8'));
    const found = await page.evaluate(async () => {
      const { violations } = await window.axe.run('#root', { runOnly: ['wcag2a', 'wcag2aa'] });
      return violations.flatMap(({ id, impact, nodes }) => nodes.map(({ html }) => ({ id, impact, html })));
    });
    const ours = found.filter(({ impact, html }) => /serious|critical/.test(impact) && !(loaded.react.startsWith('18') && /downshift/.test(html)));
    assert.deepEqual(ours, []);
    await page.screenshot({ path: path.join(SCREENSHOTS, 'wide-dark.png'), fullPage: true });
  }, wide));
