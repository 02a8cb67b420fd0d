// Remembers a user's last choices for each data source: in this browser, and in Grafana's user storage (Grafana 12 and newer),
// which all browsers of that user share.
import { config } from '@grafana/runtime';
import { isEmpty } from './checks';
import { type Edit } from './edits';

interface Source {
  uid: string;
  userStorage?: { getItem(name: string): Promise<string | null>; setItem(name: string, text: string): Promise<void> };
}

function valueOf(values: any, name: string): unknown {
  return name.split('.').reduce((inner, key) => inner?.[key], values);
}

function put(values: any, name: string, value: unknown): any {
  const [key, ...rest] = name.split('.');
  return { ...values, [key]: rest.length > 0 ? put(values[key], rest.join('.'), value) : value };
}

export class Memory {
  private kept: string | null = null;
  private readonly name: string;
  private readonly place: string;

  /** `names` are the fields. Values of another `version` are ignored, because a field may have had another type. */
  constructor(
    private readonly datasource: Source,
    private readonly version: string,
    private readonly names: string[]
  ) {
    const user = config.bootData?.user;
    this.name = `gfplug.${datasource.uid}`;
    this.place = `${this.name}.${user?.uid || user?.id}`;
    try {
      this.kept = localStorage.getItem(this.place);
    } catch {
      // this browser stores nothing
    }
    const before = this.kept;
    const answer = Promise.resolve(datasource.userStorage?.getItem(this.name));
    answer.then((text) => text && this.kept === before && this.keep(text), () => {});
  }

  /** Replace defaults with the user's last choices. */
  fill<Query>(defaults: Query): Query {
    const values = this.values();
    return this.names.reduce((filled, name) => (isEmpty(values[name]) ? filled : put(filled, name, values[name])), defaults);
  }

  /** Store the fields that an edit changed, except variables, which belong to a dashboard. An empty field gets its default again. */
  write({ before, after }: Edit<object>) {
    const isChosen = (name: string) => {
      const text = JSON.stringify(valueOf(after, name));
      return text !== JSON.stringify(valueOf(before, name)) && !/\$\{?\w|\[\[\w/.test(text);
    };
    const chosen = this.names.filter(isChosen);
    if (chosen.length > 0) {
      const values = chosen.reduce((all, name) => ({ ...all, [name]: valueOf(after, name) }), this.values());
      const text = JSON.stringify({ hash: this.version, values });
      this.keep(text);
      Promise.resolve(this.datasource.userStorage?.setItem(this.name, text)).catch(() => {});
    }
  }

  private values(): Record<string, unknown> {
    try {
      const { hash, values } = JSON.parse(this.kept ?? '{}');
      return hash === this.version ? values : {};
    } catch {
      return {};
    }
  }

  private keep(text: string) {
    this.kept = text;
    try {
      localStorage.setItem(this.place, text);
    } catch {
      // the values stay until the page is closed
    }
  }
}
