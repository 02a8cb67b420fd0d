// `npm run build`: src/module.ts and what it imports become dist/module.js, one AMD module as Grafana's loader wants it.
// What Grafana shares with its plugins stays outside; anything else that you install with npm goes in.
import { build } from 'esbuild';

const shared = [
  '@emotion/css', '@emotion/react', '@grafana/data', '@grafana/runtime', '@grafana/ui', 'd3', 'i18next', 'jquery', 'lodash',
  'moment', 'prismjs', 'react', 'react-dom', 'react-redux', 'react-router', 'react-router-dom', 'redux', 'rxjs',
];
const dependencies = shared.map((name) => JSON.stringify(name)).join(', ');

await build({
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
  define: { 'process.env.NODE_ENV': '"production"', define: 'undefined' }, // UMD libraries must not see SystemJS's define
  banner: {
    js: `define([${dependencies}], function () { var shared = {}, given = arguments; [${dependencies}].forEach(function (name, at) { shared[name] = given[at]; }); var module = { exports: {} }, exports = module.exports; function require(name) { return shared[name]; }`,
  },
  footer: { js: 'return module.exports; });' },
});
