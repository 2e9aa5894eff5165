// The official client of OpenAI: embeddings.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import OpenAI from 'openai';
import { Node } from './support/node.js';

const length = vector => Math.hypot(...vector);

describe('openai: embeddings', () => {
  let node, client;
  before(async () => {
    node = await Node.start();
    client = new OpenAI({ baseURL: node.openai, apiKey: 'none', maxRetries: 0 });
  });
  after(() => node.stop());

  const embed = (input, rest = {}) => client.embeddings.create({ model: 'demo-embedding', input, ...rest });

  it('the default base64 gives the same vectors as float', async () => {
    const decoded = await embed('Hello world');
    const plain = await embed('Hello world', { encoding_format: 'float' });

    assert.equal(decoded.object, 'list');
    assert.equal(decoded.data[0].object, 'embedding');
    assert.equal(decoded.data[0].index, 0);
    assert.equal(decoded.data[0].embedding.length, 128);
    assert.ok(Math.abs(length(decoded.data[0].embedding) - 1) < 1e-5);
    plain.data[0].embedding.forEach((value, index) => assert.ok(Math.abs(value - decoded.data[0].embedding[index]) < 1e-6));
    assert.ok(decoded.usage.prompt_tokens > 0);
    assert.equal(decoded.usage.total_tokens, decoded.usage.prompt_tokens);
  });

  it('returns a base64 string if encoding_format is base64', async () => {
    const { data: [{ embedding }] } = await embed('Hello world', { encoding_format: 'base64' });

    assert.equal(typeof embedding, 'string');
    assert.equal(Buffer.from(embedding, 'base64').length, 128 * 4);
  });

  it('returns one item per text, in order', async () => {
    const many = await embed(['Hello', 'world', 'Hello']);

    assert.deepEqual(many.data.map(item => item.index), [0, 1, 2]);
    assert.deepEqual(many.data[0].embedding, many.data[2].embedding);
    assert.notDeepEqual(many.data[0].embedding, many.data[1].embedding);
    assert.deepEqual((await embed('world')).data[0].embedding, many.data[1].embedding);
  });

  it('shortens vectors to the requested dimensions', async () => {
    const { data: [{ embedding }] } = await embed('Hello world', { dimensions: 16 });
    assert.equal(embedding.length, 16);
    assert.ok(Math.abs(length(embedding) - 1) < 1e-5);
    await assert.rejects(embed('Hello world', { dimensions: 4096 }), error => error.status === 400 && error.param === 'dimensions');
  });

  it('refuses empty input and too long input, and names the field', async () => {
    for (const input of ['', [], [[]], ['Hello', '']])
      await assert.rejects(embed(input), error => error.status === 400 && error.param === 'input' && error.type === 'invalid_request_error');
    await assert.rejects(embed('word '.repeat(6000)), error => error.status === 400 && error.code === 'context_length_exceeded');
    await assert.rejects(client.embeddings.create({ model: 'nobody', input: 'Hello' }), error => error.status === 404 && error.code === 'model_not_found');
  });
});
