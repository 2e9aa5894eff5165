// The endpoints under /node: state of the node, history, downloads, doctor, peers.
import { json } from './http';

export interface NodeStatus {
  node: string;
  version: string;
  time: string;
  uptime_seconds: number;
  ready: { status: string; reason: string | null };
  state: string;
  model: string | null;
  models: ResidentModel[];
  queue: Queue;
  requests: ActiveRequest[];
  npu: NpuReading;
  memory: { total_bytes: number; available_bytes: number; reserved_bytes: number } | null;
  rates: { decode_tokens_per_second: number | null; prefill_tokens_per_second: number | null; time_to_first_token_ms: number | null };
  downloads: Download[];
  faults: { at: string; model: string | null; reason: string }[];
  disk: { free_bytes: number; total_bytes: number } | null;
  library: { version: string | null; driver_version: string | null } | null;
  reference: Reference | null;
  features: { api_key: boolean; read_only: boolean; allow_edit: boolean; log: boolean; peers: number };
}

export interface ResidentModel {
  name: string;
  state: string;
  pinned: boolean;
  memory_bytes: number | null;
  npu_domain: number | null;
  expires_in_seconds: number | null;
  slots?: number;
  load_seconds: number | null;
  context_length: number | null;
  decode_tokens_per_second: number | null;
  prefill_tokens_per_second: number | null;
}

export interface Queue {
  running: number;
  waiting: number;
  capacity: number;
}

export interface ActiveRequest {
  id: string;
  model: string | null;
  api: string;
  client: string | null;
  forwarded_for: string | null;
  phase: 'preparing' | 'queued' | 'loading' | 'prefill' | 'decode';
  position: number | null;
  expected_wait_seconds: number | null;
  elapsed_seconds: number;
  prompt_tokens: number | null;
  output_tokens: number | null;
}

export interface NpuReading {
  platform: string | null;
  driver_version: string | null;
  load_percent: number[] | null;
  clocks: { name: string; hertz: number | null; max_hertz: number | null; governor: string | null }[];
  temperatures: { zone: string; celsius: number }[];
  memory: { total_bytes: number; available_bytes: number } | null;
  missing: { reading: string; reason: string }[];
}

export interface Reference {
  model: string;
  decode_tokens_per_second: number | null;
  measured_tokens_per_second: number | null;
  expected_tokens_per_second: number | null;
  is_slow: boolean;
  // memory_clock, npu_clock, npu_and_memory_clock, unknown; other codes have a reason in English.
  reason_code?: string | null;
  reason: string | null;
  remedy: string | null;
}

export interface Download {
  model: string;
  completed_bytes: number;
  total_bytes: number;
  bytes_per_second: number | null;
  error: string | null;
}

export interface Sample {
  time: string;
  load_percent: number[] | null;
  npu_hertz: number | null;
  ddr_hertz: number | null;
  npu_celsius: number | null;
  max_celsius: number | null;
  available_bytes: number | null;
  decode_tokens_per_second: number | null;
  time_to_first_token_ms: number | null;
  running: number;
  waiting: number;
}

export interface FinishedRequest {
  id: string;
  model: string | null;
  api: string;
  path: string;
  client: string | null;
  forwarded_for: string | null;
  started: string;
  ended: string;
  status: number;
  finish: string | null;
  prompt_tokens: number | null;
  cached_tokens: number | null;
  output_tokens: number | null;
  queue_ms: number | null;
  load_ms: number | null;
  time_to_first_token_ms: number | null;
  prefill_ms: number | null;
  decode_ms: number | null;
  total_ms: number | null;
  decode_tokens_per_second: number | null;
  prefill_tokens_per_second: number | null;
}

export interface LogLine {
  time: string;
  level: string;
  text: string;
}

export interface Snapshot {
  status: NodeStatus;
  samples: Sample[];
  requests: FinishedRequest[];
  log: LogLine[];
}

export interface Finding {
  id: string;
  verdict: 'ok' | 'warning' | 'failure';
  text: string;
  remedy: string | null;
}

export interface Examination {
  findings: Finding[];
  failures: number;
  warnings: number;
  checked: string;
  as_root: boolean;
}

export interface Peer {
  url: string;
  node: string | null;
  reachable: boolean;
  error: string | null;
  answer_ms: number | null;
  version: string | null;
  ready: string | null;
  state: string | null;
  model: string | null;
  load_percent: number[] | null;
  celsius: number | null;
  running: number | null;
  waiting: number | null;
  decode_tokens_per_second: number | null;
  is_slow: boolean | null;
}

export interface ShortName {
  name: string;
  aliases: string[];
  repo: string;
  platform: string | null;
  size_bytes: number | null;
  source: string | null;
  present: boolean;
  recommended: boolean;
}

export interface InstalledModel {
  name: string;
  role: string | null;
  size_bytes: number | null;
  // Why the node cannot load the model; null if it can.
  problem: string | null;
}

export interface ModelfileText {
  model: string;
  text: string;
  editable: boolean;
  warnings: string[];
}

const part = encodeURIComponent;

export const readStatus = (signal?: AbortSignal) => json<NodeStatus>('node/status', { signal });
export const readDoctor = () => json<Examination>('node/doctor');
export const readPeers = () => json<{ peers: Peer[] }>('node/peers').then(answer => answer.peers);
export const readNames = (query: string) => json<{ names: ShortName[] }>(`node/names?q=${part(query)}`).then(answer => answer.names);
export const cancelRequest = (id: string) => json(`node/requests/${part(id)}/cancel`, { method: 'POST' });
export const readBrokenModels = () => json<{ models: InstalledModel[] }>('node/models').then(answer => answer.models.filter(({ problem }) => problem !== null));
export const readModelfile = (model: string) => json<ModelfileText>(`node/models/${part(model)}/modelfile`);
export const saveModelfile = (model: string, text: string) => json<ModelfileText>(`node/models/${part(model)}/modelfile`, { method: 'PUT', body: { text } });
export const startPull = (model: string) => json<{ model: string; present?: boolean }>('node/pulls', { body: { model } });
export const stopPull = (model: string) => json(`node/pulls/${part(model)}`, { method: 'DELETE' });
