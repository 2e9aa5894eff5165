// The official client of OpenAI: errors, retries, aborts, keys and CORS.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import OpenAI from 'openai';
import { Node } from './support/node.js';
import { recorder } from './support/recorder.js';

const user = content => [{ role: 'user', content }];

describe('openai: errors', () => {
  let node, client;
  before(async () => {
    node = await Node.start();
    client = new OpenAI({ baseURL: node.openai, apiKey: 'none', maxRetries: 0 });
  });
  after(() => node.stop());

  const create = (content, rest = {}) => client.chat.completions.create({ model: 'demo', messages: user(content), ...rest });
  const refuses = async (promise, expected) => assert.rejects(promise, error => {
    assert.ok(error instanceof OpenAI.APIError, String(error));
    assert.deepEqual({ status: error.status, type: error.type, code: error.code, param: error.param }, { type: 'invalid_request_error', code: null, param: null, ...expected });
    assert.ok(error.message.length > 10 && !error.message.includes('no body'), error.message);
    return true;
  });

  it('an unknown model is a 404 with its name', async () => {
    await refuses(create('Hello', { model: 'nobody' }), { status: 404, code: 'model_not_found', param: 'model' });
    await refuses(create('Hello', { model: 'nobody', stream: true }), { status: 404, code: 'model_not_found', param: 'model' });
    await assert.rejects(create('Hello', { model: 'nobody' }), OpenAI.NotFoundError);
    await assert.rejects(create('Hello', { model: 'nobody' }), /nobody/);
  });

  it('a bad request is a 400 that names the field', async () => {
    await refuses(create('Hello', { model: undefined }), { status: 400, param: 'model' });
    await refuses(client.chat.completions.create({ model: 'demo' }), { status: 400, param: 'messages' });
    await refuses(client.chat.completions.create({ model: 'demo', messages: [] }), { status: 400, param: 'messages' });
    await refuses(create('Hello', { temperature: 'hot' }), { status: 400, param: 'temperature' });
    await refuses(create('Hello', { temperature: 9 }), { status: 400, param: 'temperature' });
    await refuses(create('Hello', { stop: 7 }), { status: 400, param: 'stop' });
    await refuses(create('Hello', { max_tokens: '9' }), { status: 400, param: 'max_tokens' });
    await refuses(create('Hello', { stream: 'yes' }), { status: 400, param: 'stream' });
  });

  it('n greater than 1 and images are a 400', async () => {
    await refuses(create('Hello', { n: 2 }), { status: 400, code: 'unsupported_value', param: 'n' });
    await assert.rejects(create([{ type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } }]), error => error.status === 400 && /image_url/.test(error.message));
    await assert.rejects(client.completions.create({ model: 'demo', prompt: [1, -2, 3] }), error => error.status === 400);
    await assert.rejects(client.completions.create({ model: 'demo', prompt: 'a', suffix: 'b' }), error => error.status === 400 && error.param === 'suffix');
  });

  it('a prompt that is too long is a 400 with context_length_exceeded and both numbers', async () => {
    await assert.rejects(create('word '.repeat(6000)), error => {
      assert.equal(error.status, 400);
      assert.equal(error.code, 'context_length_exceeded');
      assert.equal(error.param, 'messages');
      assert.ok(error.error.n_prompt_tokens > error.error.n_ctx);
      return true;
    });
  });

  it('a body that is too large is a 413 that the client can read', async () => {
    await refuses(create('x'.repeat(9 << 20)), { status: 413 });
  });

  it('an unknown path and a wrong method return errors in the format of the API', async () => {
    await assert.rejects(client.get('/nothing'), error => error.status === 404 && error.code === 'unknown_url');
    await assert.rejects(client.get('/completions'), error => error.status === 405 && error.type === 'invalid_request_error');
  });

  it('a run that fails before its first token is a 500', async () => {
    await assert.rejects(create('!fault run_minus1'), error => error instanceof OpenAI.InternalServerError && error.type === 'server_error');
    await assert.rejects(create('!fault run_minus1', { stream: true }), OpenAI.InternalServerError);
  });

  it('the client raises an error inside a stream after the text before it', async () => {
    let text = '';
    await assert.rejects(async () => {
      for await (const chunk of await create('!fault error_state:5', { stream: true })) text += chunk.choices[0].delta.content ?? '';
    }, error => error instanceof OpenAI.APIError && /The answer failed/.test(error.message));
    assert.equal(text, ' 1 2 3 4 5');
    await assert.rejects(client.chat.completions.stream({ model: 'demo', messages: user('!fault error_state:5') }).finalChatCompletion(), OpenAI.APIError);
  });

  it('a crash of the worker fails only the running answer', async () => {
    await assert.rejects(async () => {
      for await (const chunk of await create('!fault segv:5', { stream: true })) chunk.choices.at(0);
    }, /SIGSEGV/);
  });

  it('the node answers after all these errors', async () => {
    assert.equal((await create('What is the capital of France?')).choices[0].message.content, 'The capital of France is Paris.');
  });
});

describe('openai: cancelling and retrying', () => {
  let node, client;
  before(async () => {
    node = await Node.start({ options: ['--queue', '0'] });
    client = new OpenAI({ baseURL: node.openai, apiKey: 'none', maxRetries: 0 });
  });
  after(() => node.stop());

  const endless = { model: 'demo', messages: user('!sleep 20 3000') };

  it('leaving a stream frees the NPU', async () => {
    for await (const chunk of await client.chat.completions.create({ ...endless, stream: true })) if (chunk.choices[0].delta.content) break;
    await node.isFree();

    const stream = await client.chat.completions.create({ ...endless, stream: true });
    await assert.doesNotReject(async () => {
      for await (const chunk of stream) if (chunk.choices[0].delta.content) stream.controller.abort();
    });
    await node.isFree();
    assert.equal(node.trace('run_end').filter(run => run.aborted).length, 2);
  });

  it('aborting an answer in one piece frees the NPU', async () => {
    const abort = new AbortController();
    const answer = client.chat.completions.create(endless, { signal: abort.signal });
    const rejected = assert.rejects(answer, OpenAI.APIUserAbortError);
    await node.isBusy();
    abort.abort();

    await rejected;
    await node.isFree();
  });

  it('a timeout of the client frees the NPU', async () => {
    await assert.rejects(client.chat.completions.create(endless, { timeout: 300 }), OpenAI.APIConnectionTimeoutError);
    await node.isFree();
  });

  it('Retry-After is at most 60, and the client retries after it', async () => {
    const running = await client.chat.completions.create({ ...endless, stream: true });
    await node.isBusy();
    const { fetch, exchanges } = recorder();
    const patient = new OpenAI({ baseURL: node.openai, apiKey: 'none', maxRetries: 3, fetch });
    const answer = patient.chat.completions.create({ model: 'demo', messages: user('!echo served') });
    await node.until(() => exchanges.length === 1, 'the first attempt should be answered');
    running.controller.abort();

    assert.equal((await answer).choices[0].message.content, 'served');
    assert.equal(exchanges[0].status, 503);
    assert.equal(exchanges[0].body.error.code, 'queue_full');
    assert.equal(exchanges[0].body.error.type, 'server_error');
    const seconds = Number(exchanges[0].headers.get('retry-after'));
    assert.ok(seconds >= 1 && seconds <= 60, String(seconds));
    assert.ok(exchanges[1].start - exchanges[0].end >= seconds * 1000 - 50, 'the client waited as long as Retry-After says');
    assert.equal(exchanges[1].request.get('x-stainless-retry-count'), '1');
    assert.equal(exchanges.at(-1).status, 200);
  });

  it('the client does not retry a bad request or an unknown model', async () => {
    const { fetch, exchanges } = recorder();
    const patient = new OpenAI({ baseURL: node.openai, apiKey: 'none', maxRetries: 3, fetch });
    await assert.rejects(patient.chat.completions.create({ model: 'demo', messages: [] }));
    await assert.rejects(patient.chat.completions.create({ model: 'nobody', messages: user('Hello') }));
    assert.equal(exchanges.length, 2);
  });
});

describe('openai: retry of a running request', () => {
  let node;
  before(async () => (node = await Node.start()));
  after(() => node.stop());

  it('a retry replaces the first attempt if it still runs', async () => {
    // The client gives up the first attempt, but the connection stays open, as behind a proxy.
    const attempts = [];
    let lose;
    const lost = new Promise((_, reject) => (lose = () => reject(new TypeError('fetch failed'))));
    const client = new OpenAI({
      baseURL: node.openai, apiKey: 'none', maxRetries: 1,
      fetch: (url, { signal, ...init }) => {
        const isFirst = attempts.length === 0;
        const attempt = fetch(url, isFirst ? init : { ...init, signal });
        attempts.push(attempt.then(response => response.status, () => 'cut'));
        return isFirst ? lost : attempt;
      },
    });
    const runs = count => node.until(() => node.trace('rkllm_run').length === count, `${count} runs should have begun`);
    const abort = new AbortController();
    const answer = client.chat.completions.create({ model: 'demo', messages: user('!sleep 20 3000') }, { signal: abort.signal }).catch(error => error);
    await runs(1);
    lose();
    await runs(2);

    assert.equal(await attempts[0], 499);
    abort.abort();
    await answer;
    await node.isFree();
    assert.deepEqual(node.trace('run_end').map(run => run.aborted), [1, 1]);
  });
});

describe('openai: keys and web pages', () => {
  const origin = 'https://app.example';
  let node;
  before(async () => (node = await Node.start({ options: ['--api-key', 'secret', '--origins', origin] })));
  after(() => node.stop());

  it('a wrong key is a 401 with WWW-Authenticate, a right one answers', async () => {
    const wrong = new OpenAI({ baseURL: node.openai, apiKey: 'wrong', maxRetries: 0 });
    await assert.rejects(wrong.models.list(), error => {
      assert.ok(error instanceof OpenAI.AuthenticationError);
      assert.equal(error.code, 'invalid_api_key');
      assert.equal(error.type, 'authentication_error');
      assert.equal(error.headers.get('www-authenticate'), 'Bearer');
      return true;
    });

    const right = new OpenAI({ baseURL: node.openai, apiKey: 'secret', maxRetries: 0 });
    assert.ok((await right.models.list()).data.length > 0);
  });

  it('a listed origin may send the headers of the client and read the response headers', async () => {
    const { fetch: recorded, exchanges } = recorder();
    await new OpenAI({ baseURL: node.openai, apiKey: 'secret', maxRetries: 0, fetch: recorded }).models.list();
    const headers = [...exchanges[0].request.keys()];
    assert.ok(headers.includes('x-stainless-retry-count') && headers.includes('authorization'));

    // The preflight request of a browser has no key.
    const preflight = await fetch(`${node.openai}/chat/completions`, {
      method: 'OPTIONS',
      headers: { Origin: origin, 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': headers.join(',') },
    });
    assert.ok(preflight.ok);
    assert.equal(preflight.headers.get('access-control-allow-origin'), origin);
    const allowed = preflight.headers.get('access-control-allow-headers').toLowerCase().split(',').map(name => name.trim());
    for (const name of headers) assert.ok(allowed.includes(name), name);

    // The page can also read errors, and the headers that the client uses.
    const error = await fetch(`${node.openai}/models/nobody`, { headers: { Origin: origin, Authorization: 'Bearer secret' } });
    assert.equal(error.status, 404);
    assert.equal(error.headers.get('access-control-allow-origin'), origin);
    const exposed = error.headers.get('access-control-expose-headers').toLowerCase().split(',').map(name => name.trim());
    for (const name of ['x-request-id', 'retry-after', 'x-rkllama-ignored']) assert.ok(exposed.includes(name), name);

    // Other origins are refused.
    const stranger = await fetch(`${node.openai}/models`, { headers: { Origin: 'https://other.example', Authorization: 'Bearer secret' } });
    assert.equal(stranger.status, 403);
    assert.equal(stranger.headers.get('access-control-allow-origin'), null);
  });
});

describe('openai: sampling', () => {
  const sampling = { temperature: 0.1, top_p: 0.5, frequency_penalty: 0.2, presence_penalty: 0.3, seed: 1 };
  const ask = (node, rest) => new OpenAI({ baseURL: node.openai, apiKey: 'none', maxRetries: 0 }).chat.completions
    .create({ model: 'demo', messages: user('!echo fine'), ...rest }).withResponse();
  const ignored = ({ response }) => response.headers.get('x-rkllama-ignored')?.split(', ').sort() ?? [];

  for (const [runtime, expected] of [
    ['1.1.4', ['frequency_penalty', 'presence_penalty', 'seed', 'temperature', 'top_p']],
    ['1.2.3', ['frequency_penalty', 'presence_penalty', 'seed', 'temperature', 'top_p']],
    ['1.3.0', ['seed']],
  ]) {
    it(`runtime ${runtime}: X-RkLlama-Ignored names the fields that have no effect`, async () => {
      const node = await Node.start({ runtime });
      try {
        assert.deepEqual(ignored(await ask(node, sampling)), expected);
        assert.deepEqual(ignored(await ask(node, {})), []);
        assert.deepEqual(ignored(await ask(node, { temperature: 0.8, top_p: 0.9 })), [], 'the values of the model itself');
      } finally {
        await node.stop();
      }
    });
  }
});
