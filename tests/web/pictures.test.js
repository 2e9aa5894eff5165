// The pictures of the README: RKLLAMA_TEST_PICTURES=docs/images ./build.sh test-web pictures. The figures of the node view are those of an invented board, because
// a machine without an NPU has none.
import assert from 'node:assert/strict';
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Node } from '../clients/support/node.js';
import { showBoard } from './support/board.js';
import { ask, launch, openPage, question } from './support/browser.js';

const directory = process.env.RKLLAMA_TEST_PICTURES;
const limit = 120_000;
const answer = [
  'A list comprehension builds a list in one expression:', '```python\nsquares = [n * n for n in range(10) if n % 2 == 0]\nprint(squares)  # [0, 4, 16, 36, 64]\n```',
  '- `n * n` is the value of each item,\n- `range(10)` is where the items come from,\n- the condition keeps the **even** numbers.',
].join('\n\n');

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
    // The time to the first token is then without the load of the model.
    await fetch(`${node.url}/api/generate`, { method: 'POST', body: JSON.stringify({ model: 'qwen2.5:1.5b' }) });
    await ask(page, 'What is a list comprehension?');
    await page.locator('.hljs-string, .hljs-number').first().waitFor();
    await page.getByText(/of 4,096 tokens/).waitFor();
    await page.screenshot({ path: join(directory, 'page-chat.png') });

    await showBoard(page, node);
    // High enough for the first charts.
    await page.setViewportSize({ width: 900, height: 760 });
    await page.reload();
    await page.evaluate(() => (location.hash = '#/node'));
    await page.locator('canvas').nth(2).waitFor();
    await page.getByText('52 °C').or(page.getByText('55 °C')).first().waitFor();
    await page.screenshot({ path: join(directory, 'page-node.png') });

    for (const name of ['page-chat.png', 'page-node.png']) assert.ok(statSync(join(directory, name)).size < limit, `${name}: ${statSync(join(directory, name)).size} bytes`);
  });
});
