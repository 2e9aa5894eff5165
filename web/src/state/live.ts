// What the node does, as signals. One stream per tab (/node/events), closed while the tab is hidden; if the node has too many readers, the page polls.
import { computed, effect, signal } from '@preact/signals';
import { EventParser, readText } from '../api/events';
import { ApiError, send } from '../api/http';
import { type ActiveRequest, type Download, type FinishedRequest, type LogLine, type NodeStatus, type Queue, type Sample, type Snapshot, readStatus } from '../api/node';
import { KeyMissing, apiKey } from './key';

export type Connection = 'connecting' | 'live' | 'polling' | 'offline' | 'locked';

export const connection = signal<Connection>('connecting');
export const status = signal<NodeStatus | null>(null);
export const queue = signal<Queue>({ running: 0, waiting: 0, capacity: 0 });
export const activeRequests = signal<ActiveRequest[]>([]);
export const downloads = signal<Download[]>([]);
export const samples = signal<Sample[]>([]);
export const requests = signal<FinishedRequest[]>([]);
export const log = signal<LogLine[]>([]);

export const isOffline = computed(() => connection.value === 'offline');

const keptMs = { samples: 15 * 60_000, requests: 60 * 60_000 };
const keptRequests = 256;
const keptLines = 500;
const silenceLimitMs = 15_000;
const pollingMs = 2000;

// The clocks of node and browser may differ: times of the node are compared with each other only.
const since = (newest: string, ms: number) => new Date(Date.parse(newest) - ms).toISOString();

function takeStatus(next: NodeStatus): void {
  status.value = next;
  queue.value = next.queue;
  activeRequests.value = next.requests;
  downloads.value = next.downloads;
}

const handlers: Record<string, (data: never) => void> = {
  snapshot: (data: Snapshot) => {
    takeStatus(data.status);
    samples.value = data.samples;
    requests.value = data.requests;
    log.value = data.log;
  },
  status: takeStatus,
  sample: (data: Sample) => (samples.value = [...samples.value, data].filter(({ time }) => time > since(data.time, keptMs.samples))),
  request: (data: FinishedRequest) =>
    (requests.value = [data, ...requests.value.filter(({ ended }) => ended > since(data.ended, keptMs.requests))].slice(0, keptRequests)),
  queue: ({ requests: active, ...counts }: Queue & { requests: ActiveRequest[] }) => {
    queue.value = counts;
    activeRequests.value = active;
  },
  pull: (data: { downloads: Download[] }) => (downloads.value = data.downloads),
  log: (data: { lines: LogLine[] }) => (log.value = [...log.value, ...data.lines].slice(-keptLines)),
};

// Reads the stream until it ends. A stream without a byte for 15 s counts as broken: the node sends a comment every 10 s.
async function follow(signal: AbortSignal): Promise<void> {
  const abort = new AbortController();
  const stop = () => abort.abort();
  signal.addEventListener('abort', stop);
  let timer = 0;
  const heard = () => {
    clearTimeout(timer);
    timer = window.setTimeout(stop, silenceLimitMs);
  };
  try {
    const response = await send('node/events', { signal: abort.signal });
    connection.value = 'live';
    const parser = new EventParser(({ name, data }) => handlers[name]?.(JSON.parse(data) as never));
    await readText(response.body!, text => {
      heard();
      parser.push(text);
    });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
    abort.abort();
  }
}

// Reads the state for 10 s. False if the node does not answer.
async function poll(signal: AbortSignal): Promise<boolean> {
  connection.value = 'polling';
  try {
    for (let rounds = 0; rounds < 5 && !signal.aborted; rounds++) {
      takeStatus(await readStatus(signal));
      await pause(pollingMs, signal);
    }
    return true;
  } catch {
    return signal.aborted;
  }
}

const pause = (ms: number, signal: AbortSignal) =>
  new Promise<void>(resolve => {
    const timer = window.setTimeout(resolve, ms);
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });

async function watch(signal: AbortSignal): Promise<void> {
  for (let failures = 0; !signal.aborted; ) {
    try {
      await follow(signal);
      failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof KeyMissing) return void (connection.value = 'locked');
      // The page looks for a place in the stream again and again.
      if (error instanceof ApiError && error.status === 503 && (await poll(signal))) continue;
      connection.value = 'offline';
      failures++;
    }
    await pause(Math.min(10_000, 500 * 2 ** failures), signal);
  }
}

// Starts to follow the node; begins anew after a change of the key.
export function startLive(): void {
  let current: AbortController | null = null;
  const restart = () => {
    current?.abort();
    current = document.hidden ? null : new AbortController();
    if (current) void watch(current.signal);
  };
  document.addEventListener('visibilitychange', restart);
  window.addEventListener('online', restart);
  effect(() => {
    void apiKey.value;
    restart();
  });
}
