// The conversations of this browser, and the one that is shown. Changes go to the store and to the other tabs.
import { batch, computed, signal } from '@preact/signals';
import { local, store as keep, stored } from '../state/storage';
import { newId } from '../ui/id';
import { type Conversation, type Message, type Settings, leafBelow, noSettings, pathTo } from './conversation';
import { MemoryStore, type Store, openStore } from './store';
import type { Stored } from './transfer';

export const tab = newId();
export const conversations = signal<Conversation[]>([]);
export const isLoaded = signal(false);
export const isKept = signal(true);
export const currentId = signal<string | null>(null);
export const messages = signal<Message[]>([]);
// Whether the messages of the conversation that is shown are still being read.
export const isReading = signal(false);
export const current = computed(() => conversations.value.find(({ id }) => id === currentId.value) ?? null);
export const path = computed(() => pathTo(messages.value, current.value?.leaf ?? null));

// Settings and model of a conversation that has no message yet, and so is not in the list.
export const draftSettings = signal<Settings>(noSettings);
export const preferredModel = signal<string | null>(stored(local, 'rkllama-model'));

let store: Store = new MemoryStore();
const channel = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel('rkllama');
const tell = (conversation: string) => channel?.postMessage({ conversation } satisfies TabMessage);

// conversation: one that has changed. stop: one whose running answer ends.
type TabMessage = { conversation: string } | { stop: string };
let onStop: (conversation: string) => void = () => {};
export const stopInOtherTab = (conversation: string) => channel?.postMessage({ stop: conversation } satisfies TabMessage);
export const onStopFromOtherTab = (handler: (conversation: string) => void) => void (onStop = handler);
const newestFirst = (list: Conversation[]) => [...list].sort((a, b) => b.updated - a.updated);

export async function loadChats(): Promise<void> {
  store = await openStore();
  isKept.value = store.isKept;
  conversations.value = newestFirst(await store.conversations());
  isReading.value = currentId.value !== null;
  isLoaded.value = true;
  if (currentId.value) await show(currentId.value);
  channel?.addEventListener('message', ({ data }: MessageEvent<TabMessage>) => ('stop' in data ? onStop(data.stop) : void refresh(data.conversation)));
}

// Another tab has changed a conversation. This tab's own running answers are newer than the stored ones.
async function refresh(changed: string): Promise<void> {
  conversations.value = newestFirst(await store.conversations());
  await readMessages(changed);
}

export async function show(id: string | null): Promise<void> {
  batch(() => {
    if (id !== currentId.value) messages.value = [];
    currentId.value = id;
    isReading.value = id !== null;
  });
  if (id !== null) await readMessages(id);
}

// Reads the messages of the conversation that is shown. Reads them again if one changed in the meantime, for example because an answer ended.
async function readMessages(id: string): Promise<void> {
  while (currentId.value === id) {
    const before = messages.value;
    const stored = await store.messages(id);
    if (currentId.value !== id || messages.value !== before) continue;
    batch(() => {
      messages.value = withRunning(stored);
      isReading.value = false;
    });
    return;
  }
}

// The stored copy of a running answer may be a second old.
const runningMessages = new Map<string, Message>();
const withRunning = (list: Message[]) => list.map(message => runningMessages.get(message.id) ?? message);

export async function begin(): Promise<Conversation> {
  const now = Date.now();
  const conversation: Conversation = {
    id: newId(), title: '', created: now, updated: now, model: preferredModel.value, settings: draftSettings.value, leaf: null,
  };
  batch(() => {
    conversations.value = [conversation, ...conversations.value];
    currentId.value = conversation.id;
    messages.value = [];
    draftSettings.value = noSettings;
  });
  await store.saveConversation(conversation);
  return conversation;
}

export async function change(id: string, changes: Partial<Conversation>): Promise<void> {
  const before = conversations.value.find(conversation => conversation.id === id);
  if (!before) return;
  const after = { ...before, ...changes };
  conversations.value = newestFirst(conversations.value.map(conversation => (conversation.id === id ? after : conversation)));
  await store.saveConversation(after);
  tell(id);
}

export async function remove(id: string): Promise<void> {
  conversations.value = conversations.value.filter(conversation => conversation.id !== id);
  if (currentId.value === id) await show(null);
  await store.remove(id);
  tell(id);
}

// Adds or replaces a message. A deleted conversation stays deleted, although its answer still runs.
export async function putMessage(message: Message): Promise<void> {
  if (!conversations.value.some(({ id }) => id === message.conversation)) return;
  if (message.state === 'running') runningMessages.set(message.id, message);
  else runningMessages.delete(message.id);
  if (message.conversation === currentId.value) {
    const others = messages.value.filter(({ id }) => id !== message.id);
    messages.value = [...others, message];
  }
  await store.saveMessage(message);
  tell(message.conversation);
}

// Shows another alternative of a message, with the newest messages below it.
export const showBranch = (conversation: string, message: string) => change(conversation, { leaf: leafBelow(messages.value, message) });

export async function chooseModel(name: string): Promise<void> {
  preferredModel.value = name;
  keep(local, 'rkllama-model', name);
  if (current.value) await change(current.value.id, { model: name });
}

export async function setSettings(settings: Settings): Promise<void> {
  if (current.value) await change(current.value.id, { settings });
  else draftSettings.value = settings;
}

export const search = (text: string) => store.search(text);

export async function readAll(ids: string[]): Promise<Stored[]> {
  const wanted = conversations.value.filter(({ id }) => ids.includes(id));
  return Promise.all(wanted.map(async conversation => ({ conversation, messages: await store.messages(conversation.id) })));
}

export async function addAll(all: Stored[]): Promise<void> {
  for (const { conversation, messages: list } of all) {
    await store.saveConversation(conversation);
    for (const message of list) await store.saveMessage(message);
  }
  conversations.value = newestFirst(await store.conversations());
  if (all[0]) tell(all[0].conversation.id);
}
