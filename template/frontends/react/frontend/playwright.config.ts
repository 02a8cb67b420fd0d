// `npm run e2e` runs tests/ in the pages of a running Grafana, with @grafana/plugin-e2e; `npm run types` installs its packages.
/// <reference types="node" />
import { type PluginOptions } from '@grafana/plugin-e2e';
import { defineConfig, devices } from '@playwright/test';
import { createRequire } from 'node:module';
import path from 'node:path';

const login = path.join(path.dirname(createRequire(import.meta.url).resolve('@grafana/plugin-e2e')), 'auth');
const { GRAFANA_URL = 'http://localhost:3000', CHROMIUM } = process.env;

export default defineConfig<PluginOptions>({
  testDir: './tests',
  workers: 1,
  retries: process.env.CI ? 2 : 0,
  use: {
    ...devices['Desktop Chrome'],
    baseURL: GRAFANA_URL,
    launchOptions: { executablePath: CHROMIUM }, // Chromium or Chrome; without it, run `npx playwright install chromium`
    provisioningRootDir: path.join(import.meta.dirname, '../provisioning'),
    trace: 'retain-on-failure',
  },
  projects: [
    { name: 'login', testDir: login, testMatch: [/.*\.js/] },
    { name: 'tests', dependencies: ['login'], use: { storageState: 'playwright/.auth/admin.json' } },
  ],
});
