// The official client of OpenAI: chat, streams, thinking, stop sequences, limits, completions and models.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import OpenAI from 'openai';
import { Node } from './support/node.js';

const user = content => [{ role: 'user', content }];

describe('openai: chat', () => {
  let node, client;
  before(async () => {
    node = await Node.start();
    node.addModel('qwen3:1.7b');
    client = new OpenAI({ baseURL: node.openai, apiKey: 'none', maxRetries: 0 });
  });
  after(() => node.stop());

  const create = (content, rest = {}) => client.chat.completions.create({ model: 'demo', messages: user(content), ...rest });
  const collect = async stream => {
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    return chunks;
  };
  const textOf = chunks => chunks.map(chunk => chunk.choices[0]?.delta.content ?? '').join('');

  it('answers in one piece, with usage and a request id', async () => {
    const { data, response, request_id } = await create('What is the capital of France?').withResponse();

    assert.equal(data.object, 'chat.completion');
    assert.equal(data.model, 'demo');
    assert.match(data.id, /^chatcmpl-./);
    assert.ok(Math.abs(data.created - Date.now() / 1000) < 3600);
    assert.deepEqual(data.choices, [
      { index: 0, message: { role: 'assistant', content: 'The capital of France is Paris.', refusal: null }, logprobs: null, finish_reason: 'stop' },
    ]);
    assert.ok(data.usage.prompt_tokens > 0);
    assert.equal(data.usage.completion_tokens, 7);
    assert.equal(data.usage.total_tokens, data.usage.prompt_tokens + 7);
    assert.equal(data.usage.completion_tokens_details.reasoning_tokens, 0);
    assert.equal(typeof data.usage.prompt_tokens_details.cached_tokens, 'number');
    assert.equal(response.headers.get('content-type'), 'application/json');
    assert.ok(request_id, 'x-request-id');
  });

  it('streams with one id, role first, finish reason last, and without usage by default', async () => {
    const chunks = await collect(await create('What is the capital of France?', { stream: true }));

    assert.equal(textOf(chunks), 'The capital of France is Paris.');
    assert.ok(chunks.length > 5, 'a chunk per token');
    assert.equal(new Set(chunks.map(chunk => `${chunk.id} ${chunk.created} ${chunk.model} ${chunk.object}`)).size, 1);
    assert.equal(chunks[0].choices[0].delta.role, 'assistant');
    assert.deepEqual(chunks.map(chunk => chunk.choices[0].finish_reason).filter(Boolean), ['stop']);
    assert.equal(chunks.at(-1).choices[0].finish_reason, 'stop');
    assert.ok(chunks.every(chunk => chunk.choices.length === 1 && !chunk.usage));
  });

  it('streams the usage in a last chunk without choices if include_usage is set', async () => {
    const chunks = await collect(await create('What is the capital of France?', { stream: true, stream_options: { include_usage: true } }));

    assert.deepEqual(chunks.at(-1).choices, []);
    assert.equal(chunks.at(-1).usage.completion_tokens, 7);
    assert.ok(chunks.slice(0, -1).every(chunk => chunk.usage === null));
  });

  it('the helper .stream() finds the finish reason of a stream', async () => {
    const stream = client.chat.completions.stream({ model: 'demo', messages: user('What is the capital of Spain?'), stream_options: { include_usage: true } });
    const deltas = [];
    stream.on('content', delta => deltas.push(delta));

    const completion = await stream.finalChatCompletion();
    assert.equal(completion.choices[0].message.content, 'The capital of Spain is Madrid.');
    assert.equal(deltas.join(''), 'The capital of Spain is Madrid.');
    assert.equal(completion.choices[0].finish_reason, 'stop');
    assert.equal((await stream.totalUsage()).completion_tokens, 7);
  });

  it('uses the conversation, and accepts system and developer messages and content in parts', async () => {
    const completion = await client.chat.completions.create({
      model: 'demo',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'developer', content: [{ type: 'text', text: 'Be kind.' }] },
        { role: 'user', content: [{ type: 'text', text: 'My name is ' }, { type: 'text', text: 'Ada.' }] },
        { role: 'assistant', content: [{ type: 'text', text: 'Hello Ada!' }] },
        { role: 'user', content: 'What is my name?', name: 'Ada' },
      ],
    });

    assert.equal(completion.choices[0].message.content, 'Your name is Ada.');
  });

  it('returns reasoning as reasoning_content and counts its tokens', async () => {
    const completion = await create('!think Paris');

    assert.equal(completion.choices[0].message.content, 'Paris');
    assert.equal(completion.choices[0].message.reasoning_content, 'hm');
    assert.ok(completion.usage.completion_tokens_details.reasoning_tokens > 0);
  });

  it('the helper .stream() collects reasoning_content', async () => {
    const completion = await client.chat.completions.stream({ model: 'demo', messages: user('!think Paris') }).finalChatCompletion();

    assert.equal(completion.choices[0].message.reasoning_content, 'hm');
    assert.equal(completion.choices[0].message.content, 'Paris');
  });

  it('turns thinking off with reasoning_effort none and with chat_template_kwargs', async () => {
    for (const off of [{ reasoning_effort: 'none' }, { chat_template_kwargs: { enable_thinking: false } }]) {
      await create('!echo off', off);
      assert.match(node.lastPrompt(), /<think>\n\n<\/think>\n\n$/);
    }

    await create('!echo on', { reasoning_effort: 'high' });
    assert.doesNotMatch(node.lastPrompt(), /<think>/);
  });

  it('sends no earlier reasoning back to the model', async () => {
    await client.chat.completions.create({
      model: 'demo',
      messages: [
        ...user('!think Paris'),
        { role: 'assistant', content: '<think>\nsecret\n</think>\n\nParis', reasoning_content: 'secret' },
        ...user('!echo done'),
      ],
    });

    assert.doesNotMatch(node.lastPrompt(), /secret/);
  });

  it('ends before a stop sequence that spans several tokens', async () => {
    for (const stop of [['ty of Fr'], 'ty of Fr']) {
      const completion = await create('!echo The capital city of France is Paris.', { stop });
      assert.equal(completion.choices[0].message.content, 'The capital ci');
      assert.equal(completion.choices[0].finish_reason, 'stop');
    }

    const chunks = await collect(await create('!echo The capital city of France is Paris.', { stop: ['nothing', 'ty of Fr'], stream: true }));
    assert.equal(textOf(chunks), 'The capital ci');
  });

  it('ends with length at max_tokens or max_completion_tokens', async () => {
    for (const limit of [{ max_tokens: 3 }, { max_completion_tokens: 3 }, { max_completion_tokens: 3, max_tokens: 9 }]) {
      const completion = await create('!count 20', limit);
      assert.equal(completion.choices[0].message.content, ' 1 2 3');
      assert.equal(completion.choices[0].finish_reason, 'length');
      assert.equal(completion.usage.completion_tokens, 3);
    }

    const chunks = await collect(await create('!count 20', { max_completion_tokens: 3, stream: true }));
    assert.equal(chunks.at(-1).choices[0].finish_reason, 'length');
  });

  it('streams characters that span several tokens as a whole', async () => {
    const chunks = await collect(await create('!emoji 8', { stream: true }));

    assert.equal(textOf(chunks), '😀🚀🌍🎉😀🚀🌍🎉');
    assert.ok(chunks.every(chunk => !/[\uFFFD]|[\uD800-\uDBFF]$/.test(textOf([chunk]))));
  });

  it('accepts logprobs: true and other fields without effect', async () => {
    const { data, response } = await create('!echo fine', {
      logprobs: true, top_logprobs: 2, seed: 1, logit_bias: {}, user: 'me', metadata: { a: 'b' }, store: false, service_tier: 'auto',
      prompt_cache_key: 'k', safety_identifier: 's', parallel_tool_calls: true, modalities: ['text'], n: 1, tools: [], verbosity: 'low',
      prediction: null, audio: null, stop: null, response_format: { type: 'text' }, web_search_options: undefined, unknown_field: 1,
    }).withResponse();

    assert.equal(data.choices[0].message.content, 'fine');
    assert.equal(data.choices[0].logprobs, null);
    assert.match(response.headers.get('x-rkllama-ignored'), /\blogprobs\b/);
  });

  it('answers concurrent requests for two models with the right text each', async () => {
    const numbers = Array.from({ length: 12 }, (_, index) => index);
    const answers = await Promise.all(numbers.map(number => client.chat.completions.create({
      model: number % 2 ? 'demo' : 'qwen3:1.7b', messages: user(`!echo answer ${number}`),
    })));
    assert.deepEqual(answers.map(answer => answer.choices[0].message.content), numbers.map(number => `answer ${number}`));
  });

  it('treats a limit of 0 as no limit', async () => {
    assert.equal((await create('!count 20', { max_tokens: 0 })).choices[0].finish_reason, 'stop');
  });

  it('finds models by other spellings, and returns the spelling of the request', async () => {
    for (const model of ['demo', 'demo:latest', 'DEMO', 'qwen3:1.7b']) {
      const completion = await client.chat.completions.create({ model, messages: user('!echo here') });
      assert.equal(completion.model, model);
    }
  });

  it('completes an unchanged prompt, in one piece and streaming', async () => {
    const whole = await client.completions.create({ model: 'demo', prompt: '!echo as it is', max_tokens: 50, best_of: 1, echo: false, logprobs: null });
    assert.equal(whole.object, 'text_completion');
    assert.equal(whole.choices[0].text, 'as it is');
    assert.equal(whole.choices[0].finish_reason, 'stop');
    assert.equal(node.lastPrompt(), '!echo as it is');
    assert.ok(whole.usage.completion_tokens > 0);

    const chunks = await collect(await client.completions.create({ model: 'demo', prompt: ['!count 20'], max_tokens: 3, stream: true, stream_options: { include_usage: true } }));
    assert.equal(chunks.map(chunk => chunk.choices[0]?.text ?? '').join(''), ' 1 2 3');
    assert.equal(chunks.at(-2).choices[0].finish_reason, 'length');
    assert.equal(chunks.at(-1).usage.completion_tokens, 3);
  });
});

describe('openai: models', () => {
  let node, client;
  before(async () => {
    node = await Node.start();
    node.addModel('qwen3:1.7b');
    node.addModel('a+b c%d');
    client = new OpenAI({ baseURL: node.openai, apiKey: 'none', maxRetries: 0 });
  });
  after(() => node.stop());

  it('lists models with created as an integer', async () => {
    const models = [];
    for await (const model of client.models.list()) models.push(model);

    assert.deepEqual(models.map(model => model.id).sort(), ['a+b c%d', 'demo', 'demo-embedding', 'qwen3:1.7b']);
    for (const model of models) {
      assert.equal(model.object, 'model');
      assert.ok(Number.isInteger(model.created) && model.created > 0);
      assert.equal(typeof model.owned_by, 'string');
    }
  });

  it('retrieves a model with any characters in its name', async () => {
    for (const id of ['demo', 'qwen3:1.7b', 'a+b c%d']) assert.equal((await client.models.retrieve(id)).id, id);
    assert.equal((await client.models.retrieve('demo:latest')).id, 'demo');
  });

  it('decodes %2F in a model id', async () => {
    await assert.rejects(client.models.retrieve('org/model:tag'), error => {
      assert.equal(error.status, 404);
      assert.equal(error.code, 'model_not_found');
      assert.match(error.message, /'org\/model:tag'/);
      return true;
    });

    // The same id without escaping.
    const plain = await fetch(`${node.openai}/models/org/model:tag`);
    assert.equal(plain.status, 404);
    assert.match((await plain.json()).error.message, /'org\/model:tag'/);
  });
});
