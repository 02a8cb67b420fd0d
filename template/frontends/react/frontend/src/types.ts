// What the editors save and send; src/plugin/datasource.py has the same in `Options` and `Model`.
import { type DataSourceJsonData } from '@grafana/data';
import { type DataQuery } from '@grafana/schema';

export interface Options extends DataSourceJsonData {
  seed?: number;
}

export type Secrets = Record<string, string>;

export const signals = ['sine', 'sawtooth', 'square', 'noise'] as const;

export interface Model {
  signal: (typeof signals)[number];
  period: number;
  amplitude: number;
  series: number;
}

export interface Query extends DataQuery, Partial<Model> {}

/** Python fills in the same: alert rules never pass through the browser. */
export const defaults: Model = { signal: 'sine', period: 600, amplitude: 1, series: 1 };
