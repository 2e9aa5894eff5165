// The official client of OpenAI: structured output.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import OpenAI from 'openai';
import { zodResponseFormat, zodTextFormat } from 'openai/helpers/zod';
import { city, cityScript, patternCity } from './support/city.js';
import { Node } from './support/node.js';

describe('openai: structured output', () => {
  let node, client;
  before(async () => {
    node = await Node.start();
    node.addModel('city', { script: cityScript });
    client = new OpenAI({ baseURL: node.openai, apiKey: 'none', maxRetries: 0 });
  });
  after(() => node.stop());

  const request = (content, response_format) => ({ model: 'city', messages: [{ role: 'user', content }], response_format });

  it('json_object gives JSON even if the model writes text around it', async () => {
    for (const question of ['The city, please.', 'The city in a fence, please.']) {
      const completion = await client.chat.completions.create(request(question, { type: 'json_object' }));
      assert.deepEqual(JSON.parse(completion.choices[0].message.content), { name: 'Paris', population: 2100000 });
    }
  });

  it('.parse() with a zod schema gives the object', async () => {
    const completion = await client.chat.completions.parse(request('The city, please.', zodResponseFormat(city, 'city')));
    assert.deepEqual(completion.choices[0].message.parsed, { name: 'Paris', population: 2100000 });
  });

  it('.stream() with a zod schema gives the object', async () => {
    const completion = await client.chat.completions.stream(request('The city, please.', zodResponseFormat(city, 'city'))).finalChatCompletion();
    assert.deepEqual(completion.choices[0].message.parsed, { name: 'Paris', population: 2100000 });
  });

  it('output that violates a strict schema with a pattern is an error', async () => {
    await assert.rejects(client.chat.completions.create(request('The weather, please.', zodResponseFormat(patternCity, 'city'))), error => error instanceof OpenAI.APIError && error.status >= 400);
    await assert.rejects(client.chat.completions.stream(request('The weather, please.', zodResponseFormat(patternCity, 'city'))).finalChatCompletion(), OpenAI.APIError);
  });

  it('an invalid response_format is a 400 that names the field', async () => {
    for (const response_format of [{ type: 'json_schema' }, { type: 'json_schema', json_schema: { name: 'x', schema: 'no' } }, { type: 'xml' }, 'json'])
      await assert.rejects(client.chat.completions.create(request('The city, please.', response_format)), error => error.status === 400 && /response_format|schema/.test(error.param));
  });

  it('.responses.parse() with a zod schema gives the object', async () => {
    const response = await client.responses.parse({ model: 'city', input: 'The city, please.', text: { format: zodTextFormat(city, 'city') } });
    assert.deepEqual(response.output_parsed, { name: 'Paris', population: 2100000 });
  });
});
