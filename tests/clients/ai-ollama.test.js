// Vercel's AI SDK with a provider for the Ollama API.
import assert from 'node:assert/strict';
import { after, before, describe, it, mock } from 'node:test';
import { APICallError, embed, embedMany, generateObject, generateText, stepCountIs, streamObject, streamText, tool } from 'ai';
import { createOllama } from 'ollama-ai-provider-v2';
import { z } from 'zod';
import { city, cityScript } from './support/city.js';
import { Node } from './support/node.js';
import { recorder } from './support/recorder.js';

const question = 'What is the capital of France?';
const answer = 'The capital of France is Paris.';

describe('ai with ollama-ai-provider-v2', () => {
  let node, provider;
  before(async () => {
    node = await Node.start();
    node.addModel('city', { script: cityScript });
    provider = createOllama({ baseURL: node.ollama });
  });
  after(() => node.stop());

  const ask = (prompt, rest = {}) => ({ model: provider('demo'), prompt, maxRetries: 0, ...rest });
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

  it('generates and streams text, with usage', async () => {
    for (const act of [generateText, async options => (await read(options)).result]) {
      const result = await act(ask(question, { system: 'Be brief.' }));
      assert.equal(await result.text, answer);
      assert.equal(await result.finishReason, 'stop');
      assert.equal((await result.usage).outputTokens, 7);
      assert.ok((await result.usage).inputTokens > 0);
    }
  });

  it('with think: false, which this client always sends, a model answers without reasoning', async () => {
    const { fetch, exchanges } = recorder();
    await generateText({ model: createOllama({ baseURL: node.ollama, fetch })('demo'), prompt: question, maxRetries: 0 });

    assert.equal(exchanges[0].sent.think, false);
    assert.equal(exchanges[0].status, 200);
    assert.match(node.lastPrompt(), /<think>\n\n<\/think>\n\n$/);
  });

  it('separates reasoning from the text if thinking is on', async () => {
    for (const act of [generateText, async options => (await read(options)).result]) {
      const result = await act(ask('!think Paris', { providerOptions: { ollama: { think: true } } }));
      assert.equal(await result.text, 'Paris');
      assert.equal(await result.reasoningText, 'hm');
    }
  });

  it('the client can read all lines; it would drop others silently', async () => {
    const warn = mock.method(console, 'warn', () => {});
    const { text } = await read(ask('!count 30'));
    const completion = await read({ model: provider.completion('demo'), prompt: question, maxRetries: 0 });
    warn.mock.restore();

    assert.equal(warn.mock.callCount(), 0);
    assert.equal(text, Array.from({ length: 30 }, (_, index) => ` ${index + 1}`).join(''));
    assert.equal(completion.errors.length, 0);
    assert.match(completion.text, /Paris/);
  });

  it('completes a prompt', async () => {
    assert.match((await generateText({ model: provider.completion('demo'), prompt: question, maxRetries: 0 })).text, /Paris/);
  });

  it('runs a tool and answers with its result, in one piece and streaming', async () => {
    for (const act of [generateText, async options => (await read(options)).result]) {
      const asked = [];
      const get_weather = tool({ description: 'The weather', inputSchema: z.object({ city: z.string() }), execute: ({ city }) => (asked.push(city), `It rains in ${city}.`) });
      const result = await act(ask('!tool get_weather {"city": "Oslo"}', { tools: { get_weather }, stopWhen: stepCountIs(3) }));

      assert.deepEqual(asked, ['Oslo']);
      assert.equal(await result.text, 'The function answered: It rains in Oslo.');
      assert.deepEqual((await result.steps).map(step => step.finishReason), ['tool-calls', 'stop']);
    }
  });

  it('generates objects, in one piece and streaming', async () => {
    const paris = { name: 'Paris', population: 2100000 };
    const model = provider('city');
    assert.deepEqual((await generateObject({ model, prompt: 'The city in a fence, please.', schema: city, maxRetries: 0 })).object, paris);
    const streamed = streamObject({ model, prompt: 'The city, please.', schema: city, maxRetries: 0 });
    for await (const partial of streamed.partialObjectStream) assert.ok(partial);
    assert.deepEqual(await streamed.object, paris);
    assert.deepEqual((await generateObject({ model, prompt: 'The city, please.', output: 'no-schema', maxRetries: 0 })).object, paris);
  });

  it('follows stop and num_predict in the options of Ollama', async () => {
    const options = set => ({ providerOptions: { ollama: { options: set } } });
    assert.equal((await generateText(ask('!echo The capital city of France', options({ stop: ['ty of Fr'], num_ctx: 100_000, temperature: 0 })))).text, 'The capital ci');
    const short = await generateText(ask('!count 20', options({ num_predict: 3 })));
    assert.equal(short.text, ' 1 2 3');
    assert.equal(short.finishReason, 'length');
  });

  it('embeds one text and several', async () => {
    const model = provider.embeddingModel('demo-embedding');
    const one = await embed({ model, value: 'Hello', maxRetries: 0 });
    const many = await embedMany({ model, values: ['Hello', 'world'], maxRetries: 0 });

    assert.equal(one.embedding.length, 128);
    assert.deepEqual(many.embeddings[0], one.embedding);
  });

  it('raises errors with their status', async () => {
    const isRefusal = (status, text) => error => APICallError.isInstance(error) && error.statusCode === status && text.test(error.responseBody);
    await assert.rejects(generateText({ model: provider('nobody'), prompt: 'Hello', maxRetries: 0 }), isRefusal(404, /model 'nobody' not found/));
    await assert.rejects(generateText(ask('word '.repeat(6000))), isRefusal(400, /context length/));
    await assert.rejects(generateText(ask('Hello', { providerOptions: { ollama: { options: { top_p: 7 } } } })), isRefusal(400, /top_p/));
    assert.equal((await read({ model: provider('nobody'), prompt: 'Hello', maxRetries: 0 })).errors[0].statusCode, 404);
  });

  it('an error inside a stream is reported by the cut connection, because this client ignores the error line', async () => {
    const warn = mock.method(console, 'warn', () => {});
    const { result, text, errors } = await read(ask('!fault error_state:5'));
    warn.mock.restore();

    assert.equal(text, ' 1 2 3 4 5');
    assert.equal(errors.length, 1, 'the broken connection');
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
});
