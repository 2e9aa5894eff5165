// Counts the tokens of a conversation while the user types. The node counts, with the tokenizer and the template of the model, without a run.
import { useEffect, useState } from 'preact/hooks';
import { json } from '../api/http';
import { type Message, type Settings, requestMessages } from './conversation';

const pauseMs = 500;

// Null while it is not known.
export function useTokenCount(draft: string, path: Message[], settings: Settings, model: string | null): number | null {
  const [count, setCount] = useState<number | null>(null);
  const last = path.at(-1);
  const isRunning = last?.state === 'running';
  useEffect(() => {
    const messages = requestMessages(path, settings.system);
    if (draft.trim()) messages.push({ role: 'user', content: draft });
    if (model === null || isRunning) return;
    if (messages.length === 0) return setCount(null);
    const abort = new AbortController();
    const timer = setTimeout(() => void ask(model, messages, abort.signal).then(setCount, () => {}), pauseMs);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [draft, last?.id, last?.state, settings.system, model]);
  return count;
}

async function ask(model: string, messages: ReturnType<typeof requestMessages>, signal: AbortSignal): Promise<number> {
  // Pictures do not count: this endpoint takes text only.
  const input = messages.map(({ role, content }) => ({ role, content: typeof content === 'string' ? content : content.map(part => ('text' in part ? part.text : '')).join('') }));
  const { input_tokens } = await json<{ input_tokens: number }>('v1/responses/input_tokens', { body: { model, input }, signal });
  return input_tokens;
}
