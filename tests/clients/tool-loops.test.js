// Tool loops: a question, the call of a tool, its result and the answer, with every client, against models of several template families. The clients send
// their own message objects back unchanged.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { HumanMessage } from '@langchain/core/messages';
import { tool as langchainTool } from '@langchain/core/tools';
import { ChatOllama } from '@langchain/ollama';
import { ChatOpenAI } from '@langchain/openai';
import { generateText, stepCountIs, streamText, tool } from 'ai';
import { Ollama } from 'ollama';
import { createOllama } from 'ollama-ai-provider-v2';
import OpenAI from 'openai';
import { z } from 'zod';
import { addFamily, families, isMissing } from './support/families.js';
import { Node } from './support/node.js';

const question = 'What is the weather in Oslo?';
const description = 'The weather of a city';
const schema = z.object({ city: z.string() });
const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const definition = { type: 'function', function: { name: 'get_weather', description, parameters } };

// Each client runs one loop and returns the answer. weather returns the result of the tool.
const clients = {
  openai: async (node, model, stream, weather) => {
    const { completions } = new OpenAI({ baseURL: node.openai, apiKey: 'none', maxRetries: 0 }).chat;
    const ask = async messages => {
      const body = { model, messages, tools: [definition] };
      return (stream ? await completions.stream(body).finalChatCompletion() : await completions.create(body)).choices[0].message;
    };

    const messages = [{ role: 'user', content: question }];
    const first = await ask(messages);
    const results = first.tool_calls.map(call => ({ role: 'tool', tool_call_id: call.id, content: weather(JSON.parse(call.function.arguments)) }));
    return (await ask([...messages, first, ...results])).content;
  },

  'openai: responses': async (node, model, stream, weather) => {
    const { responses } = new OpenAI({ baseURL: node.openai, apiKey: 'none', maxRetries: 0 });
    const ask = input => {
      const body = { model, input, tools: [{ type: 'function', name: 'get_weather', description, parameters, strict: false }] };
      return stream ? responses.stream(body).finalResponse() : responses.create(body);
    };

    const input = [{ role: 'user', content: question }];
    const first = await ask(input);
    const results = first.output
      .filter(item => item.type === 'function_call')
      .map(call => ({ type: 'function_call_output', call_id: call.call_id, output: weather(JSON.parse(call.arguments)) }));
    return (await ask([...input, ...first.output, ...results])).output_text;
  },

  ollama: async (node, model, stream, weather) => {
    const client = new Ollama({ host: node.url });
    const ask = async messages => {
      if (!stream) return (await client.chat({ model, messages, tools: [definition] })).message;
      const whole = { role: 'assistant', content: '', thinking: '', tool_calls: [] };
      for await (const { message } of await client.chat({ model, messages, tools: [definition], stream })) {
        whole.content += message.content;
        whole.thinking += message.thinking ?? '';
        whole.tool_calls.push(...(message.tool_calls ?? []));
      }
      return whole;
    };

    const messages = [{ role: 'user', content: question }];
    const first = await ask(messages);
    const results = first.tool_calls.map(call => ({ role: 'tool', tool_name: call.function.name, content: weather(call.function.arguments) }));
    return (await ask([...messages, first, ...results])).content;
  },

  'ai with @ai-sdk/openai-compatible': (node, model, stream, weather) =>
    vercel(createOpenAICompatible({ name: 'rkllama', baseURL: node.openai, apiKey: 'none' })(model), stream, weather),

  'ai with ollama-ai-provider-v2': (node, model, stream, weather) => vercel(createOllama({ baseURL: node.ollama })(model), stream, weather),

  '@langchain/openai': (node, model, stream, weather) =>
    langchain(new ChatOpenAI({ model, apiKey: 'none', maxRetries: 0, configuration: { baseURL: node.openai } }), stream, weather),

  '@langchain/ollama': (node, model, stream, weather) => langchain(new ChatOllama({ model, baseUrl: node.url, maxRetries: 0 }), stream, weather),
};

async function vercel(model, stream, weather) {
  const tools = { get_weather: tool({ description, inputSchema: schema, execute: weather }) };
  const options = { model, prompt: question, tools, stopWhen: stepCountIs(3), maxRetries: 0 };
  return await (stream ? streamText(options) : await generateText(options)).text;
}

async function langchain(model, stream, weather) {
  const run = langchainTool(weather, { name: 'get_weather', description, schema });
  const bound = model.bindTools([run]);
  const ask = async messages => {
    if (!stream) return await bound.invoke(messages);
    let whole;
    for await (const chunk of await bound.stream(messages)) whole = whole ? whole.concat(chunk) : chunk;
    return whole;
  };

  const messages = [new HumanMessage(question)];
  const first = await ask(messages);
  const results = await Promise.all(first.tool_calls.map(call => run.invoke(call)));
  return (await ask([...messages, first, ...results])).content;
}

// The same model under another name. Its KV cache does not contain the prompts of the loop before, which would need a run of one token to be used again.
const streamed = name => `${name}-streamed`;

describe('tool loops', () => {
  let node;
  before(async () => {
    node = await Node.start();
    for (const family of families.filter(family => !isMissing(family))) {
      addFamily(node, family);
      addFamily(node, family, streamed(family.name));
    }
  });
  after(() => node.stop());

  for (const [client, loop] of Object.entries(clients)) {
    for (const family of families) {
      for (const stream of [false, true]) {
        it(`${client}: ${family.name}, ${stream ? 'streaming' : 'in one piece'}`, { skip: isMissing(family) }, async () => {
          const asked = [];
          const model = stream ? streamed(family.name) : family.name;
          const before = node.trace('prompt').length;

          const answer = await loop(node, model, stream, ({ city }) => (asked.push(city), '4 degrees and rain'));

          const prompts = node.prompts(before, model);
          assert.deepEqual(asked, ['Oslo']);
          assert.equal(answer, 'It has 4 degrees in Oslo.');
          assert.equal(prompts.length, 2);
          assert.match(prompts[0], /get_weather/);
          let rest = prompts[1];
          for (const text of [question, ...family.history, '4 degrees and rain']) {
            assert.ok(rest.includes(text), `"${text}" should come later in the second prompt:\n${prompts[1]}`);
            rest = rest.slice(rest.indexOf(text) + text.length);
          }
        });
      }
    }
  }
});
