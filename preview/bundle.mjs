// Build the page for one Grafana's packages.   node bundle.mjs <folder of node_modules> <folder to write> [--development] [<file> …]
// With --development, React warns in the console, and nothing is minified: the browser tests use that page. Further files are
// built beside the page, and share its modules.
// The repository has no code of other projects: the built page has it, and LICENSES.txt its licences.
import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { development: { type: 'boolean', default: false } } });
const [modules, output, ...files] = positionals.map((place) => path.resolve(place));
const { build } = createRequire(path.join(modules, 'index.js'))('esbuild');
const page = path.join(import.meta.dirname, 'page');

/** Packages that Grafana shares with plugins and the page itself does not need; loaded when a plugin imports them.
 * Source: grafana v13.2.2, public/app/features/plugins/loader/sharedDependencies.ts. */
const LAZY = [
  '@grafana/data/unstable',
  '@grafana/runtime/unstable',
  '@grafana/ui/unstable',
  'd3',
  'i18next',
  'jquery',
  'lodash',
  'moment',
  'prismjs',
  'react-dom/client',
  'react-dom/server',
  'react-inlinesvg',
  'react-redux',
  'react-router',
  'react-router-dom',
  'react/jsx-dev-runtime',
  'redux',
  'slate',
  'slate-plain-serializer',
  'slate-react',
];

/** Tell whether a package, or one of its further entries, is installed. */
function isInstalled(name) {
  const [, parent, entry] = /^(@[^/]+\/[^/]+|[^/]+)(\/.+)?$/.exec(name);
  const manifest = path.join(modules, parent, 'package.json');
  if (!fs.existsSync(manifest)) {
    return false;
  }
  const { exports = {} } = JSON.parse(fs.readFileSync(manifest, 'utf8'));
  return !entry || `.${entry}` in exports || fs.existsSync(path.join(modules, `${name}.js`));
}

const lazy = LAZY.filter(isInstalled).map((name) => `${JSON.stringify(name)}: () => import(${JSON.stringify(name)}),`);
const virtual = {
  'lazy-packages': `export const lazy = {${lazy.join('')}};`,
  // Only newer versions of @grafana/runtime have this function, and they need the call.
  'optional-loggers': hasLoggers()
    ? "export { initializeLoggersRegistry } from '@grafana/runtime/unstable';"
    : 'export const initializeLoggersRegistry = undefined;',
};

function hasLoggers() {
  const types = path.join(modules, '@grafana/runtime/dist/types/unstable.d.ts');
  return fs.existsSync(types) && fs.readFileSync(types, 'utf8').includes('initializeLoggersRegistry');
}

/** Tell whether a file is CommonJS compiled from an ES module: its default export is a property. */
const isCompiled = (file) => /\.c?js$/.test(file) && /\bexports\b[^;]{0,40}__esModule/.test(fs.readFileSync(file, 'utf8').slice(0, 20_000));

const grafana = {
  name: 'grafana',
  setup(bundler) {
    bundler.onResolve({ filter: new RegExp(`^(${Object.keys(virtual).join('|')})$`) }, ({ path: name }) => ({
      path: name,
      namespace: 'virtual',
    }));
    bundler.onLoad({ filter: /.*/, namespace: 'virtual' }, ({ path: name }) => ({ contents: virtual[name], resolveDir: modules }));
    // In an .mjs file the default import of such a file is the whole module, as in Node; Grafana's packages expect the property.
    bundler.onResolve({ filter: /^[^./]/ }, async ({ path: name, importer, kind, resolveDir, pluginData }) => {
      if (pluginData === 'seen' || kind !== 'import-statement' || !/@grafana\/.+\.mjs$/.test(importer)) {
        return undefined;
      }
      const { path: file, errors } = await bundler.resolve(name, { kind, resolveDir, importer, pluginData: 'seen' });
      return errors.length === 0 && path.isAbsolute(file) && isCompiled(file) ? { path: file, namespace: 'compiled' } : undefined;
    });
    bundler.onLoad({ filter: /.*/, namespace: 'compiled' }, ({ path: file }) => ({
      contents: `export * from ${JSON.stringify(file)}; export { default } from ${JSON.stringify(file)};`,
      resolveDir: path.dirname(file),
    }));
  },
};

fs.rmSync(output, { recursive: true, force: true });
const { metafile } = await build({
  entryPoints: Object.fromEntries([path.join(page, 'main.jsx'), ...files].map((file) => [path.parse(file).name, file])),
  outdir: output,
  bundle: true,
  minify: !values.development,
  format: 'esm',
  splitting: true,
  target: 'es2022',
  jsx: 'automatic',
  nodePaths: [modules],
  logLevel: 'error',
  legalComments: 'none',
  metafile: true,
  chunkNames: 'chunks/[hash]',
  assetNames: 'chunks/[hash]',
  define: { 'process.env.NODE_ENV': values.development ? '"development"' : '"production"', global: 'window', define: 'undefined' },
  loader: { '.ttf': 'file', '.woff': 'file', '.woff2': 'file', '.svg': 'text' },
  plugins: [grafana],
});

const systemjs = path.join(modules, 'systemjs/dist');
fs.copyFileSync(path.join(systemjs, 'system.min.js'), path.join(output, 'system.js'));
fs.copyFileSync(path.join(systemjs, 'extras/amd.min.js'), path.join(output, 'amd.js'));
fs.copyFileSync(path.join(systemjs, 'extras/named-register.min.js'), path.join(output, 'named-register.js'));
for (const name of ['index.html', 'boot.js']) {
  fs.copyFileSync(path.join(page, name), path.join(output, name));
}

// Copy icons to the path from which this version of @grafana/ui loads them.
const icons = fs.readFileSync(path.join(modules, '@grafana/ui/dist/esm/components/Icon/utils.mjs'), 'utf8').includes('build/img/icons')
  ? 'public/build/img'
  : 'public/img';
fs.cpSync(path.join(modules, '@grafana/ui/dist/public/img'), path.join(output, icons), { recursive: true });
const own = path.join(page, 'icons'); // icons that components of @grafana/ui load, and its package lacks
for (const name of fs.readdirSync(own)) {
  fs.cpSync(path.join(own, name), path.join(output, icons, 'icons/unicons', name), { force: false });
}
fs.writeFileSync(path.join(output, 'LICENSES.txt'), licences());

/** The texts of a package's licence: its files, else the section of its README. */
function licenceTexts(folder) {
  const names = fs.readdirSync(folder).filter((name) => fs.statSync(path.join(folder, name)).isFile());
  const read = (pattern) =>
    names
      .filter((name) => pattern.test(name))
      .sort()
      .map((name) => fs.readFileSync(path.join(folder, name), 'utf8'));
  const files = read(/^(licen[cs]e|notice|copying)/i);
  const sections = read(/^readme/i).flatMap((text) => /^(#+ *licen[cs]e|licen[cs]e\n-+) *$[^]*?(?=^#|(?![^]))/im.exec(text)?.[0] ?? []);
  return files.length ? files : sections;
}

/** The licences of all packages in the page, from the files of each package. */
function licences() {
  const folders = new Set(['systemjs'].map((name) => path.join(modules, name)));
  for (const input of Object.keys(metafile.inputs)) {
    const [folder] = /^.*node_modules\/(@[^/]+\/[^/]+|[^/]+)(?=\/)/.exec(path.resolve(input.replace(/^compiled:/, ''))) ?? [];
    if (folder) {
      folders.add(folder);
    }
  }
  const texts = [...folders].map((folder) => {
    const { name, version, license, author, repository } = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
    const source = typeof repository === 'object' ? repository?.url : repository;
    const texts = licenceTexts(folder);
    return [
      `${name} ${version}`,
      `Licence: ${license?.type ?? license ?? (texts.length ? 'see below' : 'the package states none')}`,
      ...(author ? [`Author: ${author.name ?? author}`] : []),
      ...(source ? [`Source: ${source}`] : []),
      ...texts.map((text) => `\n${text.trim()}`),
    ].join('\n');
  });
  return `${texts.sort().join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}
