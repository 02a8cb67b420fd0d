// Events while the page is open: saves of the source, log lines, a plugin that ends, another view in the address.
import { panelsOf } from './dashboards.js';
import { viewOfAddress } from './model.js';
import { events, readBoot, rehearseAlerts } from './server.js';
import { takeSettings } from './settings.js';

const LONGEST_LOG = 1000;
const LOG_PERIOD = 100; // milliseconds: the page is not drawn again for each line of a plugin that logs much

let rehearsals = 0; // a slow older request must not overwrite the result of a newer one; likewise reloads
let reloads = 0;

/** Ask what the provisioned alert rules would do now. */
export const rehearse = (preview) =>
  preview.work(async () => {
    const number = (rehearsals += 1);
    preview.set({ isRehearsing: true });
    const alerts = await rehearseAlerts().catch((error) => ({
      rules: [],
      problem: { message: error.message, hint: error.preview?.hint ?? error.hint },
    }));
    if (number === rehearsals) {
      preview.set({ alerts, isRehearsing: false });
    }
  });

/** Listen to the server's events and to changes of the address. */
export function listen(preview) {
  const lines = [];
  events.on('log', (line) => {
    lines.push(line);
    if (lines.length === 1) {
      setTimeout(() => preview.set({ log: [...preview.state.log, ...lines.splice(0)].slice(-LONGEST_LOG) }), LOG_PERIOD);
    }
  });
  events.on('reload', (event) => reload(preview, event));
  events.on('settings', (settings) => takeSettings(preview, settings));
  events.on('down', ({ message, hint, details }) => preview.set({ activity: { state: 'down', message, hint, details } }));
  events.on('up', () => {
    preview.set({ activity: undefined });
    preview.refresh();
  });
  events.on('lost', () =>
    preview.set({ activity: { state: 'down', message: 'The preview server does not answer', hint: 'Start gfplug preview again.' } })
  );
  let isFirst = true;
  events.on('hello', () => {
    if (!preview.state.boot.plugin.module) {
      loadFirst(preview);
    } else if (!isFirst) {
      preview.set({ activity: undefined });
      preview.refresh(); // the streams of the lost connection have ended
    }
    isFirst = false;
  });
  events.open();
  window.addEventListener('hashchange', () => turn(preview));
  if (preview.state.page === 'alerts') {
    rehearse(preview);
  }
}

/** Load module.js if it was built between the page's start and the start of the events. */
async function loadFirst(preview) {
  const { plugin } = await readBoot();
  if (plugin.module || plugin.problem) {
    await reload(preview, { state: 'ready', module: plugin.module });
  }
}

async function reload(preview, event) {
  preview.set({ activity: event.state === 'ready' ? undefined : event });
  if (event.state !== 'ready') {
    return;
  }
  const number = (reloads += 1);
  await preview.work(async () => {
    const boot = { ...(await readBoot()), theme: preview.state.theme };
    if (number !== reloads) {
      return;
    }
    const { instanceSettings } = boot;
    preview.set({ boot, instanceSettings, panels: panelsOf(boot.dashboards ?? [], boot.settings), problem: boot.plugin.problem });
    if (event.settings) {
      takeSettings(preview, boot.settings, instanceSettings);
    }
    await (event.module ? preview.load(event.module) : preview.refresh());
  });
  if (preview.state.page === 'alerts') {
    await rehearse(preview);
  }
}

function turn(preview) {
  const page = viewOfAddress();
  if (page === preview.state.page) {
    return;
  }
  preview.turn(page);
  if (page === 'alerts') {
    rehearse(preview);
  }
}
