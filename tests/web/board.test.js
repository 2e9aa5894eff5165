// The node view of a board, with figures that a machine without an NPU does not have.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { Node } from '../clients/support/node.js';
import { showBoard } from './support/board.js';
import { assertNoProblems, launch, openPage, shown } from './support/browser.js';

const slow = {
  node_model: 'qwen2.5:1.5b', model: 'Qwen2.5-1.5B', runtime: '1.2.3', decode_tokens_per_second: 16.3, expected_tokens_per_second: 4.1, measured_tokens_per_second: 7.4, is_slow: true,
  reason_code: 'memory_clock', reason: 'the clock of the memory is 528 of 2112 MHz', remedy: 'sudo rkllama tune',
};

describe('page: a board', () => {
  let node, browser, page;
  before(async () => {
    node = await Node.start();
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    await node?.stop();
  });
  afterEach(async () => {
    assertNoProblems(page);
    await page.context().close();
  });

  const open = async (locale, ...options) => {
    page = await openPage(browser, node, { locale, hash: '#/node' });
    await showBoard(page, node, ...options);
    await page.reload();
    await page.locator('canvas').first().waitFor();
  };
  const ended = (finish, status) => ({
    id: finish, model: 'demo', api: 'openai', path: '/v1/chat/completions', client: '192.0.2.7', forwarded_for: null, started: new Date().toISOString(), ended: new Date().toISOString(), status, finish,
    prompt_tokens: 20, cached_tokens: 5, output_tokens: 30, queue_ms: 4, load_ms: 0, time_to_first_token_ms: 400, prefill_ms: 30, decode_ms: 500, total_ms: 1000, decode_tokens_per_second: 7.4, prefill_tokens_per_second: 130,
  });

  it('compares a slow board with the figure of the vendor, in the language of the page', async () => {
    await open('de-DE', { reference: slow });

    await shown(page, '7,4 Tok/s; der Hersteller nennt 16,3 Tok/s.', { exact: false }).waitFor();
    await shown(page, 'Der Takt des Speichers ist unter seinem Höchstwert.').waitFor();
    await shown(page, 'sudo rkllama tune').waitFor();
    assert.equal(await page.getByRole('link', { name: /Diagnose/ }).count(), 2, 'one in the navigation, one in the alarm');
  });

  it('says in words of the page how requests ended', async () => {
    await open('de-DE', {}, { requests: [ended('stop', 200), ended('cancelled', 499), ended('refused', 400)] });

    for (const text of ['vollständig', 'abgebrochen', 'abgelehnt (400)']) await page.getByRole('cell', { name: text, exact: true }).waitFor();
  });

  it('says why a chart is empty, and draws single values as points', async () => {
    await open('en-GB', {}, { celsius: false });

    const chart = page.getByRole('region', { name: 'Temperature', exact: true });
    await chart.getByText('/sys/class/thermal cannot be read').waitFor();
    // A line would leave the area of the chart without a coloured pixel, because no two values are neighbours.
    const canvas = page.getByRole('region', { name: 'First token', exact: true }).locator('canvas');
    await canvas.waitFor();
    const coloured = await canvas.evaluate(element => {
      const { data } = element.getContext('2d').getImageData(0, 0, element.width, element.height);
      let count = 0;
      for (let index = 0; index < data.length; index += 4) if (data[index + 3] > 200 && data[index + 1] - data[index] > 40) count++;
      return count;
    });
    assert.ok(coloured > 50, `${coloured} pixels`);
  });

  it('explains a figure on a click', async () => {
    await open('en-GB');

    await page.getByRole('button', { name: 'Queue', exact: true }).first().click();
    await shown(page, /The NPU runs one request at a time; others wait\. At most \d+ can wait\./).waitFor();
  });
});
