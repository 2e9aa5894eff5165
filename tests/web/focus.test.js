// The keyboard focus stays where the user is when the element that had it goes away.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { Node } from '../clients/support/node.js';
import { ask, assertNoProblems, launch, openPage, question, shown } from './support/browser.js';

describe('page: focus', () => {
  let node, browser, page;
  before(async () => {
    node = await Node.start();
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    await node?.stop();
  });
  const open = async options => {
    page = await openPage(browser, node, options);
    await question(page).waitFor();
  };
  beforeEach(() => open());
  afterEach(async () => {
    assertNoProblems(page);
    await page.context().close();
    await node.isFree();
  });

  const focused = () => page.evaluate(() => {
    const { activeElement: element } = document;
    return element === document.body ? 'body' : `${element.localName}: ${element.getAttribute('aria-label') ?? element.innerText}`;
  });
  const hasFocus = (expected, because) => node.until(async () => expected.test(await focused()), because);
  const press = async locator => {
    await locator.focus();
    await page.keyboard.press('Enter');
  };

  it('goes to "No" of a question, and back to the button', async () => {
    await page.evaluate(() => (location.hash = '#/models'));
    const erase = page.getByRole('listitem').filter({ has: page.getByText('demo-embedding', { exact: true }) }).getByRole('button', { name: 'Delete' });

    for (const answer of ['Enter', 'Escape']) {
      await press(erase);
      await hasFocus(/^button: No$/, 'the question should begin with its safe answer');
      await page.keyboard.press(answer);
      await hasFocus(/^button: Delete$/, `${answer} should lead back to the button`);
    }
    const { models } = await (await fetch(`${node.url}/api/tags`)).json();
    assert.ok(models.some(({ name }) => name.startsWith('demo-embedding')));
  });

  it('returns to the button that opened a dialog', async () => {
    await ask(page, 'What is the capital of France?');
    const buttons = ['Settings of this conversation', 'Settings and help', /^Model:/, /^Rename, export or delete/].map(name => page.getByRole('button', { name }));

    for (const button of buttons) {
      await press(button);
      await page.getByRole('dialog').waitFor();
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      await node.until(() => button.evaluate(element => element === document.activeElement), 'the focus should return to the button');
    }
  });

  it('stays in the row of a model that is loaded', async () => {
    await page.evaluate(() => (location.hash = '#/models'));
    const row = page.getByRole('listitem').filter({ has: page.getByText('demo-embedding', { exact: true }) });

    await press(row.getByRole('button', { name: 'Load', exact: true }));

    await row.getByRole('button', { name: 'Unload' }).waitFor();
    await hasFocus(/^button: Unload$/, 'the focus should move to the button that takes the place');
  });

  it('stays at the answer after "Answer again" and a change of the version', async () => {
    await ask(page, 'What is the capital of France?');

    await press(page.getByRole('button', { name: 'Answer again' }));
    await hasFocus(/^article: Answer of demo$/, 'the new answer should have the focus');
    await shown(page, '2 / 2').waitFor();
    await press(page.getByRole('button', { name: 'Previous version' }));
    await shown(page, '1 / 2').waitFor();

    await hasFocus(/^button: Next version$/, 'the other direction should have the focus at the end of the versions');
  });

  it('returns from the editor of a question, which Enter sends', async () => {
    await ask(page, 'What is the capital of France?');
    const edit = page.getByRole('button', { name: 'Edit the question' });

    await press(edit);
    await hasFocus(/^textarea/, 'the editor should have the focus');
    assert.equal(await page.getByRole('button', { name: 'Copy the question' }).count(), 0);
    await page.keyboard.press('Escape');
    await hasFocus(/^button: Edit the question$/, 'Escape should lead back');
    await press(edit);
    await page.getByRole('textbox', { name: 'Changed question' }).fill('What is the capital of Germany?');
    await page.keyboard.press('Enter');

    await hasFocus(/^article: Answer of demo$/, 'the answer should have the focus');
    await shown(page, 'The capital of Germany is Berlin.').waitFor();
  });

  it('stays in the drawer of conversations until Escape closes it', async () => {
    await page.context().close();
    await open({ viewport: { width: 800, height: 700 } });
    await ask(page, 'What is the capital of France?');
    const button = page.getByRole('button', { name: 'Conversations' });

    await press(button);
    const drawer = page.getByRole('dialog', { name: 'Conversations' });
    await drawer.waitFor();
    for (let presses = 0; presses < 12; presses++) {
      // Behind the last element, the focus may leave the page for the browser.
      assert.ok(await page.evaluate(() => document.activeElement === document.body || document.querySelector('dialog.drawer').contains(document.activeElement)), await focused());
      await page.keyboard.press('Tab');
    }
    await drawer.getByRole('searchbox').focus();
    await page.keyboard.press('Escape');

    await drawer.waitFor({ state: 'detached' });
    await hasFocus(/^button: Conversations$/, 'the focus should return to the button');
  });
});
