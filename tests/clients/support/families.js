// The template families of tests/tool-families, each as a model of the simulator.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { editJson } from './node.js';

const directory = fileURLToPath(new URL('../../tool-families/', import.meta.url));
const conformance = process.env.RKLLAMA_CONFORMANCE_DATA || fileURLToPath(new URL('../../../../shared/conformance/', import.meta.url));

// Templates of real models are not part of the repository. path: where the template of a family is, or would be.
export const families = JSON.parse(readFileSync(join(directory, 'families.json'), 'utf8')).map(family => {
  const own = join(directory, `${family.template}.jinja`);
  return { ...family, path: existsSync(own) ? own : join(conformance, 'chat-templates', 'templates', `${family.template}.jinja`) };
});

export const isMissing = family => !existsSync(family.path) && `${family.path} is missing; RKLLAMA_CONFORMANCE_DATA names its directory`;

// The call of a function, as a model of the family writes it. The arguments are texts.
export function callOf(family, name, texts) {
  const gemma = `{${Object.entries(texts).map(([key, text]) => `${key}:<|"|>${text}<|"|>`).join(',')}}`;
  return family.call
    .replace('get_weather', name)
    .replace('{"city": "Oslo"}', () => JSON.stringify(texts))
    .replace('{city:<|"|>Oslo<|"|>}', () => gemma);
}

// Adds a model with the demo's vocabulary, the control tokens of the family and a script. By default it answers the question with a call, and a result with its
// degrees.
export function addFamily(node, family, name = family.name, options = {}) {
  const script = [{ find: '[0-9]+ degrees', emit: `${family.thinks ?? ''}It has $0 in Oslo.` }, { emit: family.call }];
  node.addModel(name, { settings: family.settings, script, ...options });

  const path = file => join(node.models, name, file);
  const tokens = [family.begin, family.end, ...family.tokens].filter(Boolean);
  let added;
  editJson(path('demo.rkllm'), model => {
    added = tokens.filter(token => !model.pieces.includes(token)).map((content, index) => ({ id: 256 + model.pieces.length + index, content }));
    return { ...model, eos: family.end, pieces: [...model.pieces, ...added.map(({ content }) => ({ text: content, special: true }))] };
  });
  editJson(path('tokenizer.json'), tokenizer => ({
    ...tokenizer,
    added_tokens: [...tokenizer.added_tokens, ...added.map(token => ({ ...token, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true }))],
  }));
  editJson(path('tokenizer_config.json'), () => ({ bos_token: family.begin, eos_token: family.end }));
  writeFileSync(path('chat_template.jinja'), readFileSync(family.path));
}
