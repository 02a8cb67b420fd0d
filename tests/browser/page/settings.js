// Must be evaluated before any package of Grafana's: @grafana/runtime reads this when it is imported.
window.grafanaBootData = {
  user: { lightTheme: false, orgId: 1, theme: 'dark' },
  navTree: [],
  settings: { featureToggles: {}, buildInfo: { version: '0.0.0', env: 'production' }, appSubUrl: '', datasources: {}, namespace: 'default' },
};
window.__grafana_public_path__ = '/public/';
