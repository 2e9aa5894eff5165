// axe-core in every view, in both themes, on a desk and on a phone. Takes the screenshots that people look at: RKLLAMA_TEST_SCREENSHOTS is their directory.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Node } from '../clients/support/node.js';
import { launch, openPage, question, send } from './support/browser.js';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const pictures = process.env.RKLLAMA_TEST_SCREENSHOTS;
const sample = '!echo ## Area\n\nThe area is **width** times `height`:\n\n```python\ndef area(width, height):\n    return width * height  # in square metres\n```\n\n| width | height | area |\n|--:|--:|--:|\n| 2 | 3 | 6 |\n\n> A [link](https://example.org) and a ![picture](https://example.org/x.png).';

describe('page: accessibility', () => {
  let node, browser;
  before(async () => {
    node = await Node.start({ options: ['--node-name', 'node1'], environment: { RKLLM_SIMULATOR_SPEED: '4' } });
    browser = await launch();
    if (pictures) mkdirSync(pictures, { recursive: true });
  });
  after(async () => {
    await browser?.close();
    await node?.stop();
  });

  const check = async (page, name) => {
    // The protocol of the developer tools evaluates this, outside of the policy of the page.
    const violations = await page.evaluate(`${axe}; axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }).then(result => result.violations.map(({ id, nodes }) => id + ': ' + nodes.map(node => node.html + ' ' + node.failureSummary).join('\\n')))`);
    if (pictures) await page.screenshot({ path: join(pictures, `${name}.png`) });
    assert.deepEqual(violations, [], name);
  };

  for (const colorScheme of ['light', 'dark'])
    for (const [device, options] of [['desk', {}], ['phone', { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true }]])
      it(`has no violations in any view: ${colorScheme}, ${device}`, { timeout: 120_000 }, async () => {
        const page = await openPage(browser, node, { colorScheme, reducedMotion: 'reduce', ...options });
        const named = view => `${device}-${colorScheme}-${view}`;
        await question(page).waitFor();
        await check(page, named('start'));
        await question(page).fill(sample);
        await page.getByRole('button', { name: 'Send' }).click();
        await page.getByRole('button', { name: 'Answer again' }).and(page.locator(':enabled')).waitFor();
        await page.locator('.hljs-keyword').first().waitFor();
        await check(page, named('chat'));
        for (const view of ['node', 'models', 'cluster', 'doctor']) {
          await page.evaluate(hash => (location.hash = hash), `#/${view}`);
          await page.locator(`main.view-${view} h1`).waitFor({ state: 'attached' });
          await page.locator('.loading').waitFor({ state: 'detached' });
          await check(page, named(view));
        }
        await page.evaluate(() => (location.hash = '#/chat'));
        for (const [dialog, name] of [['Settings of this conversation', 'settings'], ['Settings and help', 'help'], [/^Model:/, 'picker']]) {
          await page.getByRole('button', { name: dialog }).click();
          await page.getByRole('dialog').waitFor();
          await check(page, named(name));
          await page.keyboard.press('Escape');
        }
        await page.context().close();
      });
});
