// The official client of OpenAI: the stateless responses API.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import OpenAI from 'openai';
import { Node } from './support/node.js';

const weather = { type: 'function', name: 'get_weather', description: 'The weather of a city', strict: true, parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false } };

describe('openai: responses', () => {
  let node, client;
  before(async () => {
    node = await Node.start();
    client = new OpenAI({ baseURL: node.openai, apiKey: 'none', maxRetries: 0 });
  });
  after(() => node.stop());

  const create = (input, rest = {}) => client.responses.create({ model: 'demo', input, ...rest });

  it('answers a text in one piece', async () => {
    const response = await create('What is the capital of France?');

    assert.equal(response.object, 'response');
    assert.match(response.id, /^resp_./);
    assert.equal(response.model, 'demo');
    assert.equal(response.status, 'completed');
    assert.equal(response.error, null);
    assert.equal(response.output_text, 'The capital of France is Paris.');
    assert.ok(Number.isInteger(response.created_at));
    const [message] = response.output;
    assert.equal(message.type, 'message');
    assert.equal(message.role, 'assistant');
    assert.equal(message.status, 'completed');
    assert.ok(message.id);
    assert.deepEqual(message.content.map(part => part.type), ['output_text']);
    assert.deepEqual(message.content[0].annotations, []);
    assert.equal(response.usage.output_tokens, 7);
    assert.equal(response.usage.total_tokens, response.usage.input_tokens + 7);
    assert.equal(typeof response.usage.input_tokens_details.cached_tokens, 'number');
    assert.equal(typeof response.usage.output_tokens_details.reasoning_tokens, 'number');
  });

  it('streams numbered events in order, with one id', async () => {
    const events = [];
    for await (const event of await create('What is the capital of France?', { stream: true })) events.push(event);

    const types = events.map(event => event.type);
    const deltas = events.filter(event => event.type === 'response.output_text.delta');
    assert.deepEqual(events.map(event => event.sequence_number), events.map((_, index) => events[0].sequence_number + index));
    assert.deepEqual(types.filter((type, index) => type !== types[index - 1]), [
      'response.created', 'response.in_progress', 'response.output_item.added', 'response.content_part.added', 'response.output_text.delta',
      'response.output_text.done', 'response.content_part.done', 'response.output_item.done', 'response.completed',
    ].filter(type => type !== 'response.in_progress' || types.includes(type)));
    assert.ok(deltas.length > 5, 'an event per token');
    assert.equal(deltas.map(event => event.delta).join(''), 'The capital of France is Paris.');
    assert.equal(events.find(event => event.type === 'response.output_text.done').text, 'The capital of France is Paris.');
    assert.equal(new Set(events.map(event => event.response?.id).filter(Boolean)).size, 1);
    assert.equal(new Set(events.map(event => event.item_id).filter(Boolean)).size, 1);
    const { response } = events.at(-1);
    assert.equal(response.status, 'completed');
    assert.equal(response.output[0].content[0].text, 'The capital of France is Paris.');
    assert.equal(response.usage.output_tokens, 7);
  });

  it('the helper .stream() assembles the response', async () => {
    const response = await client.responses.stream({ model: 'demo', input: 'What is the capital of Spain?' }).finalResponse();
    assert.equal(response.output_text, 'The capital of Spain is Madrid.');
    assert.equal(response.status, 'completed');
  });

  it('accepts instructions, and a conversation of all item types', async () => {
    const response = await create(
      [
        { role: 'developer', content: 'Be kind.' },
        { role: 'user', content: [{ type: 'input_text', text: 'My name is Ada.' }] },
        { type: 'message', id: 'msg_1', status: 'completed', role: 'assistant', content: [{ type: 'output_text', text: 'Hello Ada!', annotations: [] }] },
        { type: 'message', role: 'user', content: 'What is my name?' },
      ],
      { instructions: 'Be brief.' });

    assert.equal(response.output_text, 'Your name is Ada.');
    assert.match(node.lastPrompt(), /Be brief\.[^]*Be kind\.[^]*Hello Ada!/);
  });

  it('calls a function, accepts its output and answers', async () => {
    const input = [{ role: 'user', content: '!tool get_weather {"city": "Oslo"}' }];
    const whole = await create(input, { tools: [weather] });
    const streamed = await client.responses.stream({ model: 'demo', input, tools: [weather] }).finalResponse();
    for (const response of [whole, streamed]) {
      assert.equal(response.status, 'completed');
      assert.equal(response.output_text, '', 'nothing of the call is text');
      const [call] = response.output.filter(item => item.type === 'function_call');
      assert.equal(call.name, 'get_weather');
      assert.ok(call.call_id);
      assert.deepEqual(JSON.parse(call.arguments), { city: 'Oslo' });

      const second = await create([...input, ...response.output, { type: 'function_call_output', call_id: call.call_id, output: 'rain' }], { tools: [weather] });
      assert.equal(second.output_text, 'The function answered: rain');
    }
  });

  it('counts reasoning tokens and keeps reasoning out of the text', async () => {
    const whole = await create('!think Paris', { reasoning: { effort: 'high' } });
    const streamed = await client.responses.stream({ model: 'demo', input: '!think Paris' }).finalResponse();
    for (const response of [whole, streamed]) {
      assert.equal(response.output_text, 'Paris');
      assert.ok(response.usage.output_tokens_details.reasoning_tokens > 0);
      assert.ok(response.output.some(item => item.type === 'reasoning'));
    }

    await create('!echo off', { reasoning: { effort: 'none' } });
    assert.match(node.lastPrompt(), /<think>\n\n<\/think>\n\n$/);
  });

  it('ends incomplete at max_output_tokens', async () => {
    const whole = await create('!count 40', { max_output_tokens: 20 });
    const streamed = await client.responses.stream({ model: 'demo', input: '!count 40', max_output_tokens: 20 }).finalResponse();
    for (const response of [whole, streamed]) {
      assert.equal(response.status, 'incomplete');
      assert.equal(response.incomplete_details.reason, 'max_output_tokens');
      assert.equal(response.usage.output_tokens, 20);
      assert.match(response.output_text, / 20$/);
    }
  });

  it('accepts fields without effect, and refuses fields that need stored state', async () => {
    const response = await create('!echo fine', { store: false, user: 'me', metadata: {}, include: [], truncation: 'disabled', parallel_tool_calls: true, temperature: 0.5, top_p: 0.5, text: { format: { type: 'text' } } });
    assert.equal(response.output_text, 'fine');

    await assert.rejects(create('Hello', { previous_response_id: 'resp_1' }), error => error.status === 400 && error.param === 'previous_response_id');
    await assert.rejects(create('Hello', { conversation: 'conv_1' }), error => error.status === 400 && error.param === 'conversation');
  });

  it('raises errors in the format of the API, before and inside a stream', async () => {
    await assert.rejects(create('Hello', { model: 'nobody' }), error => error.status === 404 && error.code === 'model_not_found');
    await assert.rejects(create(7), error => error.status === 400 && error.param === 'input');
    await assert.rejects(create([]), error => error.status === 400 && error.param === 'input');
    await assert.rejects(create('word '.repeat(6000)), error => error.status === 400 && error.code === 'context_length_exceeded');

    let text = '';
    await assert.rejects(async () => {
      for await (const event of await create('!fault error_state:5', { stream: true })) {
        if (event.type === 'response.output_text.delta') text += event.delta;
        assert.notEqual(event.type, 'response.completed');
      }
    });
    assert.equal(text, ' 1 2 3 4 5');
  });

  it('an abort frees the NPU', async () => {
    for await (const event of await create('!sleep 20 3000', { stream: true })) if (event.type === 'response.output_text.delta') break;
    await node.isFree();
  });
});
