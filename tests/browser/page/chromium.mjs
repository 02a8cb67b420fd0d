// Headless Chromium with its own profile, and helpers for tests in any page. Needs in the environment: CHROMIUM, MODULES
// (node_modules with playwright-core and axe-core).
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createRequire } from 'node:module';

const { CHROMIUM, MODULES } = process.env;
const require = createRequire(path.join(MODULES, 'index.js'));
const { chromium } = require('playwright-core');
const AXE = fs.readFileSync(require.resolve('axe-core'), 'utf8');
const ARGUMENTS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

/** Start Chromium; the result opens pages, and ends it. */
export async function launch(viewport) {
  const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'gfplug-browser-'));
  const browser = await chromium.launchPersistentContext(profile, { executablePath: CHROMIUM, headless: true, viewport, args: ARGUMENTS });
  const close = async () => {
    await browser.close();
    fs.rmSync(profile, { recursive: true, force: true });
  };
  return { newPage: () => browser.newPage(), close };
}

/** Wait until a function is true in the page. Playwright's waitForFunction evaluates a text, which the page's policy forbids. */
export async function until(page, condition, given) {
  for (const end = Date.now() + 15_000; !(await page.evaluate(condition, given)); await page.waitForTimeout(20)) {
    assert.ok(Date.now() < end, `never true: ${condition}`);
  }
}

/** Known violations inside Grafana's components: [the beginning of its version, the rule, a part of the element]. */
const KNOWN = [
  ['', 'scrollable-region-focusable', 'scrollbar-view'], // Table scrolls, but is not reachable by keyboard
  ['11', 'label', 'downshift'], // MultiCombobox drops its label
  ['11', 'aria-allowed-attr', '-toggle-button'], // its arrow has attributes of a button, but no role
];

/** Return the serious violations that axe finds, except the known ones of this Grafana's components. */
export async function seriousViolations(page, version) {
  if (!(await page.evaluate(() => Boolean(window.axe)))) {
    await page.evaluate(AXE);
  }
  await page.mouse.move(0, 0); // a button under the pointer may have other colours
  await page.waitForFunction(() => document.getAnimations().every((each) => !(each instanceof CSSTransition))); // so may a button that fades
  const found = await page.evaluate(async () => {
    const { violations } = await window.axe.run('#root', { runOnly: ['wcag2a', 'wcag2aa'] });
    return violations.flatMap(({ id, impact, nodes }) => nodes.map(({ html }) => ({ id, impact, html: html.slice(0, 300) })));
  });
  const isKnown = ({ id, html }) => KNOWN.some(([beginning, rule, part]) => version.startsWith(beginning) && rule === id && html.includes(part));
  return found.filter((each) => /serious|critical/.test(each.impact) && !isKnown(each));
}
