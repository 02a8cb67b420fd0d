// `npm run build` bundles src/module.ts and its imports into dist/module.js, an AMD module for Grafana's loader. It leaves out
// the packages that Grafana shares with its plugins, and includes all others that you install with npm.
import { build } from 'esbuild';

const shared = [
  '@emotion/css', '@emotion/react', '@grafana/data', '@grafana/runtime', '@grafana/ui', 'd3', 'i18next', 'jquery', 'lodash',
  'moment', 'prismjs', 'react', 'react-dom', 'react-redux', 'react-router', 'react-router-dom', 'redux', 'rxjs',
];
const options = {
  entryPoints: [`${import.meta.dirname}/src/module.ts`],
  outfile: `${import.meta.dirname}/dist/module.js`,
  bundle: true,
  format: 'cjs',
  target: 'es2022',
  jsx: 'transform', // React.createElement: Grafana 11.6 has no react/jsx-runtime to share
  external: shared,
  minify: true,
  sourcemap: true,
  legalComments: 'inline',
  define: { 'process.env.NODE_ENV': '"production"', define: 'undefined' }, // hides SystemJS's define from UMD libraries
};

// Build once to list the imported shared packages, then build again with a header that imports them from the loader.
const { metafile } = await build({ ...options, write: false, metafile: true });
const imports = Object.values(metafile.outputs).flatMap((output) => output.imports);
const names = [...new Set(imports.filter(({ external }) => external).map(({ path }) => path))].sort();
const list = JSON.stringify(names);

await build({
  ...options,
  banner: { js: `define(${list},function(){"use strict";const given=arguments,names=${list},module={exports:{}},exports=module.exports,require=(name)=>given[names.indexOf(name)];` },
  footer: { js: 'return module.exports;});' },
});
