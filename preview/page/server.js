// Requests of the page to its server, beside those of Grafana's own API.

/** Return an address below the page's; the first part of its path is the page's token. @param {string} path */
export const address = (path) => new URL(path.replace(/^\/+/, '') || '.', document.baseURI).href;

async function ask(method, path, body) {
  const answer = await fetch(address(path), {
    method,
    headers: { 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  const content = text && /json/.test(answer.headers.get('content-type') ?? '') ? JSON.parse(text) : { message: text };
  if (!answer.ok) {
    throw Object.assign(new Error(content.message || `${path} answered ${answer.status}`), { ...content, status: answer.status });
  }
  return content;
}

/** Keep settings in the server's memory, and return them as Grafana would: without secrets. */
export const saveSettings = async (settings) => (await ask('PUT', `api/datasources/uid/${settings.uid}`, settings)).datasource;

/** Write the settings in memory to the provisioning file. @returns {{ file: string, diff: string, secrets: { key: string, variable: string }[] }} */
export const writeSettings = () => ask('POST', 'preview/settings/write', {});

/** Ask what the provisioned alert rules would do now. */
export const rehearseAlerts = () => ask('POST', 'preview/alerts', {});

/** Read the plugin and its settings, dashboards and rules again, after a change of them. */
export const readBoot = () => ask('GET', 'preview/boot');

/** The server's events: each page has one connection, which also carries streams. */
class Events {
  #listeners = new Map();
  #client = new Promise((resolve) => {
    this.on('hello', ({ client }) => {
      resolve(client);
      this.#client = Promise.resolve(client); // after a lost connection the client has another name
    });
  });

  /** Call a function for each event of a name; the returned function removes it. */
  on(name, listener) {
    this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), listener]);
    return () =>
      this.#listeners.set(
        name,
        this.#listeners.get(name).filter((other) => other !== listener)
      );
  }

  open() {
    const source = new EventSource(address('preview/events'));
    for (const name of ['hello', 'log', 'reload', 'settings', 'stream', 'down', 'up']) {
      source.addEventListener(name, ({ data }) => this.#listeners.get(name)?.forEach((listener) => listener(JSON.parse(data))));
    }
    source.addEventListener('open', () => this.#listeners.get('open')?.forEach((listener) => listener()));
    source.addEventListener('error', () => this.#listeners.get('lost')?.forEach((listener) => listener()));
  }

  /** Subscribe to a stream of the plugin; `take` gets each packet. The returned function ends the subscription. */
  subscribe(channel, data, take) {
    let stop = () => {};
    let isOver = false;
    const early = []; // packets may arrive before the answer with the id of their stream
    let receive = (packet) => early.push(packet);
    const unlisten = this.on('stream', (packet) => receive(packet));
    (async () => {
      const { id } = await ask('POST', 'preview/streams', { client: await this.#client, channel, data });
      stop = () => ask('DELETE', `preview/streams/${id}`).catch(() => {});
      receive = (packet) => packet.id === id && take(packet);
      early.forEach(receive);
      if (isOver) {
        stop();
      }
    })().catch((error) => take({ error }));
    return () => {
      isOver = true;
      unlisten();
      stop();
    };
  }
}

export const events = new Events();
