// Make the documentation's pictures: a project's config page, editor, panels, alert rules and an error, for each Grafana version.
//   MODULES=<node_modules with playwright-core> node preview/pictures.mjs PROJECT FOLDER [--grafana VERSION …] [--error JSON] [--theme dark|light]
// `--error` is a query that fails, as JSON. GFPLUG and CHROMIUM are the paths of the programs if they are not on PATH.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';

const { MODULES, GFPLUG = 'gfplug', CHROMIUM = '/usr/bin/chromium' } = process.env;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { grafana: { type: 'string', multiple: true }, error: { type: 'string' }, theme: { type: 'string', default: 'dark' } },
});
const [project, folder] = positionals;
if (!project || !folder || !MODULES) {
  console.error(
    'MODULES=<node_modules with playwright-core> node preview/pictures.mjs PROJECT FOLDER [--grafana VERSION …] [--error JSON] [--theme dark|light]'
  );
  process.exit(2);
}
const { chromium } = createRequire(path.join(path.resolve(MODULES), 'index.js'))('playwright-core');
const versions = values.grafana ?? fs.readdirSync(path.join(import.meta.dirname, 'dist'));
const VIEWS = ['Time series', 'Table', 'Stat', 'Logs', 'Frames'];

/** Start `gfplug preview`, and return its address and a way to stop it. */
function start(version) {
  const program = spawn(GFPLUG, ['preview', project, '--no-open', '--grafana', version]);
  const stop = () => program.kill('SIGINT');
  return new Promise((resolve, reject) => {
    let said = '';
    const read = (chunk) => {
      said += chunk;
      const [address] = /http:\/\/127\.0\.0\.1:\d+\/\S+\//.exec(said) ?? [];
      if (address) {
        resolve({ address, stop });
      }
    };
    program.stdout.on('data', read);
    program.stderr.on('data', read);
    program.on('exit', (code) => reject(new Error(`gfplug preview ended with ${code}: ${said}`)));
  });
}

async function takePictures(page, address, place) {
  const idle = () => page.evaluate(() => window.gfplugPreview.idle());
  const show = async (view) => {
    await page.goto(`${address}?theme=${values.theme}#/${view}`);
    await page.reload(); // another view of the same address does not load the page again
    while (!(await page.evaluate(() => Boolean(window.gfplugPreview)))) {
      await page.waitForTimeout(50); // waitForFunction would evaluate text, which the page's policy forbids
    }
    await idle();
  };
  const take = (name, target = page) =>
    target.screenshot({ path: path.join(place, `${name}.png`), ...(target === page ? { fullPage: true } : {}) });
  const region = (name) => page.getByRole('region', { name, exact: true });
  await show('query');
  await take('page');
  await take('editor', region('Query A'));
  for (const view of VIEWS) {
    await region('Panel').getByRole('radio', { name: view }).check({ force: true });
    await idle();
    await page.waitForTimeout(300); // the chart is drawn in the next frames
    await take(`panel-${view.toLowerCase().replace(' ', '-')}`, region('Panel'));
  }
  if (values.error) {
    await page.evaluate((query) => window.gfplugPreview.setQueries([{ refId: 'A', ...query }]), JSON.parse(values.error));
    await idle();
    await take('error', region('Panel'));
  }
  await show('explore');
  await take('explore');
  await show('config');
  await page.getByRole('button', { name: 'Save & test' }).click();
  await idle();
  await take('config', region('Config page'));
  await show('alerts');
  await take('alerts', region('Alert rules'));
}

for (const version of versions) {
  const place = path.join(folder, version);
  fs.mkdirSync(place, { recursive: true });
  const { address, stop } = await start(version);
  const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'gfplug-pictures-'));
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath: CHROMIUM,
    viewport: { width: 1100, height: 800 },
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  try {
    await takePictures(await browser.newPage(), address, place);
    console.log(place);
  } finally {
    await browser.close();
    fs.rmSync(profile, { recursive: true, force: true });
    stop();
  }
}
