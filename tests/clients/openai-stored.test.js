// The official client of OpenAI: stored responses, responses in the background, conversations and stored chat completions. The calls are those of the client's own
// tests of these resources.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import OpenAI from 'openai';
import { Node } from './support/node.js';

const notFound = error => error.status === 404 && error instanceof OpenAI.NotFoundError;

describe('openai: stored answers', () => {
  let node, client, other;
  before(async () => {
    node = await Node.start();
    client = new OpenAI({ baseURL: node.openai, apiKey: 'mine', maxRetries: 0 });
    other = new OpenAI({ baseURL: node.openai, apiKey: 'another', maxRetries: 0 });
  });
  after(() => node.stop());

  const create = (input, rest = {}) => client.responses.create({ model: 'demo', input, ...rest });
  const ended = async id => {
    for (let round = 0; round < 500; round++) {
      const response = await client.responses.retrieve(id);
      if (!['queued', 'in_progress'].includes(response.status)) return response;
      await pause(20);
    }

    throw new Error('the response has not ended');
  };
  const all = async list => {
    const items = [];
    for await (const item of list) items.push(item);
    return items;
  };

  describe('responses', () => {
    it('create and retrieve', async () => {
      const sent = await create('What is the capital of France?');
      const read = await client.responses.retrieve(sent.id, { include: ['message.output_text.logprobs'], include_obfuscation: true });

      assert.equal(sent.store, true);
      assert.equal(read.output_text, 'The capital of France is Paris.');
      assert.deepEqual(read.output, sent.output);
    });

    it('delete', async () => {
      const { id } = await create('!echo x');

      await client.responses.delete(id);

      await assert.rejects(client.responses.retrieve(id), notFound);
      await assert.rejects(client.responses.delete(id), notFound);
    });

    it('cancel', async () => {
      const queued = await create('!sleep 50 2000', { background: true });
      assert.equal(queued.status, 'queued');

      const cancelled = await client.responses.cancel(queued.id);

      assert.equal(cancelled.status, 'cancelled');
      assert.equal((await client.responses.retrieve(queued.id)).status, 'cancelled');
      await assert.rejects(create('!echo x').then(({ id }) => client.responses.cancel(id)), error => error.status === 400);
    });

    it('compact is refused with words', () =>
      assert.rejects(client.responses.compact({ model: 'demo', input: 'x' }), error => error.status === 400 && /compact is not supported/.test(error.message)));

    it('input items', async () => {
      const { id } = await create([{ role: 'user', content: 'One' }, { role: 'assistant', content: 'Two' }, { role: 'user', content: '!echo x' }]);

      const items = await all(client.responses.inputItems.list(id, { limit: 2, order: 'asc' }));

      assert.deepEqual(items.map(item => item.content[0].text), ['One', 'Two', '!echo x']);
      assert.equal(new Set(items.map(item => item.id)).size, 3);
    });

    it('input tokens', async () => {
      const before = await create('One');
      const alone = await client.responses.inputTokens.count({ model: 'demo', input: 'Two' });
      const both = await client.responses.inputTokens.count({ model: 'demo', input: 'Two', previous_response_id: before.id });

      assert.ok(both.input_tokens > alone.input_tokens);
    });

    it('continues a response', async () => {
      const first = await create('My name is Ada.');
      const second = await create('!prompt', { previous_response_id: first.id });

      assert.match(second.output_text, /My name is Ada\.[^]*!prompt/);
      assert.equal(second.previous_response_id, first.id);
    });

    it('runs in the background and is polled', async () => {
      const queued = await create('What is the capital of France?', { background: true });

      const done = await ended(queued.id);

      assert.equal(done.status, 'completed');
      assert.equal(done.output_text, 'The capital of France is Paris.');
    });

    it('streams in the background, and goes on behind the last event', async () => {
      const stream = await create('!sleep 5 60', { background: true, stream: true });
      let id, last;
      for await (const event of stream) {
        id ??= event.response.id;
        last = event.sequence_number;
        if (last === 10) break;
      }

      const rest = await all(await client.responses.retrieve(id, { stream: true, starting_after: last }));

      assert.deepEqual(rest.map(event => event.sequence_number), rest.map((_, index) => 11 + index));
      assert.equal(rest.at(-1).type, 'response.completed');
    });

    it('goes on with the stream helper', async () => {
      const { id } = await ended((await create('What is the capital of France?', { background: true, stream: false })).id);

      const final = await client.responses.stream({ response_id: id, starting_after: 3 }).finalResponse().catch(error => error);

      assert.ok(final instanceof Error || final.output_text === 'The capital of France is Paris.');
    });

    it('hides answers from another key', async () => {
      const { id } = await create('!echo x');

      await assert.rejects(other.responses.retrieve(id), notFound);
      await assert.rejects(other.responses.delete(id), notFound);
      await assert.rejects(other.responses.inputItems.list(id).then(() => {}), notFound);
    });
  });

  describe('conversations', () => {
    it('create, retrieve, update, delete', async () => {
      const created = await client.conversations.create({ items: [{ type: 'message', role: 'user', content: 'Hello' }], metadata: { topic: 'x' } });
      assert.equal(created.object, 'conversation');
      assert.match(created.id, /^conv_/);
      assert.deepEqual((await client.conversations.retrieve(created.id)).metadata, { topic: 'x' });

      assert.deepEqual((await client.conversations.update(created.id, { metadata: { topic: 'y' } })).metadata, { topic: 'y' });
      assert.deepEqual(await client.conversations.delete(created.id), { id: created.id, object: 'conversation.deleted', deleted: true });

      await assert.rejects(client.conversations.retrieve(created.id), notFound);
      assert.match((await client.conversations.create()).id, /^conv_/);
    });

    it('items: create, retrieve, list, delete', async () => {
      const { id } = await client.conversations.create({});
      const added = await client.conversations.items.create(id, { items: [{ type: 'message', role: 'user', content: 'One' }, { type: 'message', role: 'user', content: 'Two' }] });
      const [first] = added.data;

      assert.deepEqual(await client.conversations.items.retrieve(first.id, { conversation_id: id }), first);
      assert.equal((await all(client.conversations.items.list(id, { limit: 1 }))).length, 2);
      assert.equal((await client.conversations.items.delete(first.id, { conversation_id: id })).id, id);
      assert.equal((await all(client.conversations.items.list(id))).length, 1);
    });

    it('gives its items to a response', async () => {
      const { id } = await client.conversations.create({ items: [{ type: 'message', role: 'user', content: 'My name is Ada.' }] });

      const response = await create('!prompt', { conversation: id });

      assert.match(response.output_text, /My name is Ada\.[^]*!prompt/);
      assert.deepEqual(response.conversation, { id });
      assert.equal((await all(client.conversations.items.list(id))).length, 3);
    });
  });

  describe('chat completions', () => {
    const chat = (content, rest = {}) => client.chat.completions.create({ model: 'demo', messages: [{ role: 'user', content }], ...rest });

    it('create and retrieve', async () => {
      const sent = await chat('What is the capital of France?', { store: true, metadata: { topic: 'x' } });
      const read = await client.chat.completions.retrieve(sent.id);

      assert.deepEqual(read.choices, sent.choices);
      assert.deepEqual(read.metadata, { topic: 'x' });
      await assert.rejects(chat('!echo x').then(({ id }) => client.chat.completions.retrieve(id)), notFound);
    });

    it('update, list, delete', async () => {
      const sent = await chat('!echo x', { store: true, metadata: { run: '1' } });
      await chat('!echo y', { store: true, metadata: { run: '2' } });

      const updated = await client.chat.completions.update(sent.id, { metadata: { run: '3' } });

      assert.deepEqual(updated.metadata, { run: '3' });
      assert.deepEqual((await all(client.chat.completions.list({ metadata: { run: '3' }, model: 'demo', order: 'desc', limit: 1 }))).map(item => item.id), [sent.id]);
      assert.deepEqual(await client.chat.completions.delete(sent.id), { id: sent.id, object: 'chat.completion.deleted', deleted: true });
      assert.deepEqual(await all(client.chat.completions.list({ metadata: { run: '3' } })), []);
    });

    it('messages', async () => {
      const sent = await chat('!echo x', { store: true });

      const messages = await all(client.chat.completions.messages.list(sent.id, { limit: 1, order: 'asc' }));

      assert.deepEqual(messages.map(message => message.content), ['!echo x']);
      assert.ok(messages[0].id);
    });

    it('a stream is stored, too', async () => {
      let id;
      for await (const chunk of await chat('What is the capital of France?', { store: true, stream: true })) id = chunk.id;

      assert.equal((await client.chat.completions.retrieve(id)).choices[0].message.content, 'The capital of France is Paris.');
    });
  });
});
