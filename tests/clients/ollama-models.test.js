// The official client of Ollama: models and embeddings.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Ollama } from 'ollama';
import { Node } from './support/node.js';

const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/;

describe('ollama: models', () => {
  let node, client;
  before(async () => {
    node = await Node.start();
    client = new Ollama({ host: node.url });
  });
  after(() => node.stop());

  it('in the list, modified_at is RFC 3339, size an integer, and digest has 64 digits', async () => {
    const { models } = await client.list();

    assert.deepEqual(models.map(model => model.name).sort(), ['demo-embedding:latest', 'demo:latest']);
    for (const model of models) {
      assert.equal(model.model, model.name);
      assert.match(model.modified_at, rfc3339);
      assert.ok(!Number.isNaN(new Date(model.modified_at).getTime()));
      assert.ok(Number.isInteger(model.size) && model.size > 0);
      assert.match(model.digest, /^[0-9a-f]{64}$/);
      for (const detail of ['parent_model', 'format', 'family', 'parameter_size', 'quantization_level']) assert.equal(typeof model.details[detail], 'string');
      assert.ok(Array.isArray(model.details.families));
    }
  });

  it('shows a model with its capabilities', async () => {
    const chat = await client.show({ model: 'demo' });
    assert.deepEqual(chat.capabilities.filter(name => ['completion', 'tools', 'thinking'].includes(name)).sort(), ['completion', 'thinking', 'tools']);
    assert.match(chat.modelfile, /FROM/);
    assert.match(chat.parameters, /^num_ctx +\d+$/m);
    assert.match(chat.template, /tool/);
    assert.match(chat.modified_at, rfc3339);
    const architecture = chat.model_info['general.architecture'];
    assert.ok(chat.model_info[`${architecture}.context_length`] > 0);

    assert.ok((await client.show({ model: 'demo-embedding' })).capabilities.includes('embedding'));
    assert.ok(!chat.capabilities.includes('embedding'));
    assert.equal((await client.show({ model: 'demo:latest' })).modelfile, chat.modelfile);
  });

  it('accepts name instead of model', async () => {
    const chat = await client.show({ model: 'demo' });
    assert.equal((await client.show({ name: 'demo' })).modelfile, chat.modelfile);
    assert.equal((await client.generate({ name: 'demo', prompt: '!echo here' })).response, 'here');
  });

  it('copies a model, and deletes it by DELETE with a body', async () => {
    assert.deepEqual(await client.copy({ source: 'demo', destination: 'second' }), { status: 'success' });
    assert.ok((await client.list()).models.some(model => model.name === 'second:latest'));
    assert.equal((await client.generate({ model: 'second', prompt: '!echo copied' })).response, 'copied');

    assert.deepEqual(await client.delete({ model: 'second:latest' }), { status: 'success' });
    assert.ok(!(await client.list()).models.some(model => model.name === 'second:latest'));
    assert.deepEqual((await client.ps()).models, [], 'what is deleted is not loaded');
    assert.ok(existsSync(join(node.models, 'demo', 'demo.rkllm')), 'the file that the copy led to is still there');

    await assert.rejects(client.copy({ source: 'nobody', destination: 'third' }), error => error.status_code === 404);
    await assert.rejects(client.copy({ source: 'demo', destination: '../third' }), error => error.status_code === 400);
    await assert.rejects(client.delete({ model: 'nobody' }), error => error.status_code === 404);
  });

  it('reports a version with three numbers', async () => {
    assert.match((await client.version()).version, /^\d+\.\d+\.\d+$/);
  });

  it('refuses pull and push with a message', async () => {
    for (const act of [
      () => client.pull({ model: 'llama3' }),
      () => client.pull({ model: 'llama3', stream: true }),
      () => client.push({ model: 'demo' }),
    ])
      await assert.rejects(act, error => error.name === 'ResponseError' && error.status_code >= 400 && error.message.length > 20);
  });

  it('makes a model of another one', async () => {
    const made = await client.create({ model: 'mine', from: 'demo', system: 'Be brief.', parameters: { temperature: 0.5 } });
    const lines = [];
    for await (const line of await client.create({ model: 'mine', from: 'demo', system: 'Be kind.', stream: true })) lines.push(line.status);
    const shown = await client.show({ model: 'mine' });
    await client.delete({ model: 'mine' });

    assert.equal(made.status, 'success');
    assert.deepEqual(lines.slice(-2), ['writing manifest', 'success']);
    assert.match(shown.modelfile, /Be kind\./);
  });

  it('GET / greets, HEAD / is 200, and /models and /v1/models have different shapes', async () => {
    const root = await fetch(`${node.url}/`);
    assert.equal(root.status, 200);
    assert.match((await root.json()).message, /Welcome/);
    for (const path of ['/', '/api/version', '/api/tags']) assert.equal((await fetch(node.url + path, { method: 'HEAD' })).status, 200, path);
    assert.deepEqual((await (await fetch(`${node.url}/models`)).json()).models, ['demo', 'demo-embedding']);
    assert.equal((await (await fetch(`${node.openai}/models`)).json()).object, 'list');
  });

  it('/current_model has the keys model and model_name', async () => {
    await client.generate({ model: 'demo', prompt: '' });
    assert.deepEqual(await (await fetch(`${node.url}/current_model`)).json(), { model: 'demo', model_name: 'demo' });
  });
});

describe('ollama: embeddings', () => {
  let node, client;
  before(async () => {
    node = await Node.start();
    client = new Ollama({ host: node.url });
  });
  after(() => node.stop());

  const embed = (input, rest = {}) => client.embed({ model: 'demo-embedding', input, ...rest });

  it('returns one vector of norm 1 per text', async () => {
    const reply = await embed(['Hello', 'world']);

    assert.equal(reply.model, 'demo-embedding');
    assert.deepEqual(reply.embeddings.map(vector => vector.length), [128, 128]);
    for (const vector of reply.embeddings) assert.ok(Math.abs(Math.hypot(...vector) - 1) < 1e-5);
    for (const figure of ['total_duration', 'load_duration', 'prompt_eval_count']) assert.ok(Number.isInteger(reply[figure]));
    assert.deepEqual((await embed('Hello')).embeddings[0], reply.embeddings[0]);
    assert.deepEqual((await embed([])).embeddings, []);
  });

  it('truncates text that is too long, and refuses it with truncate false', async () => {
    assert.equal((await embed('word '.repeat(6000))).embeddings.length, 1);
    await assert.rejects(embed('word '.repeat(6000), { truncate: false }), error => error.status_code === 400 && /context/.test(error.message));
    assert.equal((await embed('Hello', { dimensions: 8 })).embeddings[0].length, 8);
  });

  it('the older endpoint returns the same vector', async () => {
    const { embedding } = await client.embeddings({ model: 'demo-embedding', prompt: 'Hello' });
    assert.deepEqual(embedding, (await embed('Hello')).embeddings[0]);
  });
});
