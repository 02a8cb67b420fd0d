// Load a plugin's module.js as Grafana does: SystemJS, a script element, and the packages that Grafana shares with plugins.
// Source: grafana v13.2.2, public/app/features/plugins/loader/ (sharedDependencies.ts, pluginLoader.ts), public/app/features/plugins/importer/.
import * as emotionCss from '@emotion/css';
import * as emotionReact from '@emotion/react';
import * as data from '@grafana/data';
import * as runtime from '@grafana/runtime';
import * as ui from '@grafana/ui';
import * as React from 'react';
import * as ReactJsx from 'react/jsx-runtime';
import * as ReactDom from 'react-dom';
import * as rxjs from 'rxjs';
import { lazy } from 'lazy-packages';
import { address } from './server.js';

/** Packages that Grafana shares with plugins, by name; further ones are loaded when a plugin imports them. */
export const shared = {
  '@emotion/css': emotionCss,
  '@emotion/react': emotionReact,
  '@grafana/data': data,
  '@grafana/runtime': runtime,
  '@grafana/ui': ui,
  react: React,
  'react/jsx-runtime': ReactJsx,
  'react-dom': ReactDom,
  rxjs,
  'rxjs/operators': rxjs,
};
/** Packages whose default export is the package: a plugin gets the default export. */
const IS_DEFAULT = new Set(['jquery', 'lodash', 'moment', 'prismjs']);

const loader = window.System;
const { prototype } = loader.constructor;
const names = [...Object.keys(shared), ...Object.keys(lazy)];
loader.addImportMap({ imports: Object.fromEntries(names.map((name) => [name, `package:${name}`])) });
Object.entries(shared).forEach(([name, module]) => loader.set(`package:${name}`, module));

prototype.shouldFetch = () => false; // load module.js by a script element, which needs no eval

const { instantiate, resolve } = prototype;
prototype.instantiate = async function instantiatePackage(url, ...rest) {
  if (!url.startsWith('package:')) {
    return instantiate.call(this, url, ...rest);
  }
  const name = url.slice('package:'.length);
  const module = await lazy[name]();
  const given = IS_DEFAULT.has(name) ? { default: module.default, __useDefault: true } : module;
  return [[], (give) => ({ execute: () => give(given) })];
};
prototype.resolve = function resolvePackage(name, parent) {
  try {
    return resolve.call(this, name, parent);
  } catch (error) {
    throw new Error(`module.js asks for the package "${name}", which this page does not share: bundle it, or look in a real Grafana`, {
      cause: error,
    });
  }
};

/** Return the plugin that a module.js exports.
 * @param {string} module its address, relative to the page's @param {object} meta plugin.json and where its files are */
export async function loadPlugin(module, meta) {
  const exported = await loader.import(address(module));
  const members = exported.__useDefault ? exported.default : exported;
  const plugin = members.plugin ?? (members.Datasource && legacyPlugin(members));
  if (!plugin) {
    throw new Error('module.js exports neither "plugin", a DataSourcePlugin, nor "Datasource"');
  }
  plugin.meta = meta;
  return plugin;
}

function legacyPlugin(members) {
  const plugin = new data.DataSourcePlugin(members.Datasource);
  plugin.setComponentsFromLegacyExports(members);
  return plugin;
}

/** Return the data source that panels query: an object of the plugin's class with the saved settings. */
export function createDatasource(plugin, instanceSettings) {
  const datasource = new plugin.DataSourceClass(instanceSettings);
  return Object.assign(datasource, { meta: instanceSettings.meta, components: plugin.components });
}
