// Conversations: addresses, the way back, missing models, two tabs, settings.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { Node } from '../clients/support/node.js';
import { addPage, ask, assertNoProblems, launch, openPage, question, send, shown } from './support/browser.js';

describe('page: conversations', () => {
  let node, browser, page;
  before(async () => {
    node = await Node.start();
    node.addModel('old-model');
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    await node?.stop();
  });
  beforeEach(async () => {
    page = await openPage(browser, node);
    await question(page).waitFor();
  });
  afterEach(async () => {
    assertNoProblems(page);
    await page.context().close();
    await node.isFree();
  });

  const goTo = hash => page.evaluate(next => (location.hash = next), hash);

  it('opens an address that nobody knows, and one that was cut', async () => {
    for (const hash of ['#/chat/%E0%A4%A', '#/chat/unknown']) {
      await page.goto('about:blank');
      await page.goto(`http://node.lan:${new URL(node.url).port}/ui/${hash}`);
      await shown(page, 'This conversation is not in this browser.').waitFor();
    }
    await page.getByRole('main').getByRole('link', { name: 'New chat' }).last().click();
    await page.getByRole('heading', { name: 'What do you want to know?' }).waitFor();
  });

  it('leads back to the running answer, and marks it in the list', async () => {
    await send(page, '!sleep 50 2000');
    await shown(page, '1 2 3').waitFor();

    await page.getByRole('complementary').getByRole('link', { name: /sleep.*Answering/ }).waitFor();
    await page.getByRole('navigation').getByRole('link', { name: 'Node' }).click();
    await page.getByRole('heading', { level: 1, name: /^Node/ }).waitFor();
    await page.getByRole('navigation').getByRole('link', { name: 'Chat' }).click();

    await shown(page, '1 2 3').waitFor();
    await page.getByRole('button', { name: 'Stop' }).click();
    await shown(page, 'You stopped this answer.').waitFor();
  });

  it('stops the answer of a conversation that is deleted', async () => {
    await send(page, '!sleep 50 2000');
    await shown(page, '1 2 3').waitFor();

    await page.getByRole('button', { name: /^Rename, export or delete/ }).click();
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByRole('button', { name: 'Delete for ever' }).click();

    await page.getByRole('heading', { name: 'What do you want to know?' }).waitFor();
    await node.isFree();
  });

  it('takes a double click on "Answer again" as one', async () => {
    await ask(page, '!sleep 1 50');

    await page.getByRole('button', { name: 'Answer again' }).dblclick();

    await shown(page, '2 / 2').waitFor();
    await shown(page, '48 49 50').waitFor();
    await page.getByRole('button', { name: 'Answer again' }).and(page.locator(':enabled')).waitFor();
    assert.equal(await shown(page, /^\d+ \/ \d+$/).innerText(), '2 / 2');
  });

  it('asks for another model if that of the conversation is gone', async () => {
    await page.getByRole('button', { name: /^Model:/ }).click();
    await page.getByRole('dialog').getByRole('button', { name: /^old-model/ }).click();
    await ask(page, 'What is the capital of France?');
    await fetch(`${node.url}/api/delete`, { method: 'DELETE', body: JSON.stringify({ model: 'old-model' }) });
    await page.reload();

    await shown(page, 'old-model is not on this node.', { exact: false }).waitFor();
    await question(page).fill('And of Germany?');
    assert.ok(await page.getByRole('button', { name: 'Send' }).isDisabled());
    await page.getByRole('button', { name: 'Choose a model', exact: true }).click();
    await page.getByRole('dialog').getByRole('button', { name: /^demo / }).click();

    await page.getByRole('button', { name: 'Send' }).click();
    await page.getByRole('article', { name: 'Answer of demo' }).waitFor();
    await page.getByRole('button', { name: 'Answer again' }).nth(1).and(page.locator(':enabled')).waitFor();
  });

  it('takes no question while another tab receives an answer, but stops it', async () => {
    await send(page, '!sleep 50 2000');
    await shown(page, '1 2 3').waitFor();
    const second = await addPage(page.context(), node, new URL(page.url()).hash);
    await shown(second, 'This answer is running in another tab.').waitFor();

    await question(second).fill('Hello');
    await question(second).press('Enter');
    assert.equal(await second.getByRole('article').count(), 2);
    assert.ok(await second.getByRole('button', { name: 'Edit the question' }).isDisabled());
    await second.getByRole('button', { name: 'Stop' }).click();

    await shown(page, 'You stopped this answer.').waitFor();
    await second.getByRole('button', { name: 'Send' }).and(second.locator(':enabled')).waitFor();
    assertNoProblems(second);
  });

  it('says which values a setting can have', async () => {
    await page.getByRole('button', { name: 'Settings of this conversation' }).click();
    const dialog = page.getByRole('dialog');
    const temperature = dialog.getByRole('spinbutton', { name: 'Temperature' });

    await temperature.fill('99');
    await dialog.getByText('A number from 0 to 2.').waitFor();
    await dialog.getByRole('spinbutton', { name: 'Longest answer' }).fill('-5');
    await dialog.getByText('A whole number, at least 1.').waitFor();
    await dialog.getByRole('button', { name: 'Done' }).click();
    assert.ok(await temperature.evaluate(field => field === document.activeElement), 'the dialog stays open at the first wrong value');
    await temperature.fill('0.35');
    await dialog.getByRole('spinbutton', { name: 'Longest answer' }).fill('');
    await dialog.getByRole('button', { name: 'Done' }).click();

    await dialog.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Settings of this conversation' }).click();
    assert.equal(await temperature.inputValue(), '0.35');
  });

  it('announces that an answer was stopped, not that it is done', async () => {
    const said = [];
    await page.exposeFunction('heard', text => said.push(text));
    await page.evaluate(() => {
      const region = document.querySelector('[role=status]');
      new MutationObserver(() => region.textContent && window.heard(region.textContent)).observe(region, { childList: true, characterData: true, subtree: true });
    });
    await send(page, '!sleep 50 2000');
    await shown(page, '1 2 3').waitFor();
    await page.getByRole('button', { name: 'Stop' }).click();

    await node.until(() => said.join(' ').includes('You stopped this answer.'), 'the end should be announced');
    assert.doesNotMatch(said.join(' '), /Done/);
  });

  it('says that a model cannot see a pasted picture', async () => {
    await question(page).evaluate(field => {
      const data = new DataTransfer();
      data.items.add(new File([new Uint8Array([1])], 'x.png', { type: 'image/png' }));
      field.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true }));
    });

    await shown(page, 'demo cannot see pictures.').waitFor();
    await goTo('#/chat');
  });
});
