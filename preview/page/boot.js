// Ask the server for the plugin, set the globals that Grafana's packages read when they are imported, then start the page.
const address = (path) => new URL(path, document.baseURI).href;

async function start() {
  const answer = await fetch(address('preview/boot'));
  if (!answer.ok) {
    throw new Error(`preview/boot answered ${answer.status}: ${await answer.text()}`);
  }
  const boot = await answer.json();
  const { theme } = JSON.parse(localStorage.getItem('gfplug-preview') ?? '{}');
  boot.theme = new URLSearchParams(location.search).get('theme') ?? theme ?? 'dark';
  const settings = {
    appSubUrl: new URL(document.baseURI).pathname.replace(/\/[^/]*$/, ''),
    buildInfo: { version: boot.grafana, env: 'production', edition: 'Open Source' },
    datasources: { [boot.instanceSettings.name]: boot.instanceSettings },
    defaultDatasource: boot.instanceSettings.name,
    featureToggles: boot.toggles ?? {},
    namespace: 'default',
  };
  window.grafanaBootData = {
    user: {
      id: 1,
      uid: 'preview',
      isSignedIn: true,
      orgId: 1,
      orgRole: 'Admin',
      login: 'preview',
      theme: boot.theme,
      lightTheme: boot.theme === 'light',
      permissions: {},
    },
    navTree: [],
    settings,
  };
  window.__grafana_public_path__ = address('public/');
  const { open } = await import('./main.js');
  open(boot);
}

start().catch((error) => {
  document.getElementById('root').textContent = `The page could not start. ${error.message}`;
});
