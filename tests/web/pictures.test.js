// The pictures of the README: RKLLAMA_TEST_PICTURES=docs/images ./build.sh test-web pictures. The figures of the node view are those of an invented board, because
// a machine without an NPU has none.
import assert from 'node:assert/strict';
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Node } from '../clients/support/node.js';
import { ask, launch, openPage, question } from './support/browser.js';

const directory = process.env.RKLLAMA_TEST_PICTURES;
const limit = 120_000;
const answer = [
  'A list comprehension builds a list in one expression:', '```python\nsquares = [n * n for n in range(10) if n % 2 == 0]\nprint(squares)  # [0, 4, 16, 36, 64]\n```',
  '- `n * n` is the value of each item,\n- `range(10)` is where the items come from,\n- the condition keeps the **even** numbers.',
].join('\n\n');

// A board at work: 15 minutes with three bursts of requests.
function board(status) {
  const start = Date.now() - 15 * 60_000;
  const samples = Array.from({ length: 180 }, (_, index) => {
    const busy = index % 60 > 14;
    const wave = Math.sin(index / 3);
    return {
      time: new Date(start + index * 5000).toISOString(), load_percent: busy ? [46 + 3 * wave, 43 + 3 * Math.cos(index), 44 - 2 * wave] : [0, 0, 0], npu_hertz: 1e9, ddr_hertz: 2112e6,
      npu_celsius: busy ? 52 + wave : 44, max_celsius: busy ? 55 + wave : 46, available_bytes: 5.1e9, decode_tokens_per_second: busy ? 16.4 + 0.2 * wave : 0,
      time_to_first_token_ms: index % 12 === 0 && busy ? 380 + 40 * wave : null, running: busy ? 1 : 0, waiting: busy ? Math.max(0, Math.round(2 * wave)) : 0,
    };
  });
  const clock = (name, max) => ({ name, hertz: max, max_hertz: max, governor: 'performance' });
  const npu = {
    platform: 'rk3588', driver_version: '0.9.8', load_percent: [46, 43, 44], clocks: [clock('npu', 1e9), clock('ddr', 2112e6)], temperatures: [{ zone: 'npu-thermal', celsius: 52 }, { zone: 'soc-thermal', celsius: 55 }],
    memory: status.npu.memory, missing: [],
  };
  const memory = { total_bytes: 8.1e9, available_bytes: 5.1e9, reserved_bytes: 4e8 };
  const rates = { decode_tokens_per_second: 16.5, prefill_tokens_per_second: 338, time_to_first_token_ms: 394 };
  return { status: { ...status, npu, memory, rates, uptime_seconds: 190_000, disk: { free_bytes: 41e9, total_bytes: 62e9 } }, samples, requests: [], log: [] };
}

describe('page: pictures', { skip: directory === undefined && 'RKLLAMA_TEST_PICTURES is not set' }, () => {
  let node, browser, page;
  before(async () => {
    mkdirSync(directory, { recursive: true });
    node = await Node.start({ options: ['--node-name', 'node1'], environment: { RKLLM_SIMULATOR_SPEED: '1' } });
    node.addModel('qwen2.5:1.5b', { script: [{ match: '', emit: answer }] });
    browser = await launch();
    page = await openPage(browser, node, { viewport: { width: 900, height: 540 } });
  });
  after(async () => {
    await browser?.close();
    await node?.stop();
  });

  it('are small', async () => {
    await page.evaluate(() => localStorage.setItem('rkllama-model', 'qwen2.5:1.5b'));
    await page.reload();
    await question(page).waitFor();
    await ask(page, 'What is a list comprehension?');
    await page.locator('.hljs-string, .hljs-number').first().waitFor();
    await page.getByText(/of 4,096 tokens/).waitFor();
    await page.screenshot({ path: join(directory, 'page-chat.png') });

    const status = await (await fetch(`${node.url}/node/status`)).json();
    await page.route('**/node/events', route => route.fulfill({ contentType: 'text/event-stream', body: `event: snapshot\ndata: ${JSON.stringify(board(status))}\n\n` }));
    await page.reload();
    await page.evaluate(() => (location.hash = '#/node'));
    await page.locator('canvas').nth(2).waitFor();
    await page.getByText('52 °C').or(page.getByText('55 °C')).first().waitFor();
    await page.screenshot({ path: join(directory, 'page-node.png') });

    const size = ['page-chat.png', 'page-node.png'].reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);
    assert.ok(size < limit, `${size} bytes`);
  });
});
