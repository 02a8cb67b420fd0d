// The page's start: its state, what tests may ask of it, and the drawing.
import { createRoot } from 'react-dom/client';
import { App } from './app.jsx';
import { listen } from './changes.js';
import { withRefIds } from './dashboards.js';
import { Preview } from './model.js';
import './page.css';

/** Draw the page. @param {object} boot what preview/boot answers, and the theme */
export function open(boot) {
  const preview = new Preview(boot);
  document.title = `${boot.plugin.name} · gfplug preview`;
  window.gfplugPreview = {
    idle: (seconds) => idle(preview, seconds),
    panel: preview.panel,
    queries: () => preview.targets,
    setQueries: (targets) => {
      preview.setQueries(withRefIds(targets));
      preview.runQueries();
    },
    openPanel: preview.openPanel,
    setTimeRange: preview.setTimeRange,
    setVariables: preview.setVariables,
    health: () => preview.state.health,
    alerts: () => preview.state.alerts,
  };
  createRoot(document.getElementById('root')).render(<App preview={preview} />);
  listen(preview);
  preview.load(boot.plugin.module);
}

/** Resolve once nothing has been loading or asking for two frames; reject after some seconds, with what is waited for. */
async function idle(preview, seconds = 60) {
  const end = performance.now() + seconds * 1000;
  for (let calm = 0; calm < 2; calm = preview.isIdle ? calm + 1 : 0) {
    if (performance.now() > end) {
      throw new Error(`after ${seconds} s the page still waits for ${preview.waitsFor}`);
    }
    await new Promise((resolve) => {
      requestAnimationFrame(() => setTimeout(resolve, 10));
    });
  }
}
