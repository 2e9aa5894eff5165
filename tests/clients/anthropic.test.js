// The official client of Anthropic: messages, streams, tools, thinking, token counts, models and errors.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { betaZodTool } from '@anthropic-ai/sdk/helpers/beta/zod';
import { z } from 'zod';
import { Node } from './support/node.js';
import { recorder } from './support/recorder.js';

const user = content => [{ role: 'user', content }];
const weather = {
  name: 'get_weather',
  description: 'The weather of a city',
  input_schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
};
const ask = user('!tool get_weather {"city": "Oslo"}');
const clientOf = (node, rest = {}) => new Anthropic({ baseURL: node.url, apiKey: 'none', maxRetries: 0, ...rest });

describe('anthropic: messages', () => {
  let node, client;
  before(async () => {
    node = await Node.start();
    client = clientOf(node);
  });
  after(() => node.stop());

  const create = (content, rest = {}) => client.messages.create({ model: 'demo', max_tokens: 1000, messages: user(content), ...rest });

  it('answers in one piece, with usage and a request id', async () => {
    const { data, response } = await create('What is the capital of France?').withResponse();

    assert.match(data.id, /^msg_./);
    assert.deepEqual(
      { type: data.type, role: data.role, model: data.model, content: data.content, stop_reason: data.stop_reason, stop_sequence: data.stop_sequence },
      { type: 'message', role: 'assistant', model: 'demo', content: [{ type: 'text', text: 'The capital of France is Paris.' }], stop_reason: 'end_turn', stop_sequence: null });
    assert.ok(data.usage.input_tokens + data.usage.cache_read_input_tokens > 0);
    assert.equal(data.usage.output_tokens, 7);
    assert.ok(data._request_id);
    assert.equal(response.headers.get('request-id'), response.headers.get('x-request-id'));
  });

  it('streams the same message', async () => {
    const stream = client.messages.stream({ model: 'demo', max_tokens: 1000, messages: user('What is the capital of France?') });
    const deltas = [];
    stream.on('text', delta => deltas.push(delta));
    const message = await stream.finalMessage();

    assert.ok(deltas.length > 5, 'a delta per token');
    assert.equal(deltas.join(''), 'The capital of France is Paris.');
    assert.deepEqual(message.content.map(({ type, text }) => ({ type, text })), [{ type: 'text', text: 'The capital of France is Paris.' }]);
    assert.equal(message.stop_reason, 'end_turn');
    assert.equal(message.stop_sequence, null);
    assert.equal(message.usage.output_tokens, 7);
  });

  it('uses the conversation, system blocks and content in blocks', async () => {
    const message = await client.messages.create({
      model: 'demo',
      max_tokens: 1000,
      system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }],
      messages: [...user([{ type: 'text', text: 'My name is Ada.' }]), { role: 'assistant', content: [{ type: 'text', text: 'Hello Ada!' }] }, ...user('What is my name?')],
    });

    assert.equal(message.content[0].text, 'Your name is Ada.');
    assert.match(node.lastPrompt(), /Be brief\./);
  });

  it('names the end of an answer', async () => {
    const stopped = await create('!echo The capital city of France is Paris.', { stop_sequences: ['nothing', 'ty of Fr'] });
    assert.deepEqual([stopped.content[0].text, stopped.stop_reason, stopped.stop_sequence], ['The capital ci', 'stop_sequence', 'ty of Fr']);

    const cut = await create('!count 20', { max_tokens: 3 });
    assert.deepEqual([cut.content[0].text, cut.stop_reason, cut.usage.output_tokens], [' 1 2 3', 'max_tokens', 3]);
  });

  it('returns thinking as a block that can be sent back', async () => {
    const whole = await create('!think Paris', { thinking: { type: 'enabled', budget_tokens: 1024 } });
    const streamed = await client.messages.stream({ model: 'demo', max_tokens: 2000, thinking: { type: 'enabled', budget_tokens: 1024 }, messages: user('!think Paris') }).finalMessage();
    for (const { content } of [whole, streamed]) {
      assert.deepEqual(content.map(block => block.type), ['thinking', 'text']);
      assert.equal(content[0].thinking, 'hm');
      assert.ok(content[0].signature.length > 0);
      assert.equal(content[1].text, 'Paris');
    }

    const next = await client.messages.create({ model: 'demo', max_tokens: 100, messages: [...user('!think Paris'), { role: 'assistant', content: whole.content }, ...user('!echo done')] });
    assert.equal(next.content[0].text, 'done');

    await create('!echo off', { thinking: { type: 'disabled' } });
    assert.match(node.lastPrompt(), /<think>\n\n<\/think>\n\n$/);
  });

  it('calls a tool, accepts the result and answers', async () => {
    const messages = [{ role: 'user', content: ask[0].content }];
    for (const stream of [false, true]) {
      const body = { model: 'demo', max_tokens: 1000, tools: [weather], messages };
      const first = await (stream ? client.messages.stream(body).finalMessage() : client.messages.create(body));
      assert.equal(first.stop_reason, 'tool_use');
      const [call] = first.content;
      assert.deepEqual({ type: call.type, name: call.name, input: call.input }, { type: 'tool_use', name: 'get_weather', input: { city: 'Oslo' } });

      for (const content of ['4 °C, rain', [{ type: 'text', text: '4 °C, rain' }]]) {
        const second = await client.messages.create({
          ...body, messages: [...messages, { role: 'assistant', content: first.content }, { role: 'user', content: [{ type: 'tool_result', tool_use_id: call.id, content }] }],
        });
        assert.equal(second.content[0].text, 'The function answered: 4 °C, rain');
        assert.equal(second.stop_reason, 'end_turn');
      }
    }
  });

  it('the tool runner completes the tool round, in one piece and streaming', async () => {
    for (const stream of [false, true]) {
      const asked = [];
      const run = betaZodTool({
        name: 'get_weather',
        description: 'The weather of a city',
        inputSchema: z.object({ city: z.string() }),
        run: ({ city }) => { asked.push(city); return `It rains in ${city}.`; },
      });
      const message = await client.beta.messages.toolRunner({ model: 'demo', max_tokens: 1000, messages: ask, tools: [run], stream }).runUntilDone();

      assert.equal(message.content[0].text, 'The function answered: It rains in Oslo.');
      assert.deepEqual(asked, ['Oslo']);
    }
  });

  it('tool_choice requires or hides tools', async () => {
    for (const tool_choice of [{ type: 'any' }, { type: 'tool', name: 'get_weather' }]) {
      assert.equal((await client.messages.create({ model: 'demo', max_tokens: 100, messages: ask, tools: [weather], tool_choice })).stop_reason, 'tool_use');
      await assert.rejects(create('Hello', { tools: [weather], tool_choice }), error => error.status === 422 && error.errorCode === 'tool_choice_not_met');
    }

    await create('Hello', { tools: [weather], tool_choice: { type: 'none' } });
    assert.doesNotMatch(node.lastPrompt(), /get_weather/);
  });

  it('counts the tokens of a prompt', async () => {
    const { input_tokens } = await client.messages.countTokens({ model: 'demo', system: 'Be brief.', messages: user('Hello'), tools: [weather] });
    const { usage } = await create('Hello', { system: 'Be brief.', tools: [weather] });
    assert.equal(input_tokens, usage.input_tokens + usage.cache_read_input_tokens);
  });

  it('lists and retrieves models', async () => {
    const models = [];
    for await (const model of client.models.list()) models.push(model);
    assert.deepEqual(models.map(model => model.id), ['demo', 'demo-embedding']);
    for (const model of models) {
      assert.equal(model.type, 'model');
      assert.ok(!Number.isNaN(Date.parse(model.created_at)));
    }
    assert.equal((await client.models.retrieve('demo')).display_name, 'demo');
  });

  it('accepts fields without effect and names them', async () => {
    const { data, response } = await create('!echo fine', {
      metadata: { user_id: 'me' }, service_tier: 'auto', temperature: 0.1, top_k: 3, top_p: 0.5, tools: [{ type: 'web_search_20250305', name: 'web_search' }],
    }).withResponse();

    assert.equal(data.content[0].text, 'fine');
    assert.deepEqual(response.headers.get('x-rkllama-ignored').split(', ').sort(), ['temperature', 'tools.web_search_20250305', 'top_k', 'top_p']);
  });
});

describe('anthropic: errors', () => {
  let node, client;
  before(async () => {
    node = await Node.start({ options: ['--queue', '0'] });
    client = clientOf(node);
  });
  after(() => node.stop());

  const create = (content, rest = {}) => client.messages.create({ model: 'demo', max_tokens: 1000, messages: user(content), ...rest });
  const refuses = (promise, status, type, words) => assert.rejects(promise, error => {
    assert.ok(error instanceof Anthropic.APIError, String(error));
    assert.deepEqual({ status: error.status, type: error.type }, { status, type });
    assert.match(error.apiMessage, words);
    assert.equal(error.requestID, error.error.request_id);
    return true;
  });

  it('have the classes and types of the client', async () => {
    await refuses(create('Hello', { model: 'claude-nobody' }), 404, 'not_found_error', /claude-nobody/);
    await refuses(create('Hello', { messages: [] }), 400, 'invalid_request_error', /messages is empty/);
    await refuses(create([{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AA==' } }]), 400, 'invalid_request_error', /takes no image/);
    await refuses(create('word '.repeat(6000)), 400, 'invalid_request_error', /^prompt is too long: [0-9]+ tokens > [0-9]+ maximum/);
    await refuses(create('x'.repeat(9 << 20)), 413, 'request_too_large', /larger/);
    await refuses(client.models.retrieve('nobody'), 404, 'not_found_error', /nobody/);
    await refuses(client.messages.batches.list(), 404, 'not_found_error', /batches/);
    await refuses(create('!fault run_minus1'), 500, 'api_error', /failed/);
  });

  it('the client raises an error inside a stream after the text before it', async () => {
    let text = '';
    await assert.rejects(async () => {
      for await (const event of await create('!fault error_state:5', { stream: true })) text += event.delta?.text ?? '';
    }, error => error instanceof Anthropic.APIError && error.type === 'api_error' && /The answer failed/.test(error.message));
    assert.equal(text, ' 1 2 3 4 5');
  });

  it('leaving a stream frees the NPU', async () => {
    for await (const event of await create('!sleep 20 3000', { stream: true })) if (event.type === 'content_block_delta') break;
    await node.isFree();
  });

  it('a full queue is overloaded, and the client retries after Retry-After', async () => {
    const running = await create('!sleep 20 3000', { stream: true });
    await node.isBusy();
    const { fetch, exchanges } = recorder();
    const answer = clientOf(node, { maxRetries: 3, fetch }).messages.create({ model: 'demo', max_tokens: 100, messages: user('!echo served') });
    await node.until(() => exchanges.length === 1, 'the first attempt should be answered');
    running.controller.abort();

    assert.equal((await answer).content[0].text, 'served');
    assert.equal(exchanges[0].status, 503);
    assert.equal(exchanges[0].body.error.type, 'overloaded_error');
    assert.equal(exchanges.at(-1).status, 200);
  });
});

describe('anthropic: keys', () => {
  let node;
  before(async () => (node = await Node.start({ options: ['--api-key', 'secret'] })));
  after(() => node.stop());

  it('the key of the node is the API key or the auth token', async () => {
    await assert.rejects(clientOf(node, { apiKey: 'wrong' }).models.list(), error => error instanceof Anthropic.AuthenticationError && error.type === 'authentication_error');
    for (const key of [{ apiKey: 'secret' }, { apiKey: null, authToken: 'secret' }]) {
      const models = await clientOf(node, key).models.list();
      assert.equal(models.data.length, 2);
    }
  });
});
