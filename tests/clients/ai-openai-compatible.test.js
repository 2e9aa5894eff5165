// Vercel's AI SDK with its provider for servers that speak the OpenAI API.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { APICallError, embed, embedMany, generateObject, generateText, NoObjectGeneratedError, Output, RetryError, stepCountIs, streamObject, streamText, tool } from 'ai';
import { z } from 'zod';
import { city, cityScript, patternCity } from './support/city.js';
import { Node } from './support/node.js';
import { recorder } from './support/recorder.js';

const question = 'What is the capital of France?';
const answer = 'The capital of France is Paris.';

describe('ai with @ai-sdk/openai-compatible', () => {
  let node, provider;
  before(async () => {
    node = await Node.start({ options: ['--queue', '0'] });
    node.addModel('city', { script: cityScript });
    provider = create();
  });
  after(() => node.stop());

  const create = (rest = {}) => createOpenAICompatible({ name: 'rkllama', baseURL: node.openai, apiKey: 'none', includeUsage: true, supportsStructuredOutputs: true, ...rest });
  const ask = (prompt, rest = {}) => ({ model: provider('demo'), prompt, maxRetries: 0, ...rest });

  // A stream reports errors separately from its text. Returns both.
  const read = async options => {
    const errors = [];
    const result = streamText({ onError: ({ error }) => errors.push(error), ...options });
    let text = '';
    try {
      for await (const part of result.textStream) text += part;
    } catch (error) {
      errors.push(error);
    }
    return { result, text, errors };
  };
  const isRefusal = (status, text) => error => APICallError.isInstance(error) && error.statusCode === status && text.test(error.message);

  it('generates text, with usage', async () => {
    const result = await generateText(ask(question, { system: 'Be brief.' }));

    assert.equal(result.text, answer);
    assert.equal(result.finishReason, 'stop');
    assert.equal(result.usage.outputTokens, 7);
    assert.equal(result.usage.totalTokens, result.usage.inputTokens + 7);
    assert.equal(result.response.modelId, 'demo');
    assert.match(result.response.id, /^chatcmpl-/);
  });

  it('a stream ends with the finish reason stop', async () => {
    const { result, text } = await read(ask(question));

    assert.equal(text, answer);
    assert.equal(await result.finishReason, 'stop');
    assert.equal((await result.usage).outputTokens, 7);
  });

  const weather = asked => tool({ description: 'The weather of a city', inputSchema: z.object({ city: z.string() }), execute: ({ city }) => (asked.push(city), `It rains in ${city}.`) });

  it('the client completes a tool round, in one piece and streaming', async () => {
    for (const act of [generateText, async options => (await read(options)).result]) {
      const asked = [];
      const result = await act(ask('!tool get_weather {"city": "Oslo"}', { tools: { get_weather: weather(asked) }, stopWhen: stepCountIs(3) }));

      assert.deepEqual(asked, ['Oslo']);
      assert.equal(await result.text, 'The function answered: It rains in Oslo.');
      assert.deepEqual((await result.steps).map(step => step.finishReason), ['tool-calls', 'stop']);
      const [first] = await result.steps;
      assert.equal(first.text, '');
      assert.match(first.toolCalls[0].toolCallId, /^call_.{8}/);
    }
  });

  it('follows toolChoice required', async () => {
    const asked = [];
    await generateText(ask('!tool get_weather {"city": "Oslo"}', { tools: { get_weather: weather(asked) }, toolChoice: 'required' }));
    assert.deepEqual(asked, ['Oslo']);
    await assert.rejects(generateText(ask('Hello', { tools: { get_weather: weather(asked) }, toolChoice: 'required' })), isRefusal(422, /tool_choice/));
  });

  it('separates reasoning from the text, in one piece and streaming', async () => {
    for (const act of [generateText, async options => (await read(options)).result]) {
      const result = await act(ask('!think Paris', { providerOptions: { rkllama: { reasoningEffort: 'high' } } }));
      assert.equal(await result.text, 'Paris');
      assert.equal(await result.reasoningText, 'hm');
    }
  });

  it('generates objects with and without a schema, streaming, and with generateText', async () => {
    const paris = { name: 'Paris', population: 2100000 };
    const model = provider('city');
    assert.deepEqual((await generateObject({ model, prompt: 'The city, please.', schema: city, maxRetries: 0 })).object, paris);
    assert.deepEqual((await generateObject({ model: create({ supportsStructuredOutputs: false })('city'), prompt: 'The city in a fence, please.', schema: city, maxRetries: 0 })).object, paris);
    assert.deepEqual((await generateObject({ model, prompt: 'The city, please.', output: 'no-schema', maxRetries: 0 })).object, paris);
    const streamed = streamObject({ model, prompt: 'The city, please.', schema: city, maxRetries: 0 });
    for await (const partial of streamed.partialObjectStream) assert.ok(partial);
    assert.deepEqual(await streamed.object, paris);
    assert.deepEqual((await generateText({ model, prompt: 'The city, please.', output: Output.object({ schema: city }), maxRetries: 0 })).output, paris);
  });

  it('raises an error if the output violates a schema with a pattern', async () => {
    await assert.rejects(generateObject({ model: provider('city'), prompt: 'The weather, please.', schema: patternCity, maxRetries: 0 }), error => APICallError.isInstance(error) && !NoObjectGeneratedError.isInstance(error));
  });

  it('follows stop sequences and the token limit, and accepts the other options', async () => {
    assert.equal((await generateText(ask('!echo The capital city of France', { stopSequences: ['ty of Fr'] }))).text, 'The capital ci');
    const short = await generateText(ask('!count 20', { maxOutputTokens: 3, temperature: 0, topP: 0.5, frequencyPenalty: 0.1, presencePenalty: 0.1, seed: 1 }));
    assert.equal(short.text, ' 1 2 3');
    assert.equal(short.finishReason, 'length');
    assert.match(short.response.headers['x-rkllama-ignored'], /temperature/);
  });

  it('completes prompts, in one piece and streaming', async () => {
    const model = provider.completionModel('demo');
    assert.match((await generateText({ model, prompt: question, maxRetries: 0 })).text, /Paris/);
    assert.match((await read({ model, prompt: question, maxRetries: 0 })).text, /Paris/);
  });

  it('embeds one text and several', async () => {
    const model = provider.embeddingModel('demo-embedding');
    const one = await embed({ model, value: 'Hello', maxRetries: 0 });
    const many = await embedMany({ model, values: ['Hello', 'world'], maxRetries: 0 });

    assert.equal(one.embedding.length, 128);
    assert.ok(one.usage.tokens > 0);
    assert.deepEqual(many.embeddings[0], one.embedding);
    assert.equal(many.embeddings.length, 2);
  });

  it('raises errors with their status and text', async () => {
    await assert.rejects(generateText({ model: provider('nobody'), prompt: 'Hello', maxRetries: 0 }), isRefusal(404, /nobody/));
    await assert.rejects(generateText(ask('Hello', { temperature: 9 })), isRefusal(400, /temperature/));
    await assert.rejects(generateText(ask('word '.repeat(6000))), isRefusal(400, /context length/));
    await assert.rejects(embed({ model: provider.embeddingModel('nobody'), value: 'Hello', maxRetries: 0 }), isRefusal(404, /nobody/));
  });

  it('reports an error inside a stream after the text before it', async () => {
    const { result, text, errors } = await read(ask('!fault error_state:5'));

    assert.equal(text, ' 1 2 3 4 5');
    assert.match(String(errors[0]?.message ?? errors[0]), /The answer failed/);
    assert.notEqual(await result.finishReason.then(reason => reason, () => 'rejected'), 'stop');
  });

  it('an abort frees the NPU, in one piece and streaming', async () => {
    for (const act of [generateText, read]) {
      const abort = new AbortController();
      const ended = act(ask('!sleep 20 3000', { abortSignal: abort.signal })).catch(() => {});
      await node.isBusy();
      abort.abort();
      await ended;
      await node.isFree();
    }
  });

  it('Retry-After is at most 60, and the client retries after it', async () => {
    const { fetch, exchanges } = recorder();
    const abort = new AbortController();
    const running = read(ask('!sleep 20 3000', { abortSignal: abort.signal }));
    await node.isBusy();
    const served = generateText({ model: create({ fetch })('demo'), prompt: '!echo served', maxRetries: 3 });
    await node.until(() => exchanges.length === 1, 'the first attempt should be answered');
    abort.abort();
    await running;

    assert.equal((await served).text, 'served');
    assert.equal(exchanges[0].status, 503);
    const seconds = Number(exchanges[0].headers.get('retry-after'));
    assert.ok(seconds >= 1 && seconds <= 60);
    assert.ok(exchanges[1].start - exchanges[0].end >= seconds * 1000 - 50);
  });

  it('does not retry an unknown model', async () => {
    const { fetch, exchanges } = recorder();
    await assert.rejects(generateText({ model: create({ fetch })('nobody'), prompt: 'Hello', maxRetries: 3 }), error => !RetryError.isInstance(error));
    assert.equal(exchanges.length, 1);
  });
});
