// LangChain's client of the Ollama API.
import assert from 'node:assert/strict';
import { after, before, describe, it, mock } from 'node:test';
import { AIMessage, HumanMessage, SystemMessage } from '@langchain/core/messages';
import { tool } from '@langchain/core/tools';
import { ChatOllama, Ollama, OllamaEmbeddings } from '@langchain/ollama';
import { z } from 'zod';
import { city, cityScript } from './support/city.js';
import { Node } from './support/node.js';

const weather = tool(({ city }) => `It rains in ${city}.`, { name: 'get_weather', description: 'The weather of a city', schema: z.object({ city: z.string() }) });
const ask = new HumanMessage('!tool get_weather {"city": "Oslo"}');

describe('@langchain/ollama', () => {
  let node;
  before(async () => {
    node = await Node.start();
    node.addModel('city', { script: cityScript });
  });
  after(() => node.stop());

  const model = (rest = {}) => new ChatOllama({ model: 'demo', baseUrl: node.url, maxRetries: 0, ...rest });
  const collect = async stream => {
    let whole;
    for await (const chunk of await stream) whole = whole ? whole.concat(chunk) : chunk;
    return whole;
  };

  it('answers in one piece and streaming, with usage and timings', async () => {
    const question = [new SystemMessage('Be brief.'), new HumanMessage('What is the capital of France?')];
    for (const answer of [await model().invoke(question), await collect(model().stream(question))]) {
      assert.equal(answer.content, 'The capital of France is Paris.');
      assert.equal(answer.usage_metadata.output_tokens, 7);
      assert.equal(answer.response_metadata.done_reason, 'stop');
      assert.ok(answer.response_metadata.total_duration > 1000);
    }
  });

  it('the client warns of no line in a stream', async () => {
    const warn = mock.method(console, 'warn', () => {});
    await collect(model().stream('!count 30'));
    warn.mock.restore();
    assert.equal(warn.mock.callCount(), 0);
  });

  it('calls a tool, accepts the result and answers, in one piece and streaming', async () => {
    const bound = model().bindTools([weather]);
    for (const call of [await bound.invoke([ask]), await collect(bound.stream([ask]))]) {
      assert.equal(call.content, '');
      assert.equal(call.tool_calls.length, 1);
      assert.deepEqual(call.tool_calls[0].args, { city: 'Oslo' });
      const result = await weather.invoke(call.tool_calls[0]);
      const turn = new AIMessage({ content: call.content, tool_calls: call.tool_calls });

      assert.equal((await bound.invoke([ask, turn, result])).content, 'The function answered: It rains in Oslo.');
      assert.equal((await collect(bound.stream([ask, turn, result]))).content, 'The function answered: It rains in Oslo.');
    }
  });

  it('separates reasoning from the text, and turns it off', async () => {
    const answer = await model({ think: true }).invoke('!think Paris');
    assert.equal(answer.content, 'Paris');
    assert.equal(answer.additional_kwargs.reasoning_content, 'hm');

    await model({ think: false }).invoke('!echo off');
    assert.match(node.lastPrompt(), /<think>\n\n<\/think>\n\n$/);
  });

  for (const method of ['jsonSchema', 'jsonMode', 'functionCalling']) {
    it(`structured output by ${method}`, async () => {
      const question = method === 'functionCalling' ? '!tool city {"name": "Paris", "population": 2100000}' : 'The city in a fence, please.';
      const structured = model({ model: method === 'functionCalling' ? 'demo' : 'city' }).withStructuredOutput(city, { name: 'city', method });
      assert.deepEqual(await structured.invoke(question), { name: 'Paris', population: 2100000 });
    });
  }

  it('accepts every option, and follows stop sequences and the token limit', async () => {
    const every = {
      numCtx: 8192, numGpu: 1, numThread: 4, temperature: 0, topK: 10, topP: 0.5, repeatPenalty: 1.1, repeatLastN: 64, seed: 1, mirostat: 0, keepAlive: '5m', typicalP: 1, tfsZ: 1, penalizeNewline: true,
    };
    assert.equal((await model(every).invoke('!echo The capital city of France', { stop: ['ty of Fr'] })).content, 'The capital ci');
    const short = await model({ numPredict: 3 }).invoke('!count 20');
    assert.equal(short.content, ' 1 2 3');
    assert.equal(short.response_metadata.done_reason, 'length');
  });

  it('follows keepAlive', async () => {
    await model({ keepAlive: 7200 }).invoke('Hello');
    const { models: [running] } = await (await fetch(`${node.ollama}/ps`)).json();
    assert.ok(new Date(running.expires_at) - Date.now() > 7_000_000);
  });

  it('finds an existing model in the list and does not pull it', async () => {
    assert.equal((await model({ checkOrPullModel: true }).invoke('!echo here')).content, 'here');
    await assert.rejects(model({ model: 'nobody', checkOrPullModel: true }).invoke('Hello'), /pull/);
  });

  it('completes a prompt', async () => {
    const llm = new Ollama({ model: 'demo', baseUrl: node.url, maxRetries: 0 });
    assert.equal(await llm.invoke('What is the capital of France?'), 'The capital of France is Paris.');
  });

  it('embeds', async () => {
    const embeddings = new OllamaEmbeddings({ model: 'demo-embedding', baseUrl: node.url, maxRetries: 0 });
    const [query, documents] = [await embeddings.embedQuery('Hello'), await embeddings.embedDocuments(['Hello', 'world'])];

    assert.deepEqual(documents.map(vector => vector.length), [128, 128]);
    assert.deepEqual(documents[0], query);
    await assert.rejects(embeddings.embedQuery('word '.repeat(6000)), /context/);
  });

  it('raises errors before and inside a stream', async () => {
    await assert.rejects(model({ model: 'nobody' }).invoke('Hello'), error => error.status_code === 404 && /nobody/.test(error.message));
    await assert.rejects(model({ keepAlive: 'soon' }).invoke('Hello'), error => error.status_code === 400);
    await assert.rejects(model().invoke('word '.repeat(6000)), error => error.status_code === 400 && /context length/.test(error.message));
    for (const act of [() => model().invoke('!fault error_state:5'), () => collect(model().stream('!fault error_state:5'))]) await assert.rejects(act, /The answer failed/);
  });

  it('an abort frees the NPU, in one piece and streaming', async () => {
    for (const act of [signal => model().invoke('!sleep 20 3000', { signal }), signal => collect(model().stream('!sleep 20 3000', { signal }))]) {
      const abort = new AbortController();
      const ended = act(abort.signal).catch(() => {});
      await node.isBusy();
      abort.abort();
      await ended;
      await node.isFree();
    }
  });
});
