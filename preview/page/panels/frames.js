// How fields of frames are shown, and which view a frame gets.
import { FieldType, Registry, applyFieldOverrides } from '@grafana/data';

const isVisible = (value) => value !== undefined && value !== null;
const item = (path, process = (value) => value) => ({
  id: path,
  path,
  name: path,
  isCustom: false,
  shouldApply: () => true,
  getItemsCount: () => 0,
  process,
});
const text = (value, { replaceVariables, field }) => (isVisible(value) ? replaceVariables(value, field.state?.scopedVars) : value);

/** The options of a field that a dashboard's panel may set; Grafana has such a list for each type of panel. */
const OPTIONS = new Registry(() => [
  item('displayName', text),
  item('noValue', text),
  ...['unit', 'min', 'max', 'decimals', 'color', 'thresholds', 'mappings', 'links'].map((path) => item(path)),
]);

const COLOUR = { mode: 'palette-classic' };

/** Give each field its colour, its unit, its name and its links, as a panel does. */
export function decorate(frames, { fieldConfig, theme, timeZone, replace }) {
  const { defaults = {}, overrides = [] } = fieldConfig ?? {};
  const decorated = applyFieldOverrides({
    data: frames,
    fieldConfig: { defaults: { color: COLOUR, ...defaults }, overrides: overrides.filter(({ matcher }) => matcher) },
    fieldConfigRegistry: OPTIONS,
    replaceVariables: replace,
    theme,
    timeZone,
  });
  decorated.forEach(({ fields }) => fields.forEach(guardLinks));
  return decorated;
}

/** Keep links to other pages only, and open them in a new tab. Removed are `javascript:` links, which Grafana turns into `about:blank`,
 * and links to the server of this page, whose answers may come from an upstream. */
function guardLinks(field) {
  const { getLinks } = field;
  if (getLinks) {
    field.getLinks = (options) =>
      getLinks(options)
        .filter(({ href }) => href && href !== 'about:blank' && !isServers(href))
        .map((link) => ({ ...link, target: '_blank' }));
  }
}

function isServers(href) {
  const url = URL.parse ? URL.parse(href, document.baseURI) : new URL(href, document.baseURI);
  return url?.origin === location.origin && /^\/([^/]+\/)?(api|preview)\//.test(url.pathname);
}

const has = (frame, ...types) => frame.fields.some(({ type }) => types.includes(type));
const preferred = { graph: 'timeseries', table: 'table', logs: 'logs', trace: 'frames', nodeGraph: 'frames', flamegraph: 'frames' };

function kindOf(frame) {
  const { preferredVisualisationType: wanted, type = '' } = frame.meta ?? {};
  if (preferred[wanted]) {
    return preferred[wanted];
  }
  if (type === 'log-lines') {
    return 'logs';
  }
  if (has(frame, FieldType.time) && has(frame, FieldType.number, FieldType.boolean)) {
    return 'timeseries';
  }
  return frame.length === 1 && frame.fields.every(({ type: kind }) => kind === FieldType.number) ? 'stat' : 'table';
}

/** The views that Explore shows, one for each kind of frame. */
export function kindsOf(frames) {
  const kinds = [...new Set(frames.filter(({ fields }) => fields.length).map(kindOf))];
  return kinds.includes('timeseries') ? [...kinds.filter((kind) => kind !== 'table'), 'table'] : kinds;
}

/** The selected view, or with `auto` the first that suits a frame. */
export function viewOf(frames, wanted) {
  return wanted && wanted !== 'auto' ? wanted : (kindsOf(frames)[0] ?? 'table');
}
