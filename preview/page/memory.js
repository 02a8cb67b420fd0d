// The state that a reload of the page begins with: the browser keeps it as long as the tab is open.
const KEPT = [
  'panel',
  'title',
  'queries',
  'explore',
  'view',
  'fieldConfig',
  'minInterval',
  'time',
  'timeZone',
  'refresh',
  'variables',
  'filters',
  'annotations',
];
const keyOf = ({ plugin }) => `gfplug-preview ${plugin.id}`;

/** The kept part of the state; null in a new tab. */
export const remembered = (boot) => JSON.parse(sessionStorage.getItem(keyOf(boot)) ?? 'null');

/** Keep the state if a patch changes a kept part; the choices of variables are not kept. */
export function remember(state, patch) {
  if (!KEPT.some((name) => name in patch)) {
    return;
  }
  const kept = Object.fromEntries(KEPT.map((name) => [name, state[name] ?? null]));
  const variables = state.variables.map((variable) => ({ ...variable, options: [] }));
  try {
    sessionStorage.setItem(keyOf(state.boot), JSON.stringify({ ...kept, variables }));
  } catch (error) {
    console.warn('A reload of the page will lose its current state, which is too large to store.', error);
  }
}
