// Conversations as trees of messages: an edited question or a regenerated answer is a sibling of the first one. Pure functions, no storage.

export interface Settings {
  system: string;
  temperature: number | null;
  topP: number | null;
  topK: number | null;
  repeatPenalty: number | null;
  maxTokens: number | null;
  // null: as the model does by itself.
  thinking: boolean | null;
}

export interface Conversation {
  id: string;
  // The id in the browser where the conversation began, if it was imported.
  origin?: string;
  title: string;
  created: number;
  updated: number;
  model: string | null;
  settings: Settings;
  // The last message of the branch that is shown.
  leaf: string | null;
}

// Figures of an answer, from the timings and the usage of the stream.
export interface Figures {
  promptTokens: number | null;
  cachedTokens: number | null;
  outputTokens: number | null;
  firstTokenMs: number | null;
  decodePerSecond: number | null;
  prefillPerSecond: number | null;
  queueMs: number | null;
  loadMs: number | null;
}

export type MessageState = 'running' | 'done' | 'stopped' | 'failed';

export interface Message {
  id: string;
  conversation: string;
  parent: string | null;
  role: 'user' | 'assistant';
  content: string;
  created: number;
  // Pictures of a question, as data URLs.
  images?: string[];
  // The other fields are those of answers.
  state?: MessageState;
  // When the tab that receives the answer last wrote it, and which tab that is.
  touched?: number;
  tab?: string;
  model?: string;
  reasoning?: string;
  reasoningMs?: number;
  finish?: string;
  error?: string;
  figures?: Figures;
  // The request on the node whose figures are not part of the figures yet: its stream ended early.
  request?: string;
  ignored?: string[];
}

export const noSettings: Settings = {
  system: '', temperature: null, topP: null, topK: null, repeatPenalty: null, maxTokens: null, thinking: null,
};

const byTime = (a: Message, b: Message) => a.created - b.created || (a.id < b.id ? -1 : 1);

// The messages from the first one to the leaf.
export function pathTo(messages: Message[], leaf: string | null): Message[] {
  const byId = new Map(messages.map(message => [message.id, message]));
  const path: Message[] = [];
  for (let message = leaf === null ? undefined : byId.get(leaf); message && path.length <= messages.length; message = message.parent === null ? undefined : byId.get(message.parent))
    path.push(message);
  return path.reverse();
}

// The message and the alternatives to it, oldest first.
export function siblings(messages: Message[], message: Message): Message[] {
  return messages.filter(other => other.parent === message.parent && other.role === message.role).sort(byTime);
}

// The newest leaf below a message.
export function leafBelow(messages: Message[], id: string): string {
  let leaf = id;
  for (let steps = 0; steps <= messages.length; steps++) {
    const children = messages.filter(message => message.parent === leaf).sort(byTime);
    if (children.length === 0) break;
    leaf = children.at(-1)!.id;
  }
  return leaf;
}

// The title of a conversation that the user has not named: the beginning of the first question.
export function titleOf(question: string): string {
  const line = question.trim().split('\n')[0]!.trim();
  return line.length <= 60 ? line : line.slice(0, 57).trimEnd() + '…';
}

type Part = { type: 'text'; text: string } | { type: 'image_url'; image_url: { url: string } };
export interface RequestMessage {
  role: 'system' | 'user' | 'assistant';
  content: string | Part[];
  reasoning_content?: string;
}

// The messages of a request. Failed answers without text are left out.
export function requestMessages(path: Message[], system: string): RequestMessage[] {
  const messages: RequestMessage[] = system.trim() === '' ? [] : [{ role: 'system', content: system }];
  for (const message of path) {
    if (message.role === 'user') messages.push({ role: 'user', content: withImages(message) });
    else if (message.content !== '') messages.push({ role: 'assistant', content: message.content });
    else if (message.reasoning) messages.push({ role: 'assistant', content: '', reasoning_content: message.reasoning });
  }
  return messages;
}

function withImages({ content, images }: Message): string | Part[] {
  if (!images?.length) return content;
  return [...images.map(url => ({ type: 'image_url' as const, image_url: { url } })), { type: 'text', text: content }];
}

// The request fields of the settings. Fields that are not set are absent: the values of the model apply.
export function settingFields(settings: Settings): Record<string, unknown> {
  const fields: Record<string, unknown> = {
    temperature: settings.temperature,
    top_p: settings.topP,
    top_k: settings.topK,
    repeat_penalty: settings.repeatPenalty,
    max_tokens: settings.maxTokens,
    enable_thinking: settings.thinking,
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}
