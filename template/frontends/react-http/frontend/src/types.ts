// What the editors save and send; src/plugin/datasource.py has the same in `Options` and `Model`.
import { type DataSourceJsonData } from '@grafana/data';
import { type DataQuery } from '@grafana/schema';

export interface Options extends DataSourceJsonData {
  timeout?: number;
}

export type Secrets = { token?: string };

export interface Model {
  path: string;
  time: string;
  value: string;
}

export interface Query extends DataQuery, Partial<Model> {}

/** Python fills in the same: alert rules never pass through the browser. */
export const defaults: Model = { path: '/sales', time: 'time', value: 'value' };
