// The preview's page and panels at the addresses of Grafana's pages, which a generated project's own tests open: a data source's,
// Explore, a dashboard and an alert rule. What surrounds them in a real Grafana is not here. boot.js starts it in place of main.jsx.
import { ThemeContext, createTheme } from '@grafana/data';
import { selectors } from '@grafana/e2e-selectors';
import { GlobalStyles, PortalContainer } from '@grafana/ui';
import { useSyncExternalStore } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from '../../../preview/page/app.jsx';
import { rehearse } from '../../../preview/page/changes.js';
import { panelsOf } from '../../../preview/page/dashboards.js';
import { Preview } from '../../../preview/page/model.js';
import { Panel } from '../../../preview/page/panel.jsx';
import '../../../preview/page/page.css';

const VIEWS = { '/connections/datasources/edit/': 'config', '/explore': 'explore', '/alerting/grafana/': 'alerts' };
const { title: titleOf, status: statusOf } = selectors.components.Panels.Panel;

/** Draw the page that the address names. @param {object} boot what preview/boot answers, and the theme */
export function open(boot) {
  const [, view] = Object.entries(VIEWS).find(([path]) => location.pathname.startsWith(path)) ?? [];
  sessionStorage.clear(); // each page begins anew
  createRoot(document.getElementById('root')).render(view ? showView(boot, view) : showDashboard(boot));
}

function showView(boot, view) {
  location.hash = `#/${view}`;
  const preview = new Preview(boot);
  const panes = new URLSearchParams(location.search).get('panes');
  if (panes) {
    const { queries, range } = JSON.parse(panes).a;
    preview.set({ explore: queries, time: range });
  }
  preview.load(boot.plugin.module);
  if (view === 'alerts') {
    rehearse(preview);
  }
  return <App preview={preview} />;
}

/** All panels of the dashboards, each with a page's state of its own. */
function showDashboard(boot) {
  const panels = panelsOf(boot.dashboards, boot.settings);
  const previews = panels.map(({ key, dashboard, panel }) => {
    const preview = new Preview({ ...boot, dashboards: [{ file: key, dashboard: { ...dashboard, panels: [panel] } }] });
    preview.load(boot.plugin.module);
    return preview;
  });
  return (
    <ThemeContext.Provider value={createTheme()}>
      <GlobalStyles />
      <PortalContainer />
      {previews.map((preview) => (
        <DashboardPanel key={preview.state.panel} preview={preview} />
      ))}
    </ThemeContext.Provider>
  );
}

function DashboardPanel({ preview }) {
  const state = useSyncExternalStore(preview.subscribe, () => preview.state);
  return (
    <div data-testid={titleOf(state.title)}>
      {state.result.errors.length > 0 && <p data-testid={statusOf('error')}>This panel has an error.</p>}
      {state.datasource && <Panel preview={preview} state={state} />}
    </div>
  );
}
