// Keep-alives. Node's fetch closes a connection that is silent for 300 seconds, proxies much earlier. So the server sends comments and empty
// chunks in streams, and white space before an answer in one piece. Every client must accept them.
import assert from 'node:assert/strict';
import { after, before, describe, it, mock } from 'node:test';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { ChatOllama } from '@langchain/ollama';
import { ChatOpenAI } from '@langchain/openai';
import { generateText, streamText } from 'ai';
import { Ollama } from 'ollama';
import { createOllama } from 'ollama-ai-provider-v2';
import OpenAI from 'openai';
import { Node } from './support/node.js';

const user = content => [{ role: 'user', content }];

// For each client: functions that return the text of an answer in one piece, and of a stream.
function clientsOf(node) {
  const openai = new OpenAI({ baseURL: node.openai, apiKey: 'none', maxRetries: 0 });
  const ollama = new Ollama({ host: node.url });
  const chatOpenAI = new ChatOpenAI({ model: 'demo', apiKey: 'none', maxRetries: 0, configuration: { baseURL: node.openai } });
  const chatOllama = new ChatOllama({ model: 'demo', baseUrl: node.url, maxRetries: 0 });
  const compatible = createOpenAICompatible({ name: 'rkllama', baseURL: node.openai })('demo');
  const provider = createOllama({ baseURL: node.ollama })('demo');
  const join = async (stream, textOf) => {
    let text = '';
    for await (const part of await stream) text += textOf(part) ?? '';
    return text;
  };
  return {
    openai: {
      whole: async prompt => (await openai.chat.completions.create({ model: 'demo', messages: user(prompt) })).choices[0].message.content,
      stream: prompt => join(openai.chat.completions.create({ model: 'demo', messages: user(prompt), stream: true }), chunk => chunk.choices[0].delta.content),
    },
    ollama: {
      whole: async prompt => (await ollama.chat({ model: 'demo', messages: user(prompt) })).message.content,
      stream: prompt => join(ollama.chat({ model: 'demo', messages: user(prompt), stream: true }), part => part.message.content),
    },
    '@langchain/openai': {
      whole: async prompt => (await chatOpenAI.invoke(prompt)).content,
      stream: prompt => join(chatOpenAI.stream(prompt), chunk => chunk.content),
    },
    '@langchain/ollama': { stream: prompt => join(chatOllama.stream(prompt), chunk => chunk.content) },
    '@ai-sdk/openai-compatible': {
      whole: async prompt => (await generateText({ model: compatible, prompt, maxRetries: 0 })).text,
      stream: prompt => join(streamText({ model: compatible, prompt, maxRetries: 0 }).textStream, text => text),
    },
    'ollama-ai-provider-v2': {
      whole: async prompt => (await generateText({ model: provider, prompt, maxRetries: 0 })).text,
      stream: prompt => join(streamText({ model: provider, prompt, maxRetries: 0 }).textStream, text => text),
    },
  };
}

describe('keep-alives', () => {
  let node;
  before(async () => (node = await Node.start({ options: ['--heartbeat', '0.1'] })));
  after(() => node.stop());

  it('every client reads streams with keep-alives before the first token and between tokens', async () => {
    const warn = mock.method(console, 'warn', () => {});

    // The requests run one after the other, so all but the first also wait in the queue.
    const texts = await Promise.all(Object.entries(clientsOf(node)).map(async ([name, client]) => [name, await client.stream('!sleep 400 3')]));
    warn.mock.restore();

    for (const [name, text] of texts) assert.equal(text, ' 1 2 3', name);
    assert.equal(warn.mock.callCount(), 0);
  });

  it('keep-alives are comments on /v1, and empty chunks but no empty lines on /api', async () => {
    const send = async (path, body) => (await fetch(node.url + path, { method: 'POST', body: JSON.stringify({ model: 'demo', messages: user('!sleep 400 3'), stream: true, ...body }) })).text();

    const events = (await send('/v1/chat/completions')).split('\n\n');
    assert.ok(events.filter(event => event === ':').length >= 3);
    const lines = (await send('/api/chat')).trimEnd().split('\n');
    assert.ok(lines.every(line => line.length > 0));
    assert.ok(lines.map(JSON.parse).filter(line => !line.done && line.message.content === '').length >= 3);
  });

  it('every client reads an answer in one piece that begins with white space', async () => {
    // White space begins after 20 s. This request keeps the others in the queue for longer.
    const blocking = clientsOf(node).openai.stream('!sleep 100 230');
    await node.isBusy();
    const raw = fetch(`${node.openai}/chat/completions`, { method: 'POST', body: JSON.stringify({ model: 'demo', messages: user('!echo served') }) });
    const clients = Object.entries(clientsOf(node)).filter(([, client]) => client.whole);
    const texts = await Promise.all(clients.map(async ([name, client]) => [name, await client.whole('!echo served')]));

    for (const [name, text] of texts) assert.equal(text, 'served', name);
    assert.match(await (await raw).text(), /^ +\{/);
    await blocking;
  });
});
