// From a query in the browser to a drawn frame, with a server behind that plays Grafana for a real plugin process. Needs
// beside what page.mjs does: MODE (backend or hybrid), SCREENSHOTS.
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { open } from './page.mjs';

const { MODE, SCREENSHOTS } = process.env;
const PROXY = '/api/datasources/proxy/uid/u1/sales';
const range = { from: Date.UTC(2026, 0, 1), to: Date.UTC(2026, 0, 1, 1) };
const target = { refId: 'A', path: '/sales' };

/** Ask, and reduce the frames to what a panel draws. */
const ask = (page, targets, more) =>
  page.evaluate(([given, { from, to }, rest]) => window.host.askAt(given, from, to, rest), [targets, range, more]);

test('a query is answered and drawn', () =>
  open('', async ({ page, region, asked }) => {
    const { frames, errors } = await ask(page, [target]);
    assert.deepEqual(errors, []);
    assert.deepEqual(frames.map(({ labels }) => labels), [{ region: 'north' }, { region: 'south' }]);
    assert.deepEqual(asked.map((each) => each.path), [MODE === 'hybrid' ? PROXY : '/api/ds/query']);
    assert.ok(!JSON.stringify(asked).includes('example-token'), 'the browser knows no secret');
    await region('panel').waitFor();
    assert.equal(await region('panel').locator('canvas').count(), 2);
    const cells = await region('panel').getByRole('table', { name: 'north', includeHidden: true }).locator('td').allInnerTexts();
    assert.equal(cells.length, 2 * frames[0].times.length);
    await page.waitForFunction(() => {
      const canvas = document.querySelector('figure canvas'); // a line is on it
      return canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some((value) => value > 0);
    });
    await page.setViewportSize({ width: 880, height: 400 });
    await page.screenshot({ path: path.join(SCREENSHOTS, `page-${MODE}.png`), fullPage: true });
  }));

test('a panel and an alert rule see the same', () =>
  open('', async ({ page, asked }) => {
    const panel = await ask(page, [target]);
    const alert = await ask(page, [target], { app: 'unified-alerting' });
    assert.ok(panel.frames[0].values.length > 50);
    assert.deepEqual(panel.frames, alert.frames);
    assert.equal(asked.at(-1).path, '/api/ds/query');
  }));

test('an error of the API is named, and stays with its query', () =>
  open('', async ({ page }) => {
    const { frames, errors } = await ask(page, [{ refId: 'A', path: '/nothing' }, { ...target, refId: 'B' }]);
    assert.deepEqual(errors, [['A', '/nothing answered 404 Not Found: there is no /nothing']]);
    assert.deepEqual([...new Set(frames.map(({ refId }) => refId))], ['B']);
  }));

test('Save & test asks the API with the token that no browser knows', () =>
  open('', async ({ page }) => {
    const { status, message } = await page.evaluate(() => window.host.datasource.testDatasource());
    assert.deepEqual({ status, message }, { status: 'success', message: 'The API answered, and knows the token' });
  }));
