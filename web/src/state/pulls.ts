// Downloads that this page has asked for or seen, and what has become of them.
import { effect, signal } from '@preact/signals';
import { startPull } from '../api/node';
import { t } from '../texts/views';
import { announce } from '../ui/announcer';
import { models, refreshModels } from './catalog';
import { downloads } from './live';
import { session, store, stored } from './storage';

// Models whose download has ended while the page looked.
export const arrived = signal<string[]>([]);
export const dismissArrived = (model: string): void => void (arrived.value = arrived.value.filter(name => name !== model));

// Downloads that left the list, or that were never in it because they were short: done if the model is on the node, else cancelled or failed.
const ended = signal<string[]>([]);

// The list of downloads has the name that the model gets. A second attempt needs the text of the first.
const sourceKey = (model: string) => `rkllama-source-${model}`;

// requested: a short name, a repository or an address.
export async function pull(requested: string): Promise<{ model: string; present?: boolean }> {
  const answer = await startPull(requested);
  store(session, sourceKey(answer.model), requested);
  if (!answer.present) void expect(answer.model);
  return answer;
}

export const pullAgain = (model: string) => pull(stored(session, sourceKey(model)) ?? model);

const looks = 5;
const lookEveryMs = 1000;

// A short download may end between two states of the node.
async function expect(model: string): Promise<void> {
  ended.value = [...ended.value, model];
  for (let look = 0; look < looks && ended.value.includes(model); look++) {
    await new Promise(resolve => setTimeout(resolve, lookEveryMs));
    if (!downloads.value.some(download => download.model === model)) await refreshModels();
  }
}

export function startPulls(): void {
  let running: string[] = [];
  effect(() => {
    const now = downloads.value.filter(({ error }) => !error).map(({ model }) => model);
    const left = running.filter(model => !downloads.value.some(download => download.model === model));
    running = now;
    const candidates = [...new Set([...ended.value, ...left])];
    const there = candidates.filter(model => !now.includes(model) && models.value?.some(({ name }) => name === model));
    const rest = candidates.filter(model => !there.includes(model));
    if (rest.join() !== ended.value.join()) ended.value = rest;
    if (there.length === 0) return;
    arrived.value = [...arrived.peek().filter(model => !there.includes(model)), ...there];
    for (const model of there) announce(t('downloads.done', { model }));
  });
}
