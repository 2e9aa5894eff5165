// Two tabs, a reload in mid-answer, and a node that restarts in mid-answer.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { Node } from '../clients/support/node.js';
import { addPage, assertNoProblems, launch, newChat, openPage, question, send, shown } from './support/browser.js';

const network = /console: Failed to load resource/;

describe('page: tabs, reloads and restarts', () => {
  let node, browser, page;
  before(async () => (browser = await launch()));
  after(() => browser?.close());
  afterEach(async () => {
    await page?.context().close();
    await node?.stop();
  });

  it('shows an answer of another tab, and both tabs have all conversations', async () => {
    node = await Node.start();
    page = await openPage(browser, node);
    await send(page, '!sleep 20 2000');
    await shown(page, '1 2 3').waitFor();

    const second = await addPage(page.context(), node, new URL(page.url()).hash);

    await shown(second, 'This answer is running in another tab.').waitFor();
    const before = (await second.locator('.answer .markdown').innerText()).length;
    await node.until(async () => (await second.locator('.answer .markdown').innerText()).length > before, 'the second tab should follow');
    await page.getByRole('button', { name: 'Stop' }).click();
    await shown(second, 'You stopped this answer.').waitFor();
    await newChat(second);
    await send(second, 'Hello');
    await page.getByRole('complementary').getByRole('link', { name: /Hello/ }).waitFor();
    assertNoProblems(page);
    assertNoProblems(second);
  });

  it('keeps the text after a reload in mid-answer, says why it ended, and continues it', async () => {
    node = await Node.start();
    page = await openPage(browser, node);
    await send(page, '!sleep 20 2000');
    await shown(page, / 199 200 /).waitFor();

    await page.reload();

    await shown(page, /The page was closed or reloaded while this answer was running/).waitFor();
    await shown(page, '1 2 3 4 5').waitFor();
    await node.isFree();
    await page.getByRole('button', { name: 'Continue the answer' }).click();
    await page.getByRole('button', { name: 'Stop' }).click();
    await shown(page, 'You stopped this answer.').waitFor();
    assertNoProblems(page);
  });

  it('survives a node that restarts in mid-answer', async () => {
    node = await Node.start();
    const { port } = new URL(node.url);
    page = await openPage(browser, node);
    await send(page, '!sleep 20 2000');
    await shown(page, '1 2 3').waitFor();

    await node.stop();
    await shown(page, /The connection ended before the answer did/).waitFor();
    await shown(page, /The node does not answer/).first().waitFor();
    assert.ok(await page.getByRole('button', { name: 'Send' }).isDisabled());
    node = await Node.start({ port });

    await shown(page, /The node does not answer/).first().waitFor({ state: 'detached' });
    await question(page).fill('What is the capital of France?');
    await page.getByRole('button', { name: 'Send' }).click();
    await shown(page, 'The capital of France is Paris.').waitFor();
    assertNoProblems(page, network);
  });
});
