// LangChain's client of the OpenAI API.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { AIMessage, HumanMessage, SystemMessage, ToolMessage } from '@langchain/core/messages';
import { tool } from '@langchain/core/tools';
import { ChatOpenAI, OpenAI, OpenAIEmbeddings } from '@langchain/openai';
import { z } from 'zod';
import { city, cityScript } from './support/city.js';
import { Node } from './support/node.js';
import { recorder } from './support/recorder.js';

const weather = tool(({ city }) => `It rains in ${city}.`, { name: 'get_weather', description: 'The weather of a city', schema: z.object({ city: z.string() }) });
const ask = new HumanMessage('!tool get_weather {"city": "Oslo"}');

describe('@langchain/openai', () => {
  let node;
  before(async () => {
    node = await Node.start({ options: ['--queue', '1'] });
    node.addModel('city', { script: cityScript });
  });
  after(() => node.stop());

  const model = ({ configuration, ...rest } = {}) =>
    new ChatOpenAI({ model: 'demo', apiKey: 'none', maxRetries: 0, configuration: { baseURL: node.openai, ...configuration }, ...rest });
  const collect = async stream => {
    let whole;
    for await (const chunk of await stream) whole = whole ? whole.concat(chunk) : chunk;
    return whole;
  };

  it('answers in one piece', async () => {
    const answer = await model().invoke([new SystemMessage('Be brief.'), new HumanMessage('What is the capital of France?')]);

    assert.equal(answer.content, 'The capital of France is Paris.');
    assert.equal(answer.response_metadata.finish_reason, 'stop');
    assert.equal(answer.usage_metadata.output_tokens, 7);
    assert.equal(answer.usage_metadata.total_tokens, answer.usage_metadata.input_tokens + 7);
  });

  it('streams with usage', async () => {
    const whole = await collect(model().stream('What is the capital of France?'));

    assert.equal(whole.content, 'The capital of France is Paris.');
    assert.equal(whole.response_metadata.finish_reason, 'stop');
    assert.equal(whole.usage_metadata.output_tokens, 7);
  });

  it('completes a tool round, in one piece and streaming', async () => {
    const bound = model().bindTools([weather]);
    for (const call of [await bound.invoke([ask]), await collect(bound.stream([ask]))]) {
      assert.equal(call.content, '');
      assert.equal(call.tool_calls.length, 1);
      assert.equal(call.tool_calls[0].name, 'get_weather');
      assert.deepEqual(call.tool_calls[0].args, { city: 'Oslo' });
      const result = await weather.invoke(call.tool_calls[0]);
      assert.ok(result instanceof ToolMessage);
      const turn = new AIMessage({ content: call.content, tool_calls: call.tool_calls });

      assert.equal((await bound.invoke([ask, turn, result])).content, 'The function answered: It rains in Oslo.');
      assert.equal((await collect(bound.stream([ask, turn, result]))).content, 'The function answered: It rains in Oslo.');
    }
  });

  it('follows tool_choice with a function name', async () => {
    const answer = await model().bindTools([weather], { tool_choice: 'get_weather' }).invoke([ask]);
    assert.equal(answer.tool_calls[0].name, 'get_weather');
  });

  it('keeps reasoning out of the answer', async () => {
    assert.equal((await model().invoke('!think Paris')).content, 'Paris');
    assert.equal((await collect(model().stream('!think Paris'))).content, 'Paris');
  });

  it('follows stop sequences and the token limit, and accepts the other options', async () => {
    assert.equal((await model().invoke('!echo The capital city of France', { stop: ['ty of Fr'] })).content, 'The capital ci');
    const short = await model({ maxTokens: 3, temperature: 0, topP: 0.5, frequencyPenalty: 0.1, presencePenalty: 0.1, logprobs: true, topLogprobs: 2, n: 1 }).invoke('!count 20');
    assert.equal(short.content, ' 1 2 3');
    assert.equal(short.response_metadata.finish_reason, 'length');
  });

  for (const method of ['jsonSchema', 'jsonMode', 'functionCalling']) {
    it(`structured output by ${method}`, async () => {
      const question = method === 'functionCalling' ? '!tool city {"name": "Paris", "population": 2100000}' : 'The city, please.';
      const structured = model({ model: method === 'functionCalling' ? 'demo' : 'city' }).withStructuredOutput(city, { name: 'city', method });
      assert.deepEqual(await structured.invoke(question), { name: 'Paris', population: 2100000 });
    });
  }

  it('completes unchanged prompts', async () => {
    const completion = new OpenAI({ model: 'demo', apiKey: 'none', maxRetries: 0, configuration: { baseURL: node.openai } });
    assert.equal(await completion.invoke('!echo as it is'), 'as it is');
    let text = '';
    for await (const part of await completion.stream('!echo as it is')) text += part;
    assert.equal(text, 'as it is');
  });

  it('reads embeddings, which it requests as base64', async () => {
    const embeddings = new OpenAIEmbeddings({ model: 'demo-embedding', apiKey: 'none', maxRetries: 0, configuration: { baseURL: node.openai } });
    const [query, documents] = [await embeddings.embedQuery('Hello'), await embeddings.embedDocuments(['Hello', 'world'])];

    assert.deepEqual([query.length, ...documents.map(vector => vector.length)], [128, 128, 128]);
    assert.ok(Math.abs(Math.hypot(...query) - 1) < 1e-5);
    assert.deepEqual(documents[0], query);
  });

  it('raises errors with their status, before and inside a stream', async () => {
    await assert.rejects(model({ model: 'nobody' }).invoke('Hello'), error => error.status === 404 && /nobody/.test(error.message));
    await assert.rejects(model({ temperature: 9 }).invoke('Hello'), error => error.status === 400);
    await assert.rejects(model({ n: 2 }).invoke('Hello'), error => error.status === 400);
    await assert.rejects(model().invoke('word '.repeat(6000)), error => error.status === 400 && /context length/.test(error.message));

    const seen = [];
    await assert.rejects(async () => {
      for await (const chunk of await model().stream('!fault error_state:5')) seen.push(chunk.content);
    }, /The answer failed/);
    assert.equal(seen.join(''), ' 1 2 3 4 5');
  });

  it('an abort frees the NPU', async () => {
    for (const act of [signal => model().invoke('!sleep 20 3000', { signal }), signal => collect(model().stream('!sleep 20 3000', { signal }))]) {
      const abort = new AbortController();
      const rejected = assert.rejects(act(abort.signal));
      await node.isBusy();
      abort.abort();
      await rejected;
      await node.isFree();
    }
  });

  it('retries until it is served; this client ignores Retry-After', async () => {
    const { fetch, exchanges } = recorder();
    const running = [collect(model().stream('!sleep 20 100')), collect(model().stream('!sleep 20 10'))];
    await node.until(async () => (await node.health()).queue.waiting === 1, 'one runs and one waits');
    assert.equal((await model({ maxRetries: 6, configuration: { fetch } }).invoke('!echo served')).content, 'served');

    assert.equal(exchanges[0].status, 503);
    assert.ok(Number(exchanges[0].headers.get('retry-after')) <= 60);
    await Promise.all(running);
  });

  it('answers through /v1/responses, in one piece, streaming and with tools', async () => {
    const responses = model({ useResponsesApi: true });
    assert.equal((await responses.invoke('What is the capital of France?')).text, 'The capital of France is Paris.');
    const streamed = await collect(responses.stream('What is the capital of France?'));
    assert.equal(streamed.text, 'The capital of France is Paris.');
    assert.equal(streamed.usage_metadata.output_tokens, 7);

    const bound = responses.bindTools([weather]);
    const call = await bound.invoke([ask]);
    assert.deepEqual(call.tool_calls[0].args, { city: 'Oslo' });
    assert.equal((await bound.invoke([ask, call, await weather.invoke(call.tool_calls[0])])).text, 'The function answered: It rains in Oslo.');
  });
});
