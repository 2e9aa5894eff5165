// Figures of an answer. Pure functions.
import type { FinishedRequest } from '../api/node';
import type { Figures } from './conversation';

export const noFigures: Figures = {
  promptTokens: null, cachedTokens: null, outputTokens: null, firstTokenMs: null, decodePerSecond: null, prefillPerSecond: null, queueMs: null, loadMs: null,
};

// An answer in two parts: tokens are added, the speed is that of all tokens, and the prompt and the first token are those of the first part.
export function together(first: Figures | undefined, second: Figures): Figures {
  if (first === undefined) return second;
  const earlier = Object.fromEntries(Object.entries(first).filter(([, value]) => value !== null));
  const tokens = (first.outputTokens ?? 0) + (second.outputTokens ?? 0);
  const known = first.outputTokens !== null || second.outputTokens !== null;
  return { ...second, ...earlier, outputTokens: known ? tokens : null, decodePerSecond: speedOf(first, second) };
}

function speedOf(first: Figures, second: Figures): number | null {
  if (!first.decodePerSecond || !second.decodePerSecond) return first.decodePerSecond ?? second.decodePerSecond;
  const [a, b] = [first.outputTokens ?? 0, second.outputTokens ?? 0];
  const seconds = a / first.decodePerSecond + b / second.decodePerSecond;
  return seconds > 0 ? (a + b) / seconds : second.decodePerSecond;
}

// The node reports no speed for a request that was cancelled, but its times.
function measured({ output_tokens: tokens, total_ms: total, time_to_first_token_ms: first }: FinishedRequest): number | null {
  return tokens !== null && tokens > 1 && total !== null && first !== null && total > first ? (1000 * (tokens - 1)) / (total - first) : null;
}

export function figuresOf(request: FinishedRequest): Figures {
  return {
    promptTokens: request.prompt_tokens, cachedTokens: request.cached_tokens, outputTokens: request.output_tokens, firstTokenMs: request.time_to_first_token_ms,
    decodePerSecond: request.decode_tokens_per_second ?? measured(request), prefillPerSecond: request.prefill_tokens_per_second, queueMs: request.queue_ms, loadMs: request.load_ms,
  };
}
