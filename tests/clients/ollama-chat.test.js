// The official client of Ollama: chat, generate, thinking, tools, structured output.
import assert from 'node:assert/strict';
import { after, before, describe, it, mock } from 'node:test';
import { Ollama } from 'ollama';
import { z } from 'zod';
import { city, cityScript, patternCity } from './support/city.js';
import { Node } from './support/node.js';

const user = content => [{ role: 'user', content }];
const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/;

function assertEnd(reply, reason = 'stop') {
  assert.equal(reply.done, true);
  assert.equal(reply.done_reason, reason);
  for (const figure of ['total_duration', 'load_duration', 'prompt_eval_count', 'prompt_eval_duration', 'eval_count', 'eval_duration'])
    assert.ok(Number.isInteger(reply[figure]) && reply[figure] >= 0, `${figure}: ${reply[figure]}`);
  assert.ok(reply.total_duration > 1000, 'nanoseconds');
}

describe('ollama: chat', () => {
  let node, client;
  before(async () => {
    node = await Node.start();
    node.addModel('city', { script: cityScript });
    client = new Ollama({ host: node.url });
  });
  after(() => node.stop());

  const chat = (content, rest = {}) => client.chat({ model: 'demo', messages: user(content), ...rest });
  const collect = async stream => {
    const parts = [];
    for await (const part of await stream) parts.push(part);
    return parts;
  };
  const textOf = parts => parts.map(part => part.message?.content ?? part.response).join('');

  it('answers in one piece', async () => {
    const reply = await chat('What is the capital of France?');

    assert.equal(reply.model, 'demo');
    assert.match(reply.created_at, rfc3339);
    assert.deepEqual(reply.message, { role: 'assistant', content: 'The capital of France is Paris.' });
    assertEnd(reply);
    assert.equal(reply.eval_count, 7);
  });

  it('a stream has no blank lines and ends with done: true', async () => {
    const warn = mock.method(console, 'warn', () => {});
    const parts = await collect(chat('What is the capital of France?', { stream: true }));
    warn.mock.restore();

    assert.equal(warn.mock.callCount(), 0, 'the client warns of lines that are not JSON');
    assert.equal(textOf(parts), 'The capital of France is Paris.');
    assert.ok(parts.length > 5, 'a line per token');
    assert.deepEqual(parts.map(part => part.done).filter(Boolean), [true]);
    assert.ok(parts.every(part => part.model === 'demo' && part.message.role === 'assistant'));
    assertEnd(parts.at(-1));
  });

  it('created_at is RFC 3339 on every line', async () => {
    for (const part of await collect(chat('!count 3', { stream: true }))) assert.match(part.created_at, rfc3339);
  });

  it('stream is on by default, and off on /v1', async () => {
    const response = await fetch(`${node.ollama}/chat`, { method: 'POST', body: JSON.stringify({ model: 'demo', messages: user('!count 3') }) });
    assert.equal(response.headers.get('content-type'), 'application/x-ndjson');
    const lines = (await response.text()).trimEnd().split('\n').map(JSON.parse);
    assert.ok(lines.length > 3);

    const whole = await fetch(`${node.openai}/chat/completions`, { method: 'POST', body: JSON.stringify({ model: 'demo', messages: user('!count 3') }) });
    assert.equal((await whole.json()).object, 'chat.completion');
  });

  it('accepts nulls, empty strings and unknown fields', async () => {
    const reply = await chat('!echo fine', {
      format: '', options: null, think: false, tools: null, keep_alive: null, truncate: true, shift: true, logprobs: false, CustomHeaders: {},
    });
    assert.equal(reply.message.content, 'fine');
  });

  it('accepts every option, a large context and :latest; a wrong type is a 400 that names the option', async () => {
    const reply = await client.chat({
      model: 'Demo:latest',
      messages: user('!echo fine'),
      options: { num_ctx: 1_000_000, num_gpu: 1, num_thread: 4, temperature: 0, top_k: 10, top_p: 0.5, min_p: 0.1, typical_p: 1, repeat_last_n: 64, repeat_penalty: 1.1, seed: 3, num_keep: 4, num_predict: -1, stop: [], mirostat: 0, nonsense: true },
    });
    assert.equal(reply.message.content, 'fine');
    assert.equal(reply.model, 'Demo:latest');

    await assert.rejects(chat('Hello', { options: { temperature: 'hot' } }), error => error.status_code === 400 && /temperature/.test(error.message));
  });

  it('stops at a stop sequence and at num_predict', async () => {
    assert.equal((await chat('!echo The capital city of France', { options: { stop: ['ty of Fr'] } })).message.content, 'The capital ci');

    const short = await chat('!count 20', { options: { num_predict: 3 } });
    assert.equal(short.message.content, ' 1 2 3');
    assertEnd(short, 'length');
    assertEnd((await collect(chat('!count 20', { options: { num_predict: 3 }, stream: true }))).at(-1), 'length');
  });

  it('keeps the conversation', async () => {
    const reply = await client.chat({ model: 'demo', messages: [{ role: 'system', content: 'Be brief.' }, ...user('My name is Ada.'), { role: 'assistant', content: 'Hello Ada!' }, ...user('What is my name?')] });
    assert.equal(reply.message.content, 'Your name is Ada.');
  });

  it('returns reasoning in the field thinking, in one piece and streaming', async () => {
    const whole = await chat('!think Paris', { think: true });
    assert.equal(whole.message.thinking, 'hm');
    assert.equal(whole.message.content, 'Paris');

    const parts = await collect(chat('!think Paris', { think: 'high', stream: true }));
    assert.equal(parts.map(part => part.message.thinking ?? '').join(''), 'hm');
    assert.equal(textOf(parts), 'Paris');
  });

  it('turns thinking off with think false', async () => {
    await chat('!echo off', { think: false });
    assert.match(node.lastPrompt(), /<think>\n\n<\/think>\n\n$/);
    await chat('!echo on', { think: true });
    assert.doesNotMatch(node.lastPrompt(), /<think>/);
  });

  const tools = [{ type: 'function', function: { name: 'get_weather', description: 'The weather', parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } } }];

  it('calls a tool with an object as arguments, accepts the result and answers', async () => {
    const ask = user('!tool get_weather {"city": "Oslo"}');
    const whole = (await client.chat({ model: 'demo', messages: ask, tools })).message;
    const streamed = (await collect(client.chat({ model: 'demo', messages: ask, tools, stream: true }))).map(part => part.message);
    assert.equal(streamed.map(message => message.content).join(''), '', 'nothing of the call is content');
    assert.equal(whole.content, '');

    for (const calls of [whole.tool_calls, streamed.flatMap(message => message.tool_calls ?? [])]) {
      assert.equal(calls.length, 1);
      assert.equal(calls[0].function.name, 'get_weather');
      assert.deepEqual(calls[0].function.arguments, { city: 'Oslo' });

      // Clients send the name of the tool, the id of the call, or neither.
      for (const whose of [{ tool_name: 'get_weather' }, { tool_call_id: calls[0].id }, {}]) {
        const last = await client.chat({ model: 'demo', tools, messages: [...ask, { role: 'assistant', content: '', tool_calls: calls }, { role: 'tool', content: 'rain', ...whose }] });
        assert.equal(last.message.content, 'The function answered: rain');
        assertEnd(last);
      }
    }
  });

  it('format json and a schema give matching JSON, in one piece and streaming', async () => {
    for (const format of ['json', z.toJSONSchema(city)]) {
      const whole = await client.chat({ model: 'city', messages: user('The city, please.'), format });
      assert.deepEqual(city.parse(JSON.parse(whole.message.content)), { name: 'Paris', population: 2100000 });
      const parts = await collect(client.chat({ model: 'city', messages: user('The city in a fence, please.'), format, stream: true }));
      assert.deepEqual(city.parse(JSON.parse(textOf(parts))), { name: 'Paris', population: 2100000 });
    }

    await assert.rejects(client.chat({ model: 'city', messages: user('The city, please.'), format: 'xml' }), error => error.status_code === 400);
    await assert.rejects(client.chat({ model: 'city', messages: user('The weather, please.'), format: z.toJSONSchema(patternCity) }), error => error.status_code >= 400);
  });
});

describe('ollama: generate', () => {
  let node, client;
  before(async () => {
    node = await Node.start();
    client = new Ollama({ host: node.url });
  });
  after(() => node.stop());

  const generate = (prompt, rest = {}) => client.generate({ model: 'demo', prompt, ...rest });

  it('answers one turn, in one piece and streaming', async () => {
    const whole = await generate('What is the capital of France?', { system: 'Be brief.' });
    assert.equal(whole.response, 'The capital of France is Paris.');
    assertEnd(whole);
    assert.match(node.lastPrompt(), /Be brief\./);

    let text = '', last;
    for await (const part of await generate('What is the capital of France?', { stream: true })) {
      text += part.response;
      last = part;
    }
    assert.equal(text, 'The capital of France is Paris.');
    assertEnd(last);
  });

  it('raw sends the prompt unchanged and refuses a system prompt', async () => {
    assert.equal((await generate('!echo as it is', { raw: true })).response, 'as it is');
    assert.equal(node.lastPrompt(), '!echo as it is');
    await assert.rejects(generate('Hello', { raw: true, system: 'Be brief.' }), /raw mode does not support template, system, or context/);
  });

  it('separates reasoning from the response', async () => {
    const reply = await generate('!think Paris', { think: true });
    assert.equal(reply.thinking, 'hm');
    assert.equal(reply.response, 'Paris');
  });

  it('loads and unloads with an empty prompt, and follows keep_alive', async () => {
    const loaded = await generate('', { keep_alive: '1h' });
    assert.equal(loaded.done_reason, 'load');
    assert.equal(loaded.done, true);
    const [running] = (await client.ps()).models;
    assert.equal(running.name, 'demo:latest');
    assert.match(running.expires_at, rfc3339);
    const left = new Date(running.expires_at) - Date.now();
    assert.ok(left > 3_000_000 && left <= 3_600_000, String(left));
    assert.ok(Number.isInteger(running.size_vram));
    assert.ok(running.context_length > 0);

    for (const forever of [-1, '-1', '-1m']) {
      await generate('Hello', { keep_alive: forever });
      assert.ok(new Date((await client.ps()).models[0].expires_at) - Date.now() > 1e12, String(forever));
    }

    const unloaded = await generate('', { keep_alive: 0 });
    assert.equal(unloaded.done_reason, 'unload');
    assert.deepEqual((await client.ps()).models, []);

    // keep_alive 0 also unloads after an answer. chat behaves the same.
    await generate('Hello', { keep_alive: '0s' });
    await node.until(async () => (await client.ps()).models.length === 0, 'the model should go after the answer');
    assert.equal((await client.chat({ model: 'demo', messages: [] })).done_reason, 'load');
    assert.equal((await client.chat({ model: 'demo', messages: [], keep_alive: 0 })).done_reason, 'unload');

    await assert.rejects(generate('Hello', { keep_alive: 'soon' }), error => error.status_code === 400 && /keep_alive/.test(error.message));
  });
});
