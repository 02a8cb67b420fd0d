// Both editors and the data source in the preview's page, in a real browser with one Grafana's real packages; SCREENSHOTS is a folder.
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { seriousViolations } from './chromium.mjs';
import { REFERENCE, RESOURCES, open, pick } from './page.mjs';

const { SCREENSHOTS, VERSION } = process.env;
const config = { view: 'config' };
const wide = { plugin: 'wide' };
const configured = { secureJsonFields: { token: true, httpHeaderValue1: true, httpHeaderValue2: true } };

/** The exports that the loader reads from module.js. */
const loadedFrom = (page, module) =>
  page.evaluate(async (name) => {
    const [loaded, data] = await Promise.all([name, '@grafana/data'].map((each) => window.System.import(each)));
    const exported = loaded.__useDefault ? loaded.default : loaded;
    return { exports: Object.keys(exported), isPlugin: exported.plugin instanceof data.DataSourcePlugin };
  }, module);

/** Load like the frontend sandbox: only the factory's return value counts, and an unknown package is an error. */
async function loadInSandbox({ page, module, source }) {
  const scripts = `(async () => {
    let result;
    const define = (names, factory) => {
      result = Promise.all(names.map((name) => window.System.import(name))).then((packages) => factory(...packages.map((each) => (each.__useDefault ? each.default : each))));
    };
    ${source}
    window.System.set(${JSON.stringify(module)}, await result);
  })()`;
  await page.evaluate(scripts); // code of the page could not do this: its policy forbids it
}

/** Tell whether code of the page, not of the test, may evaluate text; if not, return the name of the error. */
const mayEvaluate = () =>
  new Promise((resolve) => {
    setTimeout(() => {
      try {
        resolve(window.eval('true'));
      } catch ({ name }) {
        resolve(name);
      }
    });
  });

for (const [name, more] of [
  ['by a script element under a strict content security policy', {}],
  ['in the frontend sandbox', { prepare: loadInSandbox }],
]) {
  test(`the plugin loads ${name}`, () =>
    open({ ...more, allowed: /unsafe-eval/ }, async ({ page, module, query, asIs }) => {
      assert.deepEqual(await loadedFrom(page, module), { exports: ['plugin'], isPlugin: true });
      await query.getByTestId('gf-query-editor').waitFor();
      assert.equal((await asIs()).table, 'sales');
      assert.equal(await page.evaluate(mayEvaluate), 'EvalError');
    }));
}

test('typing into the config page stores each option where it belongs', () =>
  open(config, async ({ config: editor, save }) => {
    await editor.getByLabel('API URL').fill('http://api:9000');
    await editor.getByLabel('Timeout').fill('12');
    await editor.getByLabel('Verify TLS').click({ force: true });
    await editor.locator('#gf-config-token').fill('s3cret');
    await editor.locator('#gf-config-key').fill('-----BEGIN');
    const { url, jsonData, secureJsonData } = await save();
    assert.equal(url, 'http://api:9000');
    assert.deepEqual(jsonData, { timeout: 12, verify: false });
    assert.deepEqual(secureJsonData, { token: 's3cret', key: '-----BEGIN' });
  }));

test('a stored secret is never shown, and Reset forgets it', () =>
  open({ ...config, settings: { ...configured, url: 'http://api' } }, async ({ config: editor, save }) => {
    const token = editor.locator('#gf-config-token');
    assert.equal(await token.isDisabled(), true);
    await editor.getByRole('button', { name: /reset/i }).click();
    assert.equal(await token.inputValue(), '');
    await token.fill('another');
    const { secureJsonFields, secureJsonData } = await save();
    assert.equal(secureJsonFields.token, false);
    assert.deepEqual(secureJsonData, { token: 'another' });
  }));

test('an empty required option is named, and nothing is saved', () =>
  open(config, async ({ config: editor, save }) => {
    assert.equal(await save(), undefined);
    await editor.getByText('API URL is required').waitFor();
    await editor.getByText('API token is required').waitFor();
  }));

test('a wrong option is named when its field is left', () =>
  open(config, async ({ config: editor }) => {
    await editor.getByLabel('Timeout').fill('900');
    await editor.getByLabel('Timeout').blur();
    await editor.getByRole('alert').filter({ hasText: 'Timeout must be at most 300' }).waitFor();
  }));

test('a provisioned data source cannot be edited', () =>
  open({ ...config, settings: { readOnly: true } }, async ({ config: editor }) => {
    for (const id of ['url', 'timeout', 'retries']) {
      assert.equal(await editor.locator(`#gf-config-${id}`).isDisabled(), true, id);
    }
  }));

test('typing into the query editor makes the payload that Python decodes', () =>
  open({}, async ({ page, query, asIs, runs }) => {
    await query.getByLabel('Table').fill('');
    assert.equal((await asIs()).table, '');
    await query.getByText('Table is required').waitFor();
    await query.getByLabel('Table').fill('orders');
    assert.equal(await runs(), 0, 'typing does not run the query');
    await query.getByLabel('Table').press('Enter');
    assert.equal(await runs(), 1);
    await query.getByRole('radio', { name: 'sum' }).check({ force: true });
    await query.getByLabel('Group by').click();
    await pick({ page, asIs }, 'region', ({ group }) => group === 'region');
    await query.getByLabel('Hosts').fill('a');
    await query.getByLabel('Hosts').press('Enter');
    await query.getByLabel('Limit').fill('');
    await query.getByLabel('Limit').pressSequentially('1e3');
    await query.getByLabel('Limit').blur();
    await query.getByLabel('Fill gaps').click({ force: true });
    await query.getByLabel('Note').fill('two\nlines');
    assert.deepEqual(await asIs(), {
      refId: 'A', datasource: REFERENCE, table: 'orders', mode: 'sum', group: 'region', columns: [], hosts: ['a'], ports: [], limit: 1000,
      fill: true, note: 'two\nlines', version: 1,
    });
  }));

test('several choices are picked from one list', () =>
  open({}, async ({ page, query, asIs }) => {
    await query.getByRole('combobox').nth(1).click(); // 11.6 gives a MultiCombobox neither its id nor its label
    await pick({ page, asIs }, 'value', ({ columns }) => columns.includes('value'));
    await pick({ page, asIs }, 'time', ({ columns }) => columns.includes('time'));
    assert.deepEqual((await asIs()).columns, ['value', 'time']);
  }));

test('a query goes out as Grafana sends it, with defaults and variables filled in', () =>
  open({ queries: [{ refId: 'A' }] }, async ({ ask }) => {
    const { requests, panel } = await ask({ refId: 'A', table: '$env', hosts: ['$hosts', 'c'] }, { refId: 'B', table: '' }, { refId: 'C', hide: true });
    const [sent] = requests;
    assert.deepEqual([requests.length, sent.queries.length], [1, 1], 'incomplete and hidden queries stay');
    const { refId, table, hosts, limit, mode, datasource, maxDataPoints, intervalMs } = sent.queries[0];
    assert.deepEqual({ refId, table, hosts, limit, mode }, { refId: 'A', table: 'prod', hosts: ['a', 'b', 'c'], limit: 100, mode: 'raw' });
    assert.deepEqual({ datasource, maxDataPoints, intervalMs }, { datasource: REFERENCE, maxDataPoints: 800, intervalMs: 5000 });
    assert.match(`${sent.from} ${sent.to}`, /^\d{13} \d{13}$/);
    assert.equal(panel.frames[0].schema.name, 'prod');
    assert.deepEqual(panel.frames[0].data.values[1], [1.5, 2.5]);
  }));

test('an error of the backend stays with its query', () =>
  open({ allowed: /400/ }, async ({ query, region, ask }) => {
    const { panel } = await ask({ refId: 'A', table: 'broken' }, { refId: 'B', table: 'fine' });
    assert.deepEqual(panel.errors.map(({ refId, message }) => [refId, message]), [['A', 'no such table: broken']]);
    assert.deepEqual(panel.frames.map(({ schema }) => schema.refId), ['B']);
    await query.getByText('no such table: broken').waitFor();
    assert.equal(await region('Query B').getByText('no such table').count(), 0);
  }));

test('Save & test asks the backend', () =>
  open({ ...config, settings: { ...configured, url: 'http://api' } }, async ({ page, save, asked }) => {
    await save();
    const { status, message } = await page.evaluate(() => window.gfplugPreview.health());
    assert.deepEqual([status, message], ['success', 'Connected']);
    assert.equal(asked.filter(({ path: name }) => name === RESOURCES.replace('resources', 'health')).length, 1);
  }));

test('every control can be reached by keyboard and found by its label', () =>
  open({}, async ({ page, query }) => {
    for (const label of ['Table', 'Group by', 'Hosts', 'Ports', 'Limit', 'Note']) {
      assert.equal(await query.getByLabel(label, { exact: true }).first().isVisible(), true, label);
    }
    await query.getByLabel('Table').focus();
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.type), 'radio');
  }));

for (const theme of ['dark', 'light']) {
  test(`the editors are drawn in the ${theme} theme, without a serious accessibility violation`, () =>
    open({ settings: configured }, async ({ page, query, config: editor, go }) => {
      const other = page.getByRole('button', { name: `Use the ${theme} theme` });
      if (await other.count()) {
        await other.click();
      }
      for (const [view, part] of [['query', query], ['config', editor]]) {
        await go(view);
        assert.ok((await part.boundingBox()).height > 300);
        assert.deepEqual(await seriousViolations(page, VERSION), [], view);
        await page.screenshot({ path: path.join(SCREENSHOTS, `${view}-${theme}.png`), fullPage: true });
      }
      assert.equal(await page.evaluate(() => document.documentElement.style.colorScheme), theme);
    }));
}

test('choices come from the plugin, follow another field, and a failure is named', () =>
  open({ ...wide, allowed: /404/ }, async ({ page, query, asIs, asked }) => {
    await query.getByLabel('Table').first().click();
    await pick({ page, asIs }, 'Sales', ({ table }) => table === 'sales');
    await query.getByRole('combobox').nth(1).click();
    await pick({ page, asIs }, 'amount', ({ columns }) => columns.includes('amount'));
    const { table, columns } = await asIs();
    assert.deepEqual({ table, columns }, { table: 'sales', columns: ['amount'] });
    await page.keyboard.press('Escape');
    await query.getByLabel('Table').first().click();
    await query.getByLabel('Table').first().fill('orders');
    await pick({ page, asIs }, 'orders', (now) => now.table === 'orders');
    await query.getByText('Columns could not be loaded: no such table').first().waitFor();
    const paths = asked.map((each) => each.path).filter((each) => each.includes('resources'));
    assert.ok(paths.includes(`${RESOURCES}/tables`), paths);
  }));

test('a text that is not among the choices can be typed', () =>
  open({ ...wide, allowed: /404/ }, async ({ page, query, asIs }) => {
    await query.getByLabel('Table').first().fill('mine_$env');
    await pick({ page, asIs }, /mine_/, ({ table }) => table === 'mine_$env');
    assert.equal((await asIs()).table, 'mine_$env');
    await query.getByText('Columns could not be loaded: no such table').first().waitFor(); // the next test allows no 404
  }));

test('rows are added, edited and removed, with the keyboard too', () =>
  open(wide, async ({ page, query, asIs }) => {
    await query.getByRole('button', { name: 'Add to Filters' }).focus();
    await page.keyboard.press('Enter');
    await query.getByRole('group', { name: 'Filters' }).getByLabel('Value').fill('north');
    await query.getByRole('radio', { name: 'sum' }).check({ force: true });
    await query.getByLabel('Every').fill('30');
    await query.getByLabel('Size').fill('7');
    const { filters, every, window } = await asIs();
    assert.deepEqual({ filters, every, window }, { filters: [{ column: '', operator: '=', value: 'north' }], every: 30, window: { size: 7, unit: 'm' } });
    await query.getByRole('button', { name: 'Remove Filters 1' }).click();
    assert.deepEqual((await asIs()).filters, []);
  }));

test('the HTTP settings are stored under the keys that Grafana knows', () =>
  open({ ...wide, ...config }, async ({ config: editor, save }) => {
    await editor.getByLabel('URL').fill('https://api');
    await editor.getByLabel('Basic authentication').click({ force: true });
    await editor.locator('#gf-config-basicAuthUser').fill('ada');
    await editor.locator('#gf-config-basicAuthPassword').fill('pass');
    await editor.getByLabel('Own certificate authority').click({ force: true });
    await editor.locator('#gf-config-tlsCACert').fill('-----BEGIN');
    await editor.getByRole('button', { name: 'Add to HTTP headers' }).click();
    await editor.locator('#gf-config-header-1-name').fill('X-Tenant');
    await editor.locator('#gf-config-header-1-value').fill('t1');
    const { url, basicAuth, basicAuthUser, jsonData, secureJsonData } = await save();
    assert.deepEqual({ url, basicAuth, basicAuthUser }, { url: 'https://api', basicAuth: true, basicAuthUser: 'ada' });
    assert.deepEqual(jsonData, { tlsAuthWithCACert: true, httpHeaderName1: 'X-Tenant' });
    assert.deepEqual(secureJsonData, { basicAuthPassword: 'pass', tlsCACert: '-----BEGIN', httpHeaderValue1: 't1' });
  }));

const headers = { ...configured, url: 'https://api', jsonData: { httpHeaderName1: 'X-One', httpHeaderName2: 'X-Two' } };

test('the value of a removed header is removed, too', () =>
  open({ ...wide, ...config, settings: headers }, async ({ config: editor, save }) => {
    assert.equal(await editor.locator('#gf-config-header-1-value').isDisabled(), true, 'a stored value is not shown');
    await editor.getByRole('button', { name: 'Remove HTTP headers 1' }).click();
    assert.equal(await editor.locator('#gf-config-header-1-value').isDisabled(), false, 'it is asked for again');
    const { jsonData, secureJsonData } = await save();
    assert.deepEqual(jsonData, { httpHeaderName1: 'X-Two' });
    assert.deepEqual(secureJsonData, { httpHeaderValue1: '', httpHeaderValue2: '' });
  }));

test('variables and annotations are edited in their own forms', () =>
  open({ ...wide, queries: [{ refId: 'A', table: '' }] }, async ({ page, region, asked, kept, idle }) => {
    await page.getByRole('button', { name: 'Add variable' }).click();
    const form = page.getByRole('group', { name: 'New variable' });
    await form.getByLabel('Name').fill('column');
    await form.getByLabel('List').click();
    await page.getByRole('option', { name: 'columns' }).click();
    await form.getByLabel('Table').fill('$env');
    await form.getByRole('button', { name: 'Add', exact: true }).click();
    await idle();
    const { queryType, of, table } = asked.at(-1).body.queries[0];
    assert.deepEqual({ queryType, of, table }, { queryType: 'variable', of: 'columns', table: 'prod' });
    await page.getByRole('button', { name: 'Add annotation' }).click();
    await region('Annotations').getByLabel('Severity').fill('1');
    const { variables, annotations } = await kept();
    assert.deepEqual(variables.at(-1).query, { refId: 'variable', of: 'columns', table: '$env', queryType: 'variable' });
    assert.deepEqual(annotations[0].target, { refId: 'Anno', severity: 1, queryType: 'annotation' });
  }));

/** Give the plugin's editor the props of an alert rule's page. */
const putIntoRule = ({ page, module }) =>
  page.evaluate(async (name) => {
    const [loaded, React] = await Promise.all([name, 'react'].map((each) => window.System.import(each)));
    const { plugin } = loaded.__useDefault ? loaded.default : loaded;
    const { QueryEditor } = plugin.components;
    plugin.setQueryEditor((props) => React.createElement(QueryEditor, { ...props, app: 'unified-alerting' }));
  }, module);

test('the editor of an alert rule says that variables are not filled in', () =>
  open({ prepare: putIntoRule }, async ({ query }) => {
    await query.getByLabel('Table').fill('a_$env');
    await query.getByText('Alert rules know no template variables: $env is sent as it is.').waitFor();
  }));

test('a frame with a channel is followed through Grafana Live', () =>
  open({}, async ({ received, ask }) => {
    const { panel } = await ask({ refId: 'A', table: 'live' });
    assert.equal(panel.state, 'Streaming');
    const { body } = await received('POST', 'preview/streams'); // the page sends it a moment after the panel has its first frame
    assert.equal(body.channel, `ds/${REFERENCE.uid}/ticks`);
  }));

test('the larger editors have no serious accessibility violation either', () =>
  open({ ...wide, settings: headers }, async ({ page, query, go }) => {
    await query.getByRole('button', { name: 'Add to Filters' }).click();
    for (const view of ['query', 'config']) {
      await go(view);
      assert.deepEqual(await seriousViolations(page, VERSION), [], view);
      await page.screenshot({ path: path.join(SCREENSHOTS, `wide-${view}.png`), fullPage: true });
    }
  }));
