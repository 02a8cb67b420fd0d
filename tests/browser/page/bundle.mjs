// Bundle host.js with one Grafana's real packages.   node bundle.mjs <folder of node_modules> <folder to write>
import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';

const [modules, output] = process.argv.slice(2);
const { build } = createRequire(path.join(modules, 'index.js'))('esbuild');
const unstable = path.join(modules, '@grafana/runtime/dist/types/unstable.d.ts');
const hasLoggers = fs.existsSync(unstable) && fs.readFileSync(unstable, 'utf8').includes('initializeLoggersRegistry');

const grafana = {
  name: 'grafana',
  setup(bundler) {
    // Only newer versions of @grafana/runtime have (and then need) it.
    bundler.onResolve({ filter: /^optional-loggers$/ }, () => ({ path: 'loggers', namespace: 'optional' }));
    bundler.onLoad({ filter: /.*/, namespace: 'optional' }, () => ({
      contents: hasLoggers
        ? "export { initializeLoggersRegistry } from '@grafana/runtime/unstable';"
        : 'export const initializeLoggersRegistry = undefined;',
      resolveDir: modules,
    }));
    // Older @grafana/ui imports CommonJS files from an ES module; esbuild then gives it the wrong default.
    bundler.onResolve({ filter: /^react-use\/lib\// }, ({ path: name, kind, resolveDir }) =>
      bundler.resolve(name.replace('/lib/', '/esm/'), { kind, resolveDir })
    );
  },
};

await build({
  entryPoints: ['host.js', 'pages.js'].map((name) => path.join(import.meta.dirname, name)),
  outdir: output,
  bundle: true,
  format: 'esm',
  splitting: true,
  target: 'es2022',
  nodePaths: [modules],
  logLevel: 'error',
  define: { 'process.env.NODE_ENV': '"development"', global: 'window', define: 'undefined' },
  loader: { '.ttf': 'file', '.woff': 'file', '.woff2': 'file', '.svg': 'text' },
  plugins: [grafana],
});
