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

// A reranker is a language model, too, but it only judges texts.
export function canChat(name: string): boolean {
  const capabilities = detailsOf(name)?.capabilities;
  return capabilities === undefined || (capabilities.includes('completion') && !capabilities.includes('rerank'));
}

const exists = (name: string | null | undefined): name is string => name != null && (models.value ?? []).some(model => model.name === name);

// The model of the conversation that is shown, if the node does not have it any more. Another one answers only if the user chooses it.
export const missingModel = computed(() => {
  const own = current.value?.leaf ? current.value.model : null;
  return own !== null && models.value !== null && !exists(own) ? own : null;
});

// The model that answers the next question: that of the conversation, else the last choice, else the one in memory, else the first that can chat.
export const chatModel = computed(() => {
  if (missingModel.value !== null) return null;
  const candidates = [current.value?.model, preferredModel.value, ...(status.value?.models.map(({ name }) => name) ?? []), ...(models.value ?? []).map(({ name }) => name)];
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
