// The contract between `python -m gfruntime.author.schema`, these files, a plugin's build and its hooks.js. Types only.
import type { DataFrame, DataFrameDTO, DataQueryRequest, DataSourceJsonData, DataSourceSettings, FieldDTO, QueryEditorHelpProps } from '@grafana/data';
import type { DataQuery } from '@grafana/schema';
import type { ComponentType } from 'react';
import type { Observable } from 'rxjs';
import type { DataSource } from './datasource';

export type Kind =
  | 'string' | 'text' | 'code' | 'number' | 'boolean' | 'select' | 'multi' | 'tags' | 'secret' | 'secretText' | 'list' | 'headers' | 'hidden';

export interface Choice {
  value: string | number;
  label: string;
  description?: string;
  group?: string;
}

export interface UiField {
  /** A name with a dot is kept inside an object: `filter.column`. */
  name: string;
  kind: Kind;
  label: string;
  help?: string;
  placeholder?: string;
  section?: string;
  /** Must hold something before a query is sent, or the settings saved. */
  required?: boolean;
  /** Python accepts None. */
  nullable?: boolean;
  default?: unknown;
  /** number and tags of numbers: whole numbers only. */
  integer?: boolean;
  min?: number;
  max?: number;
  /** texts and tags: a regular expression that the whole of each matches, if it is not empty. */
  pattern?: string;
  /** select and multi. */
  options?: Choice[];
  /** select: radio buttons instead of a list. */
  radio?: boolean;
  /** tags: numbers instead of texts. */
  numeric?: boolean;
  /** select, multi and code: the resource of the plugin that lists the choices; {name} stands for another field's value. */
  from?: string;
  /** list: the fields of one row. */
  fields?: UiField[];
  /** Shown only while each of these fields has one of these values. */
  showIf?: Record<string, unknown[]>;
  /** Config only: shown only where this is on in Grafana's own configuration. */
  needs?: string;
  language?: string;
  /** code: variables are sent as `$__text(…)`, whose arguments Python writes as texts of the database. */
  variables?: 'values';
  rows?: number;
  /** Shown only in these apps of Grafana, and where Grafana does not name one. */
  apps?: string[];
  /** A new query begins with the value that the user chose last. */
  remember?: boolean;
  /** Config only: where the value is kept; `root` is the data source itself, as its name is. */
  store?: 'jsonData' | 'secureJsonData' | 'url' | 'root';
}

export interface Form {
  fields: UiField[];
  /** Python brings what older versions saved to these fields: a saved query may hold others, or mean something else. */
  migrates?: boolean;
}

export interface Schema {
  version: 1;
  pluginId: string;
  /** Of what the author's dataclasses say; the backend can tell whether its editors were made from the same ones. */
  hash: string;
  config: Form;
  query: Form;
  /** Forms of the queries that Python answers with a method of their own. */
  own?: { variable?: Form; annotation?: Form };
  /** Queries to begin with; a model has a value for each field. */
  examples?: Example[];
  capabilities: { annotations?: boolean; variables?: boolean; tagKeys?: boolean; tagValues?: boolean };
}

export interface Example {
  name: string;
  description?: string;
  model: Values;
}

/** What a plugin's build inserts. */
export interface Project {
  /** The packages that Grafana shares, by name: those that these files require, and those that hooks.js requires. */
  packages: Record<string, any>;
  schema: Schema;
  /** By language: texts and their translations. */
  locales: Record<string, Record<string, string>>;
  /** The text of frontend/hooks.js as a function. */
  runHooks(module: { exports: any }, exports: any, require: (name: string) => any): void;
}

export interface Query extends DataQuery {
  /** The ad hoc filters of the dashboard, which Python reads as `query.filters`. */
  adhocFilters?: Filter[];
  [field: string]: unknown;
}

export interface Options extends DataSourceJsonData {
  [field: string]: unknown;
}

export type Values = Record<string, unknown>;

/** What the project's frontend/hooks.js may export; everything is optional. */
export interface Hooks {
  /** Answer one query of a panel in the browser; `undefined` sends it to Python, as alerts always are. */
  query?(query: Query, context: HookContext): Promise<Frames> | Observable<Frames> | undefined;
  /** Change a query after its template variables were filled in. */
  applyTemplateVariables?(query: Query, original: Query): Query;
  QueryEditorHelp?: ComponentType<QueryEditorHelpProps<Query>>;
  /** Variables of Grafana's schema v2 for every dashboard with this data source. Grafana 13 and newer. */
  getDefaultVariables?(datasource: DataSource): object[] | Promise<object[]>;
  /** Links for every dashboard with this data source. Grafana 13 and newer. */
  getDefaultLinks?(datasource: DataSource): object[] | Promise<object[]>;
  /** Controls of your own in the query editor, by the name of the field. */
  fields?: Controls;
  /** The same on the config page. */
  configFields?: Controls;
  /** The same in the form of variables, where `query_variable` gives them one. */
  variableFields?: Controls;
  /** The same in the form of annotations, where `query_annotation` gives them one. */
  annotationFields?: Controls;
}

export interface Filter {
  key: string;
  operator: string;
  value: string;
  values?: string[];
}

/** By the name of a field, a component that is shown beside its label. */
export type Controls = Record<string, ComponentType<ControlProps>>;

/** What a control is given, whether it is gfplug's or one of hooks.js. */
export type ControlProps = {
  /** What the dataclass says of the field; `options` are its choices, those of a resource too. */
  field: UiField;
  /** The id that the label points at: give it to the element that takes the input. */
  id: string;
  /** In the user's language. */
  label: string;
  /** What is stored, or else the default. */
  value: any;
  /** Store an edit. */
  onChange(value: unknown): void;
  /** Say that an edit is finished: the query runs, a wrong option is named. */
  onCommit(): void;
  /** In units of 8 pixels. */
  width: number;
  disabled?: boolean;
  /** The value is not acceptable; the form says why. */
  invalid?: boolean;
  /** The choices are on their way. */
  loading?: boolean;
  /** A secret alone: whether one is stored, and how to forget it. */
  secret?: { isConfigured: boolean; onReset(): void };
  /** The whole query, in the forms of queries. */
  query?: Values;
  /** The whole data source as it is being edited, on the config page. */
  options?: DataSourceSettings<Options, Record<string, string>>;
  /** In the forms of queries. */
  datasource?: DataSource;
};

/** A field's type may be a plain text: 'time', 'number', 'string', 'boolean' or 'other'. */
export type Frames = Array<DataFrame | (Omit<DataFrameDTO, 'fields'> & { fields: Array<Omit<FieldDTO, 'type'> & { type?: string }> })>;

export interface HookContext {
  request: DataQueryRequest<Query>;
  datasource: DataSource;
  /** The time range, in milliseconds since 1970. */
  from: number;
  to: number;
  /** Ask the API through Grafana's data source proxy: `path` begins with a route of plugin.json, which adds secrets. */
  fetch(path: string, init?: FetchInit): Promise<any>;
}

export interface FetchInit {
  method?: string;
  params?: Record<string, unknown>;
  data?: unknown;
}
