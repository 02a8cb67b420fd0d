// The module that Grafana loads: the plugin, with its data source and editors.
import { DataSourcePlugin } from '@grafana/data';
import { ConfigEditor } from './ConfigEditor';
import { DataSource } from './datasource';
import { QueryEditor } from './QueryEditor';
import { type Options, type Query, type Secrets } from './types';

export const plugin = new DataSourcePlugin<DataSource, Query, Options, Secrets>(DataSource)
  .setConfigEditor(ConfigEditor)
  .setQueryEditor(QueryEditor);
