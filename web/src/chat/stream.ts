// One answer of /v1/chat/completions as callbacks. Aborting the signal ends the run on the NPU.
import { EventParser, readText } from '../api/events';
import { ApiError, messageOf, send } from '../api/http';
import type { Figures, RequestMessage } from './conversation';

export interface AnswerHandlers {
  onStart(ignored: string[]): void;
  onQueue(position: number, waitSeconds: number | null): void;
  onReasoning(text: string): void;
  onContent(text: string): void;
  onFinish(reason: string): void;
  onFigures(figures: Partial<Figures>): void;
}

export interface AnswerRequest {
  id: string;
  model: string;
  messages: RequestMessage[];
  fields: Record<string, unknown>;
  signal: AbortSignal;
}

interface Chunk {
  error?: { message?: string; code?: string | number | null; type?: string };
  choices?: { delta?: { content?: string | null; reasoning_content?: string | null }; finish_reason?: string | null }[];
  usage?: { prompt_tokens: number; completion_tokens: number; prompt_tokens_details?: { cached_tokens?: number } } | null;
  timings?: Record<string, number>;
}

// The stream ended before the answer did: the node stopped, or the connection broke.
export class AnswerCut extends Error {}

// Somebody has cancelled the request on the node.
export class Cancelled extends Error {}

export async function streamAnswer(request: AnswerRequest, handlers: AnswerHandlers): Promise<void> {
  const response = await send('v1/chat/completions', {
    body: { model: request.model, messages: request.messages, stream: true, stream_options: { include_usage: true }, ...request.fields },
    headers: { 'X-Request-Id': request.id },
    signal: request.signal,
  });
  handlers.onStart(ignoredFields(response.headers.get('X-RkLlama-Ignored')));
  let finished = false;
  let failure: Error | null = null;
  const parser = new EventParser(
    ({ data }) => {
      if (data === '[DONE]') return void (finished = true);
      const chunk = JSON.parse(data) as Chunk;
      if (chunk.error) failure = [chunk.error.code, chunk.error.type].includes('cancelled') ? new Cancelled() : new ApiError(messageOf(data) ?? data, 500);
      else takeChunk(chunk, handlers);
    },
    comment => takeComment(comment, handlers),
  );
  await read(response, parser, request.signal, () => failure !== null);
  if (failure !== null) throw failure;
  if (!finished) throw new AnswerCut();
}

// After an error event the node cuts the connection: then the error of the connection is not the reason.
async function read(response: Response, parser: EventParser, signal: AbortSignal, hasFailed: () => boolean): Promise<void> {
  try {
    await readText(response.body!, text => parser.push(text));
  } catch (error) {
    if (signal.aborted) throw error;
    if (!hasFailed()) throw new AnswerCut();
  }
}

function takeChunk({ choices, usage, timings }: Chunk, handlers: AnswerHandlers): void {
  const choice = choices?.[0];
  if (choice?.delta?.reasoning_content) handlers.onReasoning(choice.delta.reasoning_content);
  if (choice?.delta?.content) handlers.onContent(choice.delta.content);
  if (choice?.finish_reason) handlers.onFinish(choice.finish_reason);
  if (timings)
    handlers.onFigures({
      cachedTokens: timings.cache_n ?? null,
      decodePerSecond: timings.predicted_per_second ?? null,
      prefillPerSecond: timings.prompt_per_second ?? null,
      queueMs: timings.queue_ms ?? null,
      loadMs: timings.load_ms ?? null,
    });
  if (usage) handlers.onFigures({ promptTokens: usage.prompt_tokens, outputTokens: usage.completion_tokens });
}

// Heartbeats before the first token: "queue position=3 wait_seconds=40".
function takeComment(comment: string, handlers: AnswerHandlers): void {
  const place = comment.match(/^queue position=(\d+)(?: wait_seconds=(\d+))?/);
  if (place) handlers.onQueue(Number(place[1]), place[2] === undefined ? null : Number(place[2]));
}

const ignoredFields = (header: string | null) => (header ? header.split(',').map(name => name.trim()) : []);
