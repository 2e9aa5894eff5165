// A phone of 360 by 740: no sideways scrolling, large targets, Enter is a line break.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { Node } from '../clients/support/node.js';
import { assertNoProblems, launch, openPage, question } from './support/browser.js';

describe('page: phone', () => {
  let node, browser, page;
  before(async () => {
    node = await Node.start();
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    await node?.stop();
  });
  beforeEach(async () => {
    page = await openPage(browser, node, { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true });
    await question(page).waitFor();
  });
  afterEach(async () => {
    assertNoProblems(page);
    await page.context().close();
  });

  const views = ['chat', 'node', 'models', 'cluster', 'doctor'];
  const show = async view => {
    await page.evaluate(hash => (location.hash = hash), `#/${view}`);
    await page.locator(`main.view-${view} h1`).waitFor({ state: 'attached' });
  };

  it('does not scroll sideways in any view', async () => {
    await page.getByRole('textbox').fill('!echo ' + 'averylongword'.repeat(30) + ' `' + 'code'.repeat(60) + '`\n\n| a | b | c | d |\n|--|--|--|--|\n| ' + 'long cell '.repeat(9) + '| 2 | 3 | 4 |');
    await page.getByRole('button', { name: 'Send' }).tap();
    await page.getByRole('button', { name: 'Answer again' }).waitFor();
    for (const view of views) {
      await show(view);
      const below = await page.evaluate(() => document.documentElement.scrollHeight - document.documentElement.clientHeight);
      assert.ok(below <= 0, `${view}: the document can be scrolled ${below} px out of the window`);
      const widths = await page.evaluate(() => ['html', 'main', '.thread', '.page'].map(selector => document.querySelector(selector)).filter(Boolean).map(element => [element.className || element.localName, element.scrollWidth - element.clientWidth]));
      for (const [name, excess] of widths) assert.ok(excess <= 0, `${view}: ${name} is ${excess} px too wide`);
    }
  });

  it('has the names of the views in one line on its side, in German, too', async () => {
    await page.context().close();
    page = await openPage(browser, node, { viewport: { width: 740, height: 360 }, isMobile: true, hasTouch: true, locale: 'de-DE' });
    await page.getByRole('textbox', { name: 'Frage stellen' }).waitFor();

    for (const link of await page.getByRole('navigation').getByRole('link').all()) {
      const { height } = await link.locator('span').boundingBox();
      assert.ok(height < 30, `${await link.innerText()}: ${height} px high`);
    }
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
  });

  it('has targets of at least 44 px for the main actions, and text of 16 px in fields', async () => {
    await askByTouch('Hello');
    const targets = [page.getByRole('button', { name: 'Send' }), page.getByRole('button', { name: /^Model:/ }), page.getByRole('button', { name: 'Conversations' }), page.getByRole('button', { name: 'Answer again' }), ...(await page.getByRole('navigation').getByRole('link').all())];
    for (const target of targets) {
      const { width, height } = await target.boundingBox();
      assert.ok(width >= 44 && height >= 44, `${await target.getAttribute('aria-label') ?? await target.innerText()}: ${width} × ${height}`);
    }
    assert.equal(await question(page).evaluate(field => getComputedStyle(field).fontSize), '16px');
  });

  it('has the summary of the doctor in words, not in letters', async () => {
    await page.context().close();
    page = await openPage(browser, node, { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true, locale: 'de-DE', hash: '#/doctor' });
    const summary = page.getByText(/^Fehler: \d+\. Warnungen: \d+\.$/);
    await summary.waitFor();

    const { height, width } = await summary.boundingBox();
    assert.ok(height < 60 && width > 200, `${width} × ${height}`);
  });

  it('adds a line with Enter and sends with the button', async () => {
    await question(page).fill('What is the capital');
    await question(page).press('Enter');
    await page.keyboard.type('of France?');

    assert.equal(await question(page).inputValue(), 'What is the capital\nof France?');
    assert.equal(await page.getByRole('article').count(), 0);
    await page.getByRole('button', { name: 'Send' }).tap();
    await page.getByRole('article', { name: /^Answer of/ }).waitFor();
  });

  it('opens the conversations over the chat, and keeps the question above the keyboard', async () => {
    await askByTouch('Hello');
    await page.getByRole('button', { name: 'Conversations' }).tap();
    await page.getByRole('complementary').getByRole('link', { name: 'New chat' }).tap();
    await page.getByRole('heading', { name: 'What do you want to know?' }).waitFor();

    await page.setViewportSize({ width: 360, height: 400 });

    const box = await question(page).boundingBox();
    assert.ok(box.y + box.height < 400, 'the field is visible');
  });

  async function askByTouch(text) {
    await question(page).fill(text);
    await page.getByRole('button', { name: 'Send' }).tap();
    await page.getByRole('button', { name: 'Answer again' }).and(page.locator(':enabled')).waitFor();
  }
});
