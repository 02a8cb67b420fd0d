// The actions of the config page: keep settings in the server's memory, test them, write them to a file.
import { createDatasource } from './packages.js';
import { readBoot, saveSettings, writeSettings } from './server.js';

/** Apply settings, and create the data source again with them. */
export function takeSettings(preview, settings, given) {
  const { plugin, instanceSettings: before } = preview.state;
  const instanceSettings = given ?? { ...before, name: settings.name, jsonData: settings.jsonData };
  preview.set({ settings, instanceSettings, datasource: plugin && createDatasource(plugin, instanceSettings) });
}

const MAPPINGS = ['jsonData', 'secureJsonData', 'secureJsonFields'];

/** Return new settings with the edits that a person made since older ones: the config page keeps edits that are typed while it saves,
 * or while somebody saves the provisioning file. */
export function withEdits(settings, edited, before) {
  const mappings = MAPPINGS.map((name) => [name, withEditsOf(settings[name], edited[name], before[name])]);
  return { ...withEditsOf(settings, edited, before), ...Object.fromEntries(mappings) };
}

function withEditsOf(now = {}, edited = {}, before = {}) {
  const isEdit = (key) => JSON.stringify(edited[key]) !== JSON.stringify(before[key]);
  const keys = [...new Set([...Object.keys(now), ...Object.keys(edited)])];
  return Object.fromEntries(keys.map((key) => [key, isEdit(key) ? edited[key] : now[key]]).filter(([, value]) => value !== undefined));
}

/** Save the settings, and run the health check of the data source with them. */
export const saveAndTest = (preview, edited) =>
  preview.work(async () => {
    preview.set({ health: { status: 'testing' } });
    try {
      const settings = await saveSettings(edited);
      takeSettings(preview, settings, (await readBoot()).instanceSettings);
      preview.set({ saved: edited });
      preview.refresh(); // the choices of variables may depend on them
      preview.set({ health: await testOf(preview.state.datasource) });
    } catch (error) {
      preview.set({ health: { status: 'error', message: error.message, details: error.details } });
    }
  });

/** Write the settings to the provisioning file; secrets become names of variables. */
export const writeToFile = (preview) =>
  preview.work(async () => {
    try {
      preview.set({ written: await writeSettings() });
    } catch (error) {
      preview.set({ written: { problem: error.message } });
    }
  });

async function testOf(datasource) {
  if (!datasource) {
    return { status: 'success', message: 'Saved. There is no browser code to test with.' };
  }
  try {
    const { status = 'success', message = '', details } = (await datasource.testDatasource()) ?? {};
    return { status, message, details };
  } catch (error) {
    return {
      status: 'error',
      message: error.message ?? error.data?.message ?? String(error),
      details: error.error?.details ?? error.details,
    };
  }
}
