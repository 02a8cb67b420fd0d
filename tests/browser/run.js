// Load linked module.js files like Grafana's loader, with fakes for its shared packages, and evaluate expressions.
//   node run.js        reads lines of JSON, {module, expression, language, socks}, and answers each: {value} or {error}
// Nothing is installed: React's elements are plain objects, an observable is a list of promises.
const readline = require('node:readline');

class Observable {
  constructor(promises) { this.promises = promises; }
  pipe(...steps) { return steps.reduce((observable, step) => step(observable), this); }
  values() { return Promise.all(this.promises); }
}

/** Call function components until only Grafana's components are left, and list these elements with their props. */
function elements(node) {
  if (Array.isArray(node)) {
    return node.flatMap(elements);
  }
  if (!node || typeof node !== 'object') {
    return [];
  }
  if (typeof node.type === 'function') {
    return elements(node.type(node.props));
  }
  return [node, ...elements(node.props.children)];
}

/** Python's answer to a migrate request for queries of `Aged`. */
async function migrate({ query: { seconds, ...query } }) {
  if (seconds === 'x') {
    throw { data: { message: 'the query: AgedModel.migrate failed' } };
  }
  return { data: { query: seconds === undefined ? query : { ...query, minutes: seconds / 60, version: 2 } } };
}

/** Load a module with its own fakes, and evaluate an expression beside it. */
async function evaluate({ module, expression, language, socks }) {
  const complaints = []; // errors written to the console: an expression that does not read them fails
  const console = { ...globalThis.console, error: (...words) => complaints.push(words.join(' ')) };
  const variables = { env: 'prod', hosts: ['a', 'b'] };
  const calls = [];
  const react = {
    Fragment: 'Fragment',
    createElement: (type, props, ...children) => ({
      type,
      props: { ...props, ...(children.length ? { children: children.length > 1 ? children : children[0] } : {}) },
    }),
    useState: (initial) => [initial, (value) => calls.push({ state: value })],
    useRef: (current) => ({ current }),
    useEffect: (effect) => effect(),
  };
  const rxjs = {
    from: (promise) => new Observable([promise]),
    of: (value) => new Observable([Promise.resolve(value)]),
    isObservable: (value) => value instanceof Observable,
    lastValueFrom: (observable) => observable.values().then((values) => values.at(-1)),
    merge: (...observables) => new Observable(observables.flatMap(({ promises }) => promises)),
    mergeMap: (next) => (source) => ({
      values: async () => (await Promise.all((await source.values()).map(async (value) => (await next(value)).values()))).flat(),
    }),
    defaultIfEmpty: () => (source) => source,
    finalize: (end) => ({ promises }) => {
      Promise.allSettled(promises).then(end);
      return new Observable(promises);
    },
    map: (change) => ({ promises }) => new Observable(promises.map((promise) => promise.then(change))),
    catchError: (recover) => ({ promises }) =>
      new Observable(promises.map((promise) => promise.catch((error) => recover(error).promises[0]))),
  };
  const data = {
    DataSourcePlugin: class {
      constructor(DataSourceClass) { this.DataSourceClass = DataSourceClass; this.components = {}; }
      setConfigEditor(editor) { this.components.ConfigEditor = editor; return this; }
      setQueryEditor(editor) { this.components.QueryEditor = editor; return this; }
      setQueryEditorHelp(help) { this.components.QueryEditorHelp = help; return this; }
    },
    DataSourceVariableSupport: class { getType() { return 'datasource'; } },
    CustomVariableSupport: class { getType() { return 'custom'; } },
    LoadingState: { Loading: 'Loading', Streaming: 'Streaming', Done: 'Done', Error: 'Error' },
    toDataFrame: (frame) => ({ ...frame, length: frame.fields[0].values.length }),
  };
  const runtime = {
    config: { bootData: { user: { language } }, secureSocksDSProxyEnabled: socks },
    DataSourceWithBackend: class {
      constructor(settings) { this.uid = settings.uid; }
      getResource(path) {
        calls.push(path);
        return Promise.resolve(['a', { value: 'b' }]);
      }
      postResource(path, body) {
        calls.push({ post: path, body });
        return path.endsWith('tag-keys') ? Promise.resolve(['a', { value: 'b', label: 'B' }]) : Promise.reject({ data: { message: 'no values' } });
      }
      query(request) {
        const targets = request.targets.map((target) => this.applyTemplateVariables(target, request.scopedVars ?? {}, request.filters));
        calls.push({ backend: targets });
        return rxjs.of({ data: targets.map(({ refId }) => ({ refId })) });
      }
    },
    getBackendSrv: () => ({
      fetch: (options) => {
        calls.push({ fetch: options });
        if (options.url.endsWith('/gfplug/migrate')) {
          return new Observable([migrate(options.data)]);
        }
        return rxjs.of({ data: options.url.endsWith('/rows') ? [{ time: '2026-01-01', value: 7 }] : { rows: [1, 2] } });
      },
    }),
    getTemplateSrv: () => ({
      getVariables: () => Object.keys(variables).map((name) => ({ name })),
      replace: (text, scoped, format) =>
        text.replace(/\$\{(\w+)(?::(\w+))?\}|\$(\w+)/g, (found, braced, ownFormat, bare) => {
          const name = braced ?? bare;
          const value = scoped?.[name]?.value ?? variables[name];
          if (value === undefined) {
            return found;
          }
          return typeof format === 'function' && !ownFormat ? format(value, scoped?.[name] ?? {}) : String(value);
        }),
    }),
  };
  // esbuild copies the exports that exist, so the names are listed.
  const ui = Object.fromEntries(
    [
      'Alert', 'Button', 'CodeEditor', 'Combobox', 'Field', 'FieldSet', 'InlineField', 'InlineFieldRow', 'InlineLabel', 'InlineSwitch',
      'Input', 'MultiCombobox', 'RadioButtonGroup', 'SecretInput', 'SecretTextArea', 'TagsInput', 'TextArea',
    ].map((name) => [name, name])
  );
  const packages = {
    lodash: { sum: (numbers) => numbers.reduce((sum, number) => sum + number, 0) },
    '@grafana/data': data,
    '@grafana/runtime': runtime,
    '@grafana/ui': new Proxy(ui, { get: (_, name) => name }), // a component is represented by its name
    react,
    rxjs,
  };
  const localStorage = {
    kept: {},
    getItem(name) { return this.kept[name] ?? null; },
    setItem(name, text) { this.kept[name] = text; },
  };
  let definitions = 0;
  let exported;
  const missing = (name) => { throw new Error(`Grafana shares no package ${name}`); };
  const define = (...given) => {
    if (given.length !== 2 || !Array.isArray(given[0])) {
      throw new Error('define was not called as define([packages], factory)');
    }
    definitions += 1;
    exported = given[1](...given[0].map((name) => packages[name] ?? missing(name)));
  };
  new Function('define', 'require', 'module', 'exports', 'process', 'console', 'localStorage', module)(
    define, undefined, undefined, undefined, undefined, console, localStorage
  );
  const plugin = exported.plugin;
  const datasource = new plugin.DataSourceClass({ uid: 'u1', url: '/api/datasources/proxy/uid/u1' });
  const range = { from: 1000, to: 2000 };
  const scope = { calls, complaints, datasource, definitions, elements, exported, localStorage, plugin, range, react, runtime };
  const value = await new Function(...Object.keys(scope), `return (async () => (${expression}))()`)(...Object.values(scope));
  if (complaints.length && !expression.includes('complaints')) {
    throw new Error(complaints.join('\n'));
  }
  return value ?? null;
}

const unhandled = [];
process.on('unhandledRejection', (reason) => unhandled.push(reason));

(async () => {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const answer = await evaluate(JSON.parse(line)).then((value) => ({ value }), (error) => ({ error: String(error.stack) }));
    await new Promise((resolve) => setImmediate(resolve));
    const [reason] = unhandled.splice(0);
    process.stdout.write(`${JSON.stringify(reason ? { error: `nobody awaited: ${reason?.stack ?? reason}` } : answer)}\n`);
  }
})();
