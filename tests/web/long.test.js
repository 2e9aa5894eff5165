// An answer of 20,000 tokens: the work for a token does not grow with the answer, and the memory stays flat.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Node } from '../clients/support/node.js';
import { launch, openPage, question, send } from './support/browser.js';

// The sections differ, because the server ends an answer that repeats itself.
const words = 'river stone lamp winter paper garden window bread silver mountain letter harbour engine cloud bridge market'.split(' ');
const phrase = (seed, length) => Array.from({ length }, (_, index) => words[(seed * 7 + index * index * 3 + index * seed) % words.length]).join(' ');
const section = number =>
  [
    `## Section ${number}`, `The ${phrase(number, 9)} has **${phrase(number + 1, 2)}** and \`code_${number}\`, with a [link](https://example.org/${number}) to ${phrase(number + 2, 12)}.`,
    `- ${phrase(number + 3, 5)}\n- ${phrase(number + 4, 8)}\n- ${phrase(number + 5, 6)}`, `\`\`\`python\ndef area_${number}(width, height):\n    return width * height + ${number}  # ${phrase(number, 3)}\n\`\`\``,
    `| name | value |\n|---|---|\n| ${phrase(number, 1)} | ${number} |\n| ${phrase(number + 6, 1)} | ${number * 3} |`, `> ${phrase(number + 7, 7)}`, `${phrase(number + 8, 20)} \\(a^${number} + b\\) ${phrase(number + 9, 10)}.`, '',
  ].join('\n\n');

describe('page: long answers', () => {
  let node, browser, page, devtools;
  before(async () => {
    node = await Node.start();
    const settings = 'MAX_NEW_TOKENS=20000\n';
    const context = 32_768;
    node.addModel('sections', { settings, context, script: [{ match: '', emit: Array.from({ length: 200 }, (_, number) => section(number)).join(''), delay_ms: 1 }] });
    node.addModel('paragraph', { settings, context, script: [{ match: '', emit: ' word', repeat: 20_000, delay_ms: 1 }] });
    node.addModel('code', { settings, context, script: [{ match: '', emit: '```python\n' + Array.from({ length: 2200 }, (_, number) => `print("${phrase(number, 3)}") # ${number}\n`).join(''), delay_ms: 1 }] });
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    await node?.stop();
  });

  const metrics = async () => {
    const { metrics: list } = await devtools.send('Performance.getMetrics');
    return Object.fromEntries(list.map(({ name, value }) => [name, value]));
  };
  const heap = async () => {
    await devtools.send('HeapProfiler.collectGarbage');
    return (await metrics()).JSHeapUsedSize;
  };

  for (const model of ['sections', 'paragraph', 'code'])
    it(`stays smooth with 20,000 tokens: ${model}`, { timeout: 240_000 }, async t => {
      page = await openPage(browser, node);
      devtools = await page.context().newCDPSession(page);
      await devtools.send('Performance.enable');
      await page.evaluate(name => localStorage.setItem('rkllama-model', name), model);
      await page.reload();
      await page.getByRole('button', { name: `Model: ${model}` }).waitFor();
      await measureFrames();
      const start = await heap();

      const quarters = await receive();

      const frames = await page.evaluate(() => window.frames_.sort((a, b) => a - b));
      const at = share => Math.round(frames[Math.floor(share * (frames.length - 1))]);
      const end = await heap();
      t.diagnostic(`${model}: work per 1,000 characters in ms by quarter: ${quarters.map(value => value.toFixed(1)).join(', ')}; frames p50 ${at(0.5)} ms, p99 ${at(0.99)} ms; heap ${(start / 1e6).toFixed(1)} → ${(end / 1e6).toFixed(1)} MB`);
      await page.locator('.answer').getByText('20,000 tokens').waitFor();
      assert.ok(quarters[3] < 4 * Math.max(quarters[0], quarters[1]) + 5, `the last quarter costs ${quarters[3]} ms per 1,000 characters, the first ${quarters[0]}`);
      assert.ok(end - start < 60e6, `the heap grew by ${(end - start) / 1e6} MB`);
      await page.context().close();
      await node.isFree();
    });

  // The lengths of the frames while the answer runs.
  const measureFrames = () =>
    page.evaluate(() => {
      window.frames_ = [];
      let last = performance.now();
      const next = now => {
        window.frames_.push(now - last);
        last = now;
        requestAnimationFrame(next);
      };
      requestAnimationFrame(next);
    });

  // Sends the question; returns the main thread's work per 1,000 characters in ms, for each quarter of the answer.
  async function receive() {
    await question(page).waitFor();
    await send(page, 'Begin');
    await page.getByRole('button', { name: 'Stop' }).waitFor();
    const points = [];
    while ((await page.getByRole('button', { name: 'Stop' }).count()) > 0) {
      const { ScriptDuration, LayoutDuration, RecalcStyleDuration } = await metrics();
      const length = await page.evaluate(() => document.querySelector('.answer:last-child .markdown')?.textContent.length ?? 0);
      points.push({ length, work: ScriptDuration + LayoutDuration + RecalcStyleDuration });
      await page.waitForTimeout(250);
    }
    await page.getByRole('button', { name: 'Answer again' }).waitFor();
    const total = points.at(-1).length;
    return [0, 1, 2, 3].map(quarter => {
      const part = points.filter(({ length }) => length >= (quarter / 4) * total && length <= ((quarter + 1) / 4) * total);
      const [first, last] = [part[0], part.at(-1)];
      return first && last && last.length > first.length ? (1e6 * (last.work - first.work)) / (last.length - first.length) : 0;
    });
  }
});
