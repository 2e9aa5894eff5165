// All requests to the node go through send(): it adds the API key, asks for one after a 401, and turns every failure into an ApiError.
import { apiKey, requestKey } from '../state/key';

export class ApiError extends Error {
  // status 0: the node did not answer.
  constructor(message: string, readonly status: number, readonly retryAfterSeconds: number | null = null) {
    super(message);
  }

  get isOffline(): boolean {
    return this.status === 0 || this.status === 502;
  }
}

export interface SendOptions {
  method?: string;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

// The page is at /ui/, perhaps behind a proxy with a prefix: the APIs are one folder above.
export const address = (path: string): string => new URL('../' + path, document.baseURI).href;

export async function send(path: string, options: SendOptions = {}): Promise<Response> {
  for (;;) {
    const key = apiKey.value;
    const response = await attempt(path, options, key);
    if (response.status === 401) await requestKey(key);
    else if (response.ok) return response;
    else throw await failure(response);
  }
}

export async function json<T>(path: string, options: SendOptions = {}): Promise<T> {
  const response = await send(path, options);
  return (await response.json()) as T;
}

async function attempt(path: string, { method, body, headers, signal }: SendOptions, key: string | null): Promise<Response> {
  try {
    return await fetch(address(path), {
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      headers: {
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...(key ? { Authorization: `Bearer ${key}` } : {}),
        ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal,
      cache: 'no-store',
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(String(error), 0);
  }
}

async function failure(response: Response): Promise<ApiError> {
  const text = await response.text().catch(() => '');
  const seconds = Number(response.headers.get('Retry-After'));
  return new ApiError(messageOf(text) ?? `HTTP ${response.status}`, response.status, seconds > 0 ? seconds : null);
}

// The message of an error body of any of the APIs.
export function messageOf(text: string): string | null {
  try {
    const { error, message } = JSON.parse(text);
    return error?.message ?? (typeof error === 'string' ? error : null) ?? message ?? null;
  } catch {
    return text.length > 0 && text.length < 500 && !text.startsWith('<') ? text : null;
  }
}
