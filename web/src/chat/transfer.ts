// Conversations as files: JSON for another browser, Markdown for people.
import { newId } from '../ui/id';
import { type Conversation, type Message, type Settings, noSettings, pathTo } from './conversation';

export interface Stored {
  conversation: Conversation;
  messages: Message[];
}

const format = 'rkllama-conversations';

export function toJson(all: Stored[]): string {
  return JSON.stringify({ format, version: 1, conversations: all }, null, 1);
}

export class NotAnExport extends Error {}

// Reads an export. All ids are new, so that an import never replaces a conversation; origin tells which one it was.
export function fromJson(text: string): Stored[] {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    throw new NotAnExport();
  }
  const list = (data as { format?: string; conversations?: unknown[] } | null)?.conversations;
  if ((data as { format?: string } | null)?.format !== format || !Array.isArray(list)) throw new NotAnExport();
  return list.map(read);
}

function read(entry: unknown): Stored {
  const { conversation, messages } = (entry ?? {}) as Partial<Stored>;
  if (typeof conversation?.title !== 'string' || !Array.isArray(messages) || !messages.every(message => typeof message === 'object' && message !== null)) throw new NotAnExport();
  const ids = new Map(messages.map(message => [String(message.id), newId()]));
  const id = newId();
  return {
    conversation: {
      id,
      origin: text(conversation.origin) ?? text(conversation.id),
      title: conversation.title,
      created: time(conversation.created),
      updated: time(conversation.updated),
      model: typeof conversation.model === 'string' ? conversation.model : null,
      settings: readSettings(conversation.settings),
      leaf: ids.get(String(conversation.leaf)) ?? null,
    },
    messages: messages.map(message => readMessage(message, id, ids)),
  };
}

// Fields whose type is another one have their default.
function readSettings(settings: unknown): Settings {
  const given = (settings ?? {}) as Record<string, unknown>;
  const known = Object.entries(noSettings).map(([name, standard]) => {
    const wanted = name === 'system' ? 'string' : name === 'thinking' ? 'boolean' : 'number';
    return [name, typeof given[name] === wanted ? given[name] : standard];
  });
  return Object.fromEntries(known) as unknown as Settings;
}

// Without the conversations that this browser has already, as they are in the export or with later messages.
export function newOnes(all: Stored[], known: Conversation[]): Stored[] {
  return all.filter(({ conversation: { origin, updated } }) => !known.some(other => origin !== undefined && (other.origin ?? other.id) === origin && other.updated >= updated));
}

// A time outside of this range is no date, and formatting it throws.
const time = (value: unknown) => (typeof value === 'number' && Math.abs(value) <= 8.64e15 ? value : Date.now());
const text = (value: unknown) => (typeof value === 'string' ? value : undefined);

// Only data URLs of pictures: an import must not make the browser load anything.
const isPicture = (value: unknown): value is string => typeof value === 'string' && /^data:image\/(png|jpeg|webp|gif);base64,/.test(value);

function readMessage(message: Message, conversation: string, ids: Map<string, string>): Message {
  return {
    id: ids.get(String(message.id))!,
    conversation,
    parent: message.parent === null ? null : (ids.get(String(message.parent)) ?? null),
    role: message.role === 'assistant' ? 'assistant' : 'user',
    content: text(message.content) ?? '',
    created: time(message.created),
    images: Array.isArray(message.images) ? message.images.filter(isPicture) : undefined,
    state: message.role === 'assistant' ? (message.state === 'failed' ? 'failed' : message.state === 'done' ? 'done' : 'stopped') : undefined,
    model: text(message.model),
    reasoning: text(message.reasoning),
    reasoningMs: typeof message.reasoningMs === 'number' ? message.reasoningMs : undefined,
    finish: text(message.finish),
    error: text(message.error),
    figures: typeof message.figures === 'object' && message.figures !== null ? message.figures : undefined,
  };
}

// The branch that is shown, with headings for the roles.
export function toMarkdown({ conversation, messages }: Stored, roles: { user: string; assistant: string; system: string }): string {
  const parts = [`# ${conversation.title.replaceAll('\n', ' ')}`];
  if (conversation.settings.system.trim()) parts.push(`## ${roles.system}`, conversation.settings.system.trim());
  for (const message of pathTo(messages, conversation.leaf))
    parts.push(`## ${message.role === 'user' ? roles.user : `${roles.assistant}${message.model ? ` (${message.model})` : ''}`}`, message.content.trim());
  return parts.join('\n\n') + '\n';
}

// Offers a text as a file.
export function saveFile(name: string, type: string, contents: string): void {
  const url = URL.createObjectURL(new Blob([contents], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

export const fileName = (title: string) => title.replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-|-$/g, '').slice(0, 60) || 'chat';
