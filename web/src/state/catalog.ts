// The models on the node with their details. Read again when a model is loaded, downloaded or deleted.
import { computed, effect, signal } from '@preact/signals';
import { type Model, type ModelDetails, listModels, showModel } from '../api/models';
import { current, preferredModel } from '../chat/chats';
import { downloads, status } from './live';

export const models = signal<Model[] | null>(null);
export const catalogError = signal<unknown>(null);
const details = signal<ReadonlyMap<string, ModelDetails>>(new Map());
const asked = new Set<string>();

const detailKey = (model: Model) => `${model.name} ${model.digest}`;

export async function refreshModels(): Promise<void> {
  try {
    models.value = await listModels();
    catalogError.value = null;
  } catch (error) {
    catalogError.value = error;
  }
}

// The details of a model; null until the node has answered. The first call asks it.
export function detailsOf(name: string): ModelDetails | null {
  const model = models.value?.find(candidate => candidate.name === name);
  if (!model) return null;
  const key = detailKey(model);
  const known = details.value.get(key);
  if (!known && !asked.has(key)) void fetchDetails(key, name);
  return known ?? null;
}

async function fetchDetails(key: string, name: string): Promise<void> {
  asked.add(key);
  try {
    const found = await showModel(name);
    details.value = new Map(details.value).set(key, found);
  } catch {
    // The next look at the model asks again.
    setTimeout(() => asked.delete(key), 5000);
  }
}

// A reload after the Modelfile of a model has changed.
export function forgetDetails(name: string): void {
  for (const key of [...details.value.keys()].filter(known => known.startsWith(`${name} `))) {
    asked.delete(key);
    const next = new Map(details.value);
    next.delete(key);
    details.value = next;
  }
}

export const canChat = (name: string): boolean => detailsOf(name)?.capabilities.includes('completion') ?? true;

// The model of the conversation that is shown: its own, else the last choice, else the one in memory, else the first that can chat.
export const chatModel = computed(() => {
  const list = models.value ?? [];
  const exists = (name: string | null | undefined): name is string => name != null && list.some(model => model.name === name);
  const candidates = [current.value?.model, preferredModel.value, ...(status.value?.models.map(({ name }) => name) ?? []), ...list.map(({ name }) => name)];
  return candidates.find((name): name is string => exists(name) && canChat(name)) ?? null;
});

export const residentOf = (name: string) => status.value?.models.find(model => model.name === name) ?? null;
export const downloadOf = (name: string) => downloads.value.find(({ model }) => model === name) ?? null;

export function startCatalog(): void {
  const signature = computed(() =>
    [...(status.value?.models.map(({ name }) => name) ?? []), '|', ...downloads.value.map(({ model, error }) => `${model} ${error ?? ''}`)].join(),
  );
  effect(() => {
    void signature.value;
    void refreshModels();
  });
}
