// The models on the node, by Ollama's API and the guide's load and unload.
import { json } from './http';

export interface Model {
  name: string;
  sizeBytes: number;
  digest: string;
}

export interface ModelDetails {
  contextLength: number | null;
  capabilities: string[];
  parameters: Record<string, string>;
  system: string;
}

interface Tags {
  models: { name: string; size: number; digest: string }[];
}

interface Shown {
  model_info: Record<string, unknown>;
  capabilities?: string[];
  parameters?: string;
  system?: string;
}

// Ollama's API adds ":latest" to names without a tag. The node accepts both forms; the page shows the short one.
const plainName = (name: string) => (name.endsWith(':latest') ? name.slice(0, -7) : name);

export async function listModels(): Promise<Model[]> {
  const { models } = await json<Tags>('api/tags');
  return models.map(({ name, size, digest }) => ({ name: plainName(name), sizeBytes: size, digest }));
}

export async function showModel(name: string): Promise<ModelDetails> {
  const shown = await json<Shown>('api/show', { body: { model: name } });
  const context = Object.entries(shown.model_info ?? {}).find(([key]) => key.endsWith('.context_length'))?.[1];
  return {
    contextLength: typeof context === 'number' ? context : null,
    capabilities: shown.capabilities ?? [],
    parameters: parameters(shown.parameters ?? ''),
    system: shown.system ?? '',
  };
}

function parameters(text: string): Record<string, string> {
  const pairs = text.split('\n').map(line => line.trim().match(/^(\S+)\s+(.*)$/));
  return Object.fromEntries(pairs.filter(pair => pair !== null).map(pair => [pair[1]!, pair[2]!]));
}

// A request without messages loads the model. keep_alive 0 unloads it after the active run.
export const loadModel = (name: string) => json('api/generate', { body: { model: name, stream: false } });
export const unloadModel = (name: string) => json('api/generate', { body: { model: name, stream: false, keep_alive: 0 } });
export const deleteModel = (name: string) => json('api/delete', { method: 'DELETE', body: { model: name } }).catch(ignoreEmptyBody);

function ignoreEmptyBody(error: unknown): void {
  if (!(error instanceof SyntaxError)) throw error;
}
