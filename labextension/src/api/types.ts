/** The names of the wire, generated from the OpenAPI document by `make types`. Do not edit. */

/** `revision` is the number of the move that put it there. */
export interface Alias {
  model: string;
  alias: string;
  number: number;
  revision: number;
  moved_at: string;
  moved_by: string;
}

/** One line of the ledger. `origin` is outside where MLflow was changed by someone else. */
export interface AliasMove {
  seq: number;
  model: string;
  alias: string;
  before: number | null;
  after: number | null;
  at: string;
  by: string;
  why: string;
  origin: string;
}

export interface AliasTarget {
  version: number;
  why?: string;
}

/** The version that an alias named at a moment, null if none. */
export interface AliasThen {
  model: string;
  alias: string;
  number: number | null;
  at: string;
}

export interface Aliases {
  items: Array<Alias>;
}

/** A whole program. `title` tells it from others in its language; the token comes from the environment. */
export interface CallSnippet {
  language: 'curl' | 'julia' | 'python' | 'r';
  title: string;
  code: string;
}

export interface CallSnippets {
  items: Array<CallSnippet>;
}

/** A canary that answers. `answered` and `failed` count the requests it got; those failed got 502 or 504. */
export interface CanaryState {
  number: number;
  percent: number;
  answered: number;
  failed: number;
}

/** What a live kernel holds that can be registered. `busy`: it was running a cell when it was asked. */
export interface Candidates {
  language: string;
  models: Array<ModelFound>;
  data: Array<DataFound>;
  metrics: Record<string, number>;
  likely?: Likely | null;
  busy?: boolean;
}

/** One thing that differs; null where it was not there before, or is not any more. */
export interface Change {
  name: string;
  before: string | null;
  after: string | null;
}

export interface Commit {
  commit: string;
  branch: string | null;
  dirty: boolean;
}

/** The only answer that holds the secret. */
export interface CreatedToken {
  token: Token;
  secret: string;
}

/**
 * Rows that a model could have been fitted on. `types`: one per column, as a signature would name it; "" for
 * what cannot be captured.
 */
export interface DataFound {
  name: string;
  class: string;
  rows: number;
  columns: Array<string>;
  types: Array<string>;
}

/**
 * It follows `alias`, or serves `version` for good. `follows` is the version that should answer, `live` the one
 * that does. `canary` (a version or an alias of the same model) gets `percent` of the requests, `shadow` copies
 * of all of them; `canary_state` and `shadow_state` tell what they did, while they do it. `spares` are processes
 * that stand by. `state` is starting, ready, swapping, degraded, idle, failed or stopped; `reason` and `remedy`
 * tell it in words. `url` is where predictions are asked for, null while nothing serves.
 */
export interface Deployment {
  name: string;
  model: string;
  alias: string | null;
  version: number | null;
  follows: number | null;
  live: number | null;
  replicas: number;
  spares: number;
  canary: number | string | null;
  percent: number;
  shadow: number | string | null;
  limits: ServingLimits;
  wanted: string;
  state: string;
  reason: string;
  remedy: string;
  note: string;
  revision: number;
  created_at: string;
  created_by: string;
  memory_bytes: number;
  canary_state: CanaryState | null;
  shadow_state: ShadowState | null;
  url?: string | null;
}

/** What is not sent stays. `wanted` starts or stops it; `canary` or `shadow` null ends it. */
export interface DeploymentChange {
  alias?: string | null;
  version?: number | null;
  replicas?: number | null;
  spares?: number | null;
  canary?: number | string | null;
  percent?: number | null;
  shadow?: number | string | null;
  limits?: Record<string, number | boolean> | null;
  note?: string | null;
  wanted?: 'serving' | 'stopped' | null;
}

/** One row that the deployment's version can be asked with, and what it knows of each column. */
export interface DeploymentExample {
  columns: Array<string>;
  rows: Array<Array<boolean | number | string | null>>;
  fields: Array<Field>;
  version: number;
}

export interface DeploymentHistory {
  items: Array<DeploymentMove>;
}

export interface DeploymentList {
  items: Array<Deployment>;
}

/** One line of a deployment's history. */
export interface DeploymentMove {
  seq: number;
  deployment: string;
  action: string;
  before: Record<string, string | number | null>;
  after: Record<string, string | number | null>;
  at: string;
  by: string;
  why: string;
}

/**
 * From version `before` to version `after`; what is alike is left out. `code`: lines of a unified diff of the
 * notebooks' cells.
 */
export interface Diff {
  model: string;
  before: number;
  after: number;
  about: Array<Change>;
  metrics: Array<MetricChange>;
  params: Array<Change>;
  environment: Array<Change>;
  packages: Array<Change>;
  data: Array<Change>;
  signature: Array<Change>;
  code: Array<string>;
}

export interface FaultFound {
  field: string;
  problem: string;
}

/** One column: `type` is MLflow's, `native` the language's own, `levels` those of a category. */
export interface Field {
  name: string;
  type: string;
  native?: string | null;
  levels?: Array<string> | null;
  missing?: boolean;
}

export interface Interpreter {
  version: string;
  executable: string;
  platform: string;
}

/** `version` is "" where it is missing; `missing` and `remedy` say in words what is and what to do. */
export interface Language {
  language: string;
  title: string;
  version: string;
  executable: string;
  kernels: Array<string>;
  missing: string;
  remedy: string;
}

export interface Languages {
  items: Array<Language>;
}

/** What the person will most likely choose. */
export interface Likely {
  model: string;
  data?: string | null;
  target?: string | null;
}

export interface Live {
  pid: number;
}

/** What the hosts of a deployment printed, oldest line first. */
export interface Log {
  lines: Array<string>;
}

/** `scopes`: everything that the caller may do, spelled out. */
export interface Me {
  name: string;
  scopes: Array<string>;
}

export interface MetricChange {
  name: string;
  before: number | null;
  after: number | null;
}

/**
 * `owner` registered the latest version, `trained_at` is when that was captured. `health`, in words beside it,
 * is that of its deployments: quiet where none is served. `latest` is null in a brief list, however many there
 * are.
 */
export interface Model {
  name: string;
  title: string;
  description: string;
  created_at: string;
  created_by: string;
  archived_at: string | null;
  revision: number;
  version_count: number;
  aliases: Record<string, number>;
  language: string | null;
  owner: string;
  trained_at: string | null;
  latest_number: number | null;
  latest_state: string | null;
  health: 'bad' | 'busy' | 'good' | 'quiet';
  health_words: string;
  latest: Version | null;
}

export interface ModelChange {
  title?: string | null;
  description?: string | null;
}

/**
 * A fitted model among the names of a notebook. `size_bytes` is rough; `features` are those it tells, if any.
 * `defined` says in words where it was made, as far as the kernel knows: "cell 3", or the call that fitted it.
 */
export interface ModelFound {
  name: string;
  class: string;
  size_bytes?: number | null;
  features?: Array<string> | null;
  module?: string | null;
  defined?: string | null;
}

/**
 * Register `variable` of the notebook as the next version of `model`. `data`, `target` and `predict` are names
 * in the notebook; `target` may be a column of the data. `capture` names this capture in the events that tell
 * how far it is.
 */
export interface NewCapture {
  model: string;
  variable: string;
  data: string;
  target?: string | null;
  predict?: string | null;
  metrics?: Record<string, number>;
  params?: Record<string, string | number | boolean | null>;
  needs?: Array<string>;
  title?: string;
  description?: string;
  note?: string;
  capture?: string | null;
}

/** Serve what `alias` names and follow it, or one `version` for good. Without either: the alias champion. */
export interface NewDeployment {
  name: string;
  model: string;
  alias?: string | null;
  version?: number | null;
  replicas?: number;
  spares?: number;
  canary?: number | string | null;
  percent?: number;
  shadow?: number | string | null;
  limits?: Record<string, number | boolean> | null;
  note?: string;
}

export interface NewModel {
  name: string;
  title?: string;
  description?: string;
}

/**
 * Rows to predict for, each with a value for every column. `version`: which of the two that share the requests;
 * without it the deployment chooses, as for everybody.
 */
export interface NewPrediction {
  columns: Array<string>;
  rows: Array<Array<boolean | number | string | null>>;
  version?: 'canary' | 'stable' | null;
}

/** What would be registered, as in NewCapture. */
export interface NewPreview {
  variable: string;
  data: string;
  target?: string | null;
  predict?: string | null;
}

/** `lifetime_s` null: until revoked. */
export interface NewToken {
  name: string;
  scopes?: Array<string>;
  deployments?: Array<string>;
  lifetime_s?: number | null;
}

/** What to register: only an upload that we opened, never an address. */
export interface NewVersion {
  upload: string;
  title?: string;
  description?: string;
  note?: string;
}

/** `needed`: to load the model or to predict; `attached`: in R's search path. */
export interface Package {
  name: string;
  version: string;
  needed: boolean;
  attached: boolean;
}

/** Some of a long list. `cursor` asks for the next ones; null at the end. */
export interface PageOfAliasMove {
  items: Array<AliasMove>;
  cursor?: string | null;
}

/** Some of a long list. `cursor` asks for the next ones; null at the end. */
export interface PageOfModel {
  items: Array<Model>;
  cursor?: string | null;
}

/** Some of a long list. `cursor` asks for the next ones; null at the end. */
export interface PageOfVersion {
  items: Array<Version>;
  cursor?: string | null;
}

/** The signature that a version would have, as far as the data tell; `notes` say what they do not. */
export interface Preview {
  inputs: Array<Field>;
  outputs: Array<Field>;
  notes: Array<string>;
}

/** What went wrong. `code` is a stable word for programs, `remedy` says what to do. */
export interface Problem {
  status: number;
  code: string;
  message: string;
  detail: string;
  type?: string;
  title?: string;
  remedy?: string;
  faults?: Array<FaultFound>;
  scope?: string;
  class?: string;
  language?: string;
  retry_after_s?: number | null;
  incident?: string;
}

/** A fresh host gave the live answers again; `max_difference` is the largest between any two numbers. */
export interface Proof {
  rows: number;
  max_difference: number;
  elapsed_s: number;
  batch_safe: boolean;
}

/** `gateway_url`: where predictions are asked for, null if nothing serves. */
export interface Ready {
  pid: number;
  gateway_url: string | null;
}

/**
 * One living process. `warm`: it is loaded, and gets no requests yet or any more. role: live, canary, shadow or
 * warm. memory_bytes: its share of what it and all it started use; 0 if not known.
 */
export interface Replica {
  pid: number | null;
  version: number;
  state: string;
  started_at: string;
  answered: number;
  warm: boolean;
  role: string;
  memory_bytes: number;
}

export interface ReplicaList {
  items: Array<Replica>;
}

/**
 * What one deployment may use. A limit that only a later release knows is passed over, here as in all of Routes.
 * request_s: what a model may take for one predict. wait_s: what a request may take in all, so that those who
 * wait behind a model that has to be stopped are answered still. queue: requests that may wait; queue_s: and how
 * long. rows: in one request. idle_s: without a request for this long its processes are ended until the next
 * one; 0: never. network: whether its hosts may reach the network, where the machine can keep them from it.
 */
export interface ServingLimits {
  memory_bytes?: number;
  start_s?: number;
  request_s?: number;
  wait_s?: number;
  file_bytes?: number;
  open_files?: number;
  queue?: number;
  queue_s?: number;
  rows?: number;
  idle_s?: number;
  network?: boolean;
}

/** A shadow and what was seen of it; see `shadows.Shadow`. */
export interface ShadowState {
  number: number;
  asked: number;
  dropped: number;
  answered: number;
  failed: number;
  different: number;
  largest: number;
  seconds: number;
}

export interface Signature {
  inputs: Array<Field>;
  outputs: Array<Field>;
}

export interface Table {
  columns: Array<string>;
  rows: Array<Array<boolean | number | string | null>>;
}

/** A token without its secret. `deployments` are those it may call; "*" is every one. */
export interface Token {
  id: string;
  name: string;
  principal: string;
  scopes: Array<string>;
  deployments: Array<string>;
  created_at: string;
  expires_at: string | null;
  revoked_at: string | null;
}

export interface TokenList {
  items: Array<Token>;
}

/**
 * `at`: when it was looked at last, to be sent as `since` next time; null before the first look. `step_s`: the
 * time from one look to the next while somebody asks.
 */
export interface Traffic {
  at: string | null;
  step_s: number;
  points: Array<TrafficPoint>;
  totals: Array<TrafficTotal>;
}

/**
 * What one version was asked in the `seconds` before `at`. `version` is null for requests that no version
 * answered. `errors`: answers with a status of 400 or more. The milliseconds are null where nobody was answered;
 * they are read off a histogram, so they are near, not exact.
 */
export interface TrafficPoint {
  at: string;
  seconds: number;
  version: number | null;
  use: 'canary' | 'stable';
  requests: number;
  errors: number;
  p50_ms: number | null;
  p99_ms: number | null;
}

/** All that was asked since the gateways were started. */
export interface TrafficTotal {
  version: number | null;
  use: 'canary' | 'stable';
  requests: number;
  errors: number;
}

/** The rows it was registered with; `digest` is over all of them. */
export interface TrainingData {
  digest: string;
  rows: number;
  columns: number;
}

/** The answer, row by row; `elapsed_ms` is how long the gateway took. */
export interface Tried {
  columns: Array<string>;
  rows: Array<Array<boolean | number | string | null>>;
  version: number;
  prediction_id: string;
  elapsed_ms: number;
}

export interface Upload {
  id: string;
}

/** As it was received: compare with what was sent. */
export interface UploadedFile {
  path: string;
  sha256: string;
  size_bytes: number;
}

/**
 * `state` is ready or rejected; `reason` and `remedy` say why it was rejected and what to do. `digest` is that
 * of its signed manifest; `origin` is outside if something else put it into MLflow.
 */
export interface Version {
  model: string;
  number: number;
  id: string;
  state: string;
  reason: string;
  remedy: string;
  warnings: Array<string>;
  language: string;
  class: string;
  loader: string;
  size_bytes: number;
  signature: Signature;
  target: Array<string>;
  metrics: Record<string, number>;
  params: Record<string, string | number | boolean | null>;
  packages: Array<Package>;
  definitions: Array<string>;
  data: TrainingData | null;
  git: Commit | null;
  notebook: string | null;
  kernel: string | null;
  runtime: Interpreter;
  proof: Proof | null;
  note: string;
  digest: string;
  source: string;
  tracking_run: string | null;
  captured_at: string;
  created_at: string;
  created_by: string;
  origin: string;
}

/**
 * The first recorded rows, five at most, and what the live model answered to them. A missing value is null; of
 * numbers, what JSON cannot carry is the text NaN, Infinity or -Infinity.
 */
export interface VersionExample {
  columns: Array<string>;
  rows: Array<Array<boolean | number | string | null>>;
  outputs: Table;
}

/** A notebook as it was. `name`: of its file, without folders; `digest`: SHA-256 of its bytes. */
export interface VersionNotebook {
  name: string;
  content: Record<string, unknown>;
  digest: string;
}

export interface Why {
  why?: string;
}
