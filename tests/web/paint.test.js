// The first paint of a browser that has nothing of the page yet. The goal is 300 ms on an idle machine; the bound allows for a busy one.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Node } from '../clients/support/node.js';
import { launch, openPage, question } from './support/browser.js';

describe('page: first paint', () => {
  let node, browser;
  before(async () => {
    node = await Node.start();
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    await node?.stop();
  });

  it('comes soon after the start of the navigation', async t => {
    const times = [];
    for (let round = 0; round < 5; round++) {
      const page = await openPage(browser, node);
      await question(page).waitFor();
      await node.until(() => page.evaluate(() => performance.getEntriesByName('first-contentful-paint').length === 1), 'the browser should have painted');
      times.push(await page.evaluate(() => Math.round(performance.getEntriesByName('first-contentful-paint')[0].startTime)));
      await page.context().close();
    }

    t.diagnostic(`first contentful paint, five fresh profiles: ${times.join(', ')} ms`);
    assert.ok(Math.min(...times) < 1500, `${times} ms`);
  });
});
