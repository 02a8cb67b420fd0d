// Test the data source in Grafana's pages: start Grafana with docker-compose.yaml, then run `npm run e2e`.
import { expect, test } from '@grafana/plugin-e2e';
import { type Options, type Secrets } from '../src/types';

const PROVISIONED = { fileName: 'datasource.yaml' };
const DASHBOARD = { fileName: 'example.json' };

test('Save & test succeeds', async ({ gotoDataSourceConfigPage, readProvisionedDataSource, page }) => {
  const { uid } = await readProvisionedDataSource<Options, Secrets>(PROVISIONED);
  const config = await gotoDataSourceConfigPage(uid);
  await expect(page.getByTestId('gf-config-editor')).toBeVisible();
  await expect(config.saveAndTest()).toBeOK();
  await expect(config).toHaveAlert('success');
});

test('the query editor is visible, and a new query succeeds', async ({ explorePage, readProvisionedDataSource, page }) => {
  const { name } = await readProvisionedDataSource<Options, Secrets>(PROVISIONED);
  await explorePage.datasource.set(name);
  await expect(page.getByTestId('gf-query-editor').first()).toBeVisible();
  await expect(explorePage.runQuery()).toBeOK();
});

test('the panels of the example dashboard have lines', async ({ gotoDashboardPage, readProvisionedDashboard, page }) => {
  await gotoDashboardPage(await readProvisionedDashboard(DASHBOARD));
  await expect(page.locator('[data-testid="uplot-main-div"] canvas').first()).toBeVisible();
  await expect(page.getByTestId('data-testid Panel status error')).toHaveCount(0);
});
