// The official client of OpenAI: tools.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import OpenAI from 'openai';
import { Node } from './support/node.js';

const weather = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'The weather of a city',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
};
const ask = [{ role: 'user', content: '!tool get_weather {"city": "Oslo"}' }];

describe('openai: tools', () => {
  let node, client;
  before(async () => {
    node = await Node.start();
    node.addModel('plain', { settings: 'TEMPLATE="llama-2"\n' });
    client = new OpenAI({ baseURL: node.openai, apiKey: 'none', maxRetries: 0 });
  });
  after(() => node.stop());

  const create = (rest = {}) => client.chat.completions.create({ model: 'demo', messages: ask, tools: [weather], ...rest });

  it('calls a tool, accepts the result and answers', async () => {
    const first = (await create()).choices[0];
    assert.equal(first.finish_reason, 'tool_calls');
    assert.equal(first.message.content, null);
    assert.equal(first.message.tool_calls.length, 1);
    const [call] = first.message.tool_calls;
    assert.equal(call.type, 'function');
    assert.match(call.id, /^call_.{8}/);
    assert.equal(call.function.name, 'get_weather');
    assert.equal(typeof call.function.arguments, 'string');
    assert.deepEqual(JSON.parse(call.function.arguments), { city: 'Oslo' });

    for (const content of ['4 °C, rain', [{ type: 'text', text: '4 °C, rain' }]]) {
      const second = await create({ messages: [...ask, first.message, { role: 'tool', tool_call_id: call.id, content }] });
      assert.equal(second.choices[0].message.content, 'The function answered: 4 °C, rain');
      assert.equal(second.choices[0].finish_reason, 'stop');
    }
  });

  it('puts the tools into the prompt, except with tool_choice none', async () => {
    await create();
    assert.match(node.lastPrompt(), /"name": "get_weather"/);

    const none = await create({ tool_choice: 'none', messages: [{ role: 'user', content: 'Hello' }] });
    assert.doesNotMatch(node.lastPrompt(), /get_weather/);
    assert.equal(none.choices[0].finish_reason, 'stop');
  });

  it('the helper .stream() finds the call by its index, and the call is not content', async () => {
    const stream = client.chat.completions.stream({ model: 'demo', messages: ask, tools: [weather] });
    const contents = [], indices = [];
    stream.on('chunk', chunk => {
      contents.push(chunk.choices[0]?.delta.content ?? '');
      indices.push(...(chunk.choices[0]?.delta.tool_calls ?? []).map(call => call.index));
    });

    const { choices: [choice] } = await stream.finalChatCompletion();
    assert.equal(contents.join(''), '');
    assert.ok(indices.length > 0 && indices.every(index => index === 0));
    assert.equal(choice.finish_reason, 'tool_calls');
    assert.equal(choice.message.tool_calls.length, 1);
    assert.match(choice.message.tool_calls[0].id, /^call_.{8}/);
    assert.equal(choice.message.tool_calls[0].function.name, 'get_weather');
    assert.deepEqual(JSON.parse(choice.message.tool_calls[0].function.arguments), { city: 'Oslo' });
  });

  it('returns two calls of one answer with different ids', async () => {
    const twice = city => `<tool_call>\n{"name": "get_weather", "arguments": {"city": "${city}"}}\n</tool_call>`;
    const messages = [{ role: 'user', content: `!echo ${twice('Oslo')}\n${twice('Rome')}` }];

    const whole = (await create({ messages })).choices[0].message.tool_calls;
    const streamed = (await client.chat.completions.stream({ model: 'demo', messages, tools: [weather] }).finalChatCompletion()).choices[0].message.tool_calls;
    for (const calls of [whole, streamed]) {
      assert.deepEqual(calls.map(call => JSON.parse(call.function.arguments).city), ['Oslo', 'Rome']);
      assert.equal(new Set(calls.map(call => call.id)).size, 2);
    }
  });

  it('.runTools() completes the tool round, in one piece and streaming', async () => {
    for (const stream of [false, true]) {
      const asked = [];
      const runner = client.chat.completions.runTools({
        model: 'demo',
        stream,
        messages: ask,
        tools: [{ type: 'function', function: { ...weather.function, parse: JSON.parse, function: ({ city }) => { asked.push(city); return `It rains in ${city}.`; } } }],
      });

      assert.equal(await runner.finalContent(), 'The function answered: It rains in Oslo.');
      assert.deepEqual(asked, ['Oslo']);
    }
  });

  it('an answer without the call that tool_choice requires is a 422', async () => {
    for (const tool_choice of ['required', { type: 'function', function: { name: 'get_weather' } }]) {
      assert.equal((await create({ tool_choice })).choices[0].message.tool_calls[0].function.name, 'get_weather');
      await assert.rejects(create({ tool_choice, messages: [{ role: 'user', content: 'Hello' }] }), error => error.status === 422 && error.param === 'tool_choice');
    }

    await assert.rejects(create({ tool_choice: { type: 'function', function: { name: 'other' } } }), error => error.status === 400 && error.param === 'tool_choice');
  });

  it('a model without tool support ignores tools and reports it; tool_choice required is a 400', async () => {
    const messages = [{ role: 'user', content: '!echo fine' }];
    const { data, response } = await create({ model: 'plain', messages }).withResponse();
    assert.equal(data.choices[0].message.content, 'fine');
    assert.equal(response.headers.get('x-rkllama-ignored'), 'tools');
    await assert.rejects(create({ model: 'plain', messages, tool_choice: 'required' }), error => error.status === 400 && error.param === 'tool_choice');
  });

  it('accepts an assistant message with calls and absent, null or empty content', async () => {
    const tool_calls = [{ id: 'call_1', type: 'function', function: { name: 'get_weather', arguments: '{"city":"Oslo"}' } }];
    for (const content of [undefined, null, '']) {
      const completion = await create({ messages: [...ask, { role: 'assistant', content, tool_calls }, { role: 'tool', tool_call_id: 'call_1', content: 'rain' }] });
      assert.equal(completion.choices[0].message.content, 'The function answered: rain');
    }
  });
});
