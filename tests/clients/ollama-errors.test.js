// The official client of Ollama: errors and aborts.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Ollama } from 'ollama';
import { Node } from './support/node.js';

const user = content => [{ role: 'user', content }];

describe('ollama: errors', () => {
  let node, client;
  before(async () => {
    node = await Node.start({ options: ['--queue', '0'] });
    node.addModel('plain', { settings: 'TEMPLATE="llama-2"\n' });
    client = new Ollama({ host: node.url });
  });
  after(() => node.stop());

  const chat = (content, rest = {}) => client.chat({ model: 'demo', messages: user(content), ...rest });
  const read = async stream => {
    let text = '';
    for await (const part of await stream) text += part.message.content;
    return text;
  };

  it('an unknown model is a 404 with the message of Ollama', async () => {
    for (const act of [
      () => chat('Hello', { model: 'nobody' }),
      () => chat('Hello', { model: 'nobody', stream: true }),
      () => client.show({ model: 'nobody' }),
      () => client.generate({ model: 'nobody', prompt: 'x' }),
      () => client.embed({ model: 'nobody', input: 'x' }),
    ])
      await assert.rejects(act, error => error.status_code === 404 && error.message === "model 'nobody' not found");
  });

  it('a bad request is a 400', async () => {
    await assert.rejects(client.chat({ messages: user('Hello') }), error => error.status_code === 400 && error.message === 'model is required');
    await assert.rejects(client.chat({ model: 'demo', messages: [{ role: 'king', content: 'Hello' }] }), error => error.status_code === 400 && /king/.test(error.message));
    await assert.rejects(client.chat({ model: 'demo', messages: [{ role: 'user', content: 'Hello', images: ['AA=='] }] }), error => error.status_code === 400 && /image|text model/.test(error.message));
    await assert.rejects(client.generate({ model: 'demo', prompt: 'a', suffix: 'b' }), error => error.status_code === 400);
    await assert.rejects(chat('word '.repeat(6000)), error => error.status_code === 400 && /context/.test(error.message));
  });

  it('tools or thinking are a 400 for a model that does not support them', async () => {
    const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object', properties: {} } } }];
    await assert.rejects(chat('Hello', { model: 'plain', tools }), error => error.status_code === 400 && error.message === '"plain" does not support tools');
    await assert.rejects(chat('Hello', { model: 'plain', think: true }), error => error.status_code === 400 && error.message === '"plain" does not support thinking');
    assert.equal((await chat('!echo fine', { model: 'plain', think: false, tools: [] })).message.content, 'fine');
  });

  it('a run that fails before its first token is a 500, in one piece and streaming', async () => {
    await assert.rejects(chat('!fault run_minus1'), error => error.status_code === 500);
    await assert.rejects(chat('!fault run_minus1', { stream: true }), error => error.status_code === 500);
  });

  it('the client raises an error inside a stream after the text before it', async () => {
    let text = '';
    await assert.rejects(async () => {
      for await (const part of await chat('!fault error_state:5', { stream: true })) text += part.message.content;
    }, /The answer failed/);
    assert.equal(text, ' 1 2 3 4 5');
  });

  it('a crash of the worker fails only the running answer', async () => {
    await assert.rejects(read(chat('!fault segv:5', { stream: true })), /SIGSEGV/);
    assert.equal((await chat('!echo here again')).message.content, 'here again');
  });

  it('an abort, of one stream and of all, frees the NPU', async () => {
    const stream = await chat('!sleep 20 3000', { stream: true });
    await assert.rejects(async () => {
      for await (const part of stream) if (part.message.content) stream.abort();
    }, { name: 'AbortError' });
    await node.isFree();

    const reading = assert.rejects(read(await chat('!sleep 20 3000', { stream: true })), { name: 'AbortError' });
    client.abort();
    await reading;
    await node.isFree();
  });

  it('a full queue is a 503', async () => {
    const stream = await chat('!sleep 20 3000', { stream: true });
    await node.isBusy();
    await assert.rejects(chat('Hello'), error => error.status_code === 503 && /busy/.test(error.message));
    stream.abort();
    await node.isFree();
  });
});
