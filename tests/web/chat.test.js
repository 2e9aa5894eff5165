// The ways of a person through the chat, by role and name.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { Node } from '../clients/support/node.js';
import { ask, assertNoProblems, launch, newChat, openPage, question, send, shown, textOf } from './support/browser.js';

describe('page: chat', () => {
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
    page = await openPage(browser, node);
    await question(page).waitFor();
  });
  afterEach(async () => {
    assertNoProblems(page);
    await page.context().close();
    await node.isFree();
  });

  it('answers a question, with figures', async () => {
    const answer = await ask(page, 'What is the capital of France?');

    assert.equal(await textOf(answer), 'The capital of France is Paris.');
    await answer.getByText('7 tokens').waitFor();
    await answer.getByText(/tok\/s/).waitFor();
    await answer.getByText(/to the first token/).waitFor();
    assert.equal(await page.title(), 'Chat – RkLlama');
  });

  it('keeps the conversation after a reload', async () => {
    await ask(page, 'What is the capital of France?');

    await page.reload();

    await shown(page, 'The capital of France is Paris.').waitFor();
    const answer = await ask(page, 'My name is Ada');
    assert.equal(await textOf(answer), 'Hello Ada! Nice to meet you.');
    assert.match(node.lastPrompt(), /capital of France/);
  });

  it('stops an answer on the NPU with the button, and with Escape', async () => {
    for (const stop of [() => page.getByRole('button', { name: 'Stop' }).click(), () => page.keyboard.press('Escape')]) {
      await newChat(page);
      await send(page, '!sleep 50 2000');
      await shown(page, '1 2 3').waitFor();
      await stop();
      await shown(page, 'You stopped this answer.').waitFor();
      await node.isFree();
    }
  });

  it('continues a stopped answer', async () => {
    await send(page, '!sleep 50 2000');
    await shown(page, '1 2 3').waitFor();
    await page.getByRole('button', { name: 'Stop' }).click();

    await page.getByRole('button', { name: 'Continue the answer' }).click();

    await page.getByRole('button', { name: 'Stop' }).waitFor();
    await page.getByRole('button', { name: 'Stop' }).click();
    assert.equal(await page.getByRole('article', { name: /^Answer of/ }).count(), 1);
  });

  it('has the figures of a stopped answer, and after its continuation those of the whole answer', async () => {
    await send(page, '!sleep 50 2000');
    await shown(page, '1 2 3').waitFor();
    await page.getByRole('button', { name: 'Stop' }).click();
    const tokens = async () => Number((await page.locator('.figures').getByText(/^\d+ tokens$/).innerText()).split(' ')[0]);
    const first = await tokens();
    assert.ok(first >= 3, `${first} tokens`);

    await page.getByRole('button', { name: 'Continue the answer' }).click();
    await page.getByRole('button', { name: 'Stop' }).waitFor();
    await node.isBusy();
    await page.getByRole('button', { name: 'Stop' }).click();
    await node.until(async () => (await page.locator('.figures').getByText(/^\d+ tokens$/).count()) === 1 && (await tokens()) >= first, 'the figures should be those of both parts');
  });

  it('answers again as another version, and switches between the versions', async () => {
    await ask(page, '!echo version one');

    await page.getByRole('button', { name: 'Answer again' }).click();

    await shown(page, '2 / 2').waitFor();
    await page.getByRole('button', { name: 'Previous version' }).click();
    await shown(page, '1 / 2').waitFor();
  });

  it('sends an edited question as a new branch, and keeps the first one', async () => {
    await ask(page, 'What is the capital of France?');

    await page.getByRole('button', { name: 'Edit the question' }).click();
    await page.getByRole('textbox', { name: 'Changed question' }).fill('What is the capital of Germany?');
    await page.getByRole('button', { name: 'Send as a new branch' }).click();

    await shown(page, 'The capital of Germany is Berlin.').waitFor();
    assert.equal(await shown(page, 'The capital of France is Paris.').count(), 0);
    assert.doesNotMatch(node.lastPrompt(), /France/);
    await page.getByRole('button', { name: 'Previous version' }).click();
    await shown(page, 'The capital of France is Paris.').waitFor();
  });

  it('sends the system prompt and the settings of the conversation, and says what the runtime ignores', async () => {
    await page.getByRole('button', { name: 'Settings of this conversation' }).click();
    await page.getByRole('textbox', { name: 'System prompt' }).fill('You are a pirate.');
    await page.getByRole('spinbutton', { name: 'Temperature' }).fill('0.3');
    await page.getByRole('button', { name: 'Done' }).click();

    const answer = await ask(page, 'Hello');

    assert.match(node.lastPrompt(), /You are a pirate\./);
    await answer.getByText('The node ignored: temperature').waitFor();
    await page.getByRole('button', { name: 'Settings of this conversation' }).click();
    await shown(page, 'Has no effect with this runtime.').first().waitFor();
  });

  it('folds thoughts with their time', async () => {
    const answer = await ask(page, '!think The answer.');

    assert.equal(await textOf(answer), 'The answer.');
    await answer.getByText(/^Thought for/).click();
    await answer.getByText('hm').waitFor();
  });

  it('turns thinking off where the model can think', async () => {
    await page.getByRole('button', { name: 'Settings of this conversation' }).click();
    await page.getByRole('combobox', { name: 'Thinking' }).selectOption('Off');
    await page.getByRole('button', { name: 'Done' }).click();

    const answer = await ask(page, '!think The answer.');

    assert.equal(await answer.getByText(/^Thought for/).count(), 0);
    assert.match(node.lastPrompt(), /<\/think>/);
  });

  it('copies code and answers without the clipboard of secure pages', async () => {
    assert.equal(await page.evaluate(() => isSecureContext), false);
    const answer = await ask(page, '!echo ```python\nprint("hi")\n```');

    await answer.getByRole('button', { name: 'Copy the code' }).click();

    await answer.getByRole('button', { name: 'Copied' }).waitFor();
    await question(page).focus();
    await page.keyboard.press('Control+V');
    assert.equal(await question(page).inputValue(), 'print("hi")');
    await answer.locator('.hljs-string').waitFor();
  });

  it('counts the tokens while the user types', async () => {
    await question(page).fill('Hello');

    await shown(page, /^\d+ of 4,096 tokens$/).waitFor();
    const used = Number((await shown(page, /^\d+ of 4,096 tokens$/).innerText()).split(' ')[0]);
    assert.ok(used > 3 && used < 30, `${used} tokens`);
  });

  it('shows the place in the queue', async () => {
    const other = await openPage(browser, node);
    await send(other, '!sleep 50 2000');
    await shown(other, '1 2 3').waitFor();

    await send(page, 'Hello');

    await shown(page, /^Place 1 in the queue/).waitFor();
    await other.getByRole('button', { name: 'Stop' }).click();
    await shown(page, 'Hello! How can I help you today?').waitFor();
    await other.context().close();
  });

  it('says in words why a request failed', async () => {
    page.expected = /status of 500/;
    const answer = await ask(page, '!fault segv');

    await answer.getByRole('alert').waitFor();
    assert.ok((await answer.getByRole('alert').innerText()).length > 20);
  });

  it('finds, renames and deletes conversations', async () => {
    await ask(page, 'What is the capital of France?');
    await newChat(page);
    await ask(page, 'My name is Ada');
    const list = page.getByRole('complementary', { name: 'Conversations' });

    await page.keyboard.press('Control+K');
    await page.locator('[type=search]:focus').waitFor();
    await page.keyboard.type('paris');
    await list.getByRole('link', { name: /capital of France/ }).waitFor();
    await list.getByRole('link', { name: /Ada/ }).waitFor({ state: 'detached' });

    await list.getByRole('button', { name: /^Rename, export or delete: What is/ }).click();
    await page.getByRole('textbox', { name: 'Title' }).fill('Geography');
    await page.getByRole('button', { name: 'Rename', exact: true }).click();
    await list.getByRole('link', { name: /Geography/ }).click();
    await page.getByRole('heading', { name: 'Geography', level: 1 }).waitFor();

    await list.getByRole('button', { name: /Geography/ }).click();
    await page.getByRole('button', { name: 'Delete', exact: true }).dblclick();
    await page.getByRole('button', { name: 'Delete for ever' }).click();
    await list.getByRole('link', { name: /Geography/ }).waitFor({ state: 'detached' });
    // The button that had the focus is gone.
    await page.locator('#question:focus').waitFor();
    await page.getByRole('searchbox').fill('');
    await list.getByRole('link', { name: /Ada/ }).waitFor();
    await page.reload();
    await list.getByRole('link', { name: /Ada/ }).waitFor();
    assert.equal(await list.getByRole('link', { name: /Geography/ }).count(), 0);
  });

  it('exports as Markdown and JSON, and imports the JSON', async () => {
    await ask(page, 'What is the capital of France?');
    const list = page.getByRole('complementary', { name: 'Conversations' });
    const save = async name => {
      const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name }).click()]);
      return download.path();
    };

    await list.getByRole('button', { name: /^Rename, export or delete/ }).click();
    const markdown = readFileSync(await save('Save as Markdown'), 'utf8');
    await page.getByRole('button', { name: 'Close' }).click();
    const json = await save('Export all');
    await list.locator('input[type=file]').setInputFiles(json);
    await list.getByText('Imported: 0. Already here: 1.').waitFor();
    await list.getByRole('button', { name: /^Rename, export or delete/ }).click();
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByRole('button', { name: 'Delete for ever' }).click();
    await list.getByRole('link', { name: /capital of France/ }).waitFor({ state: 'detached' });
    await list.locator('input[type=file]').setInputFiles(json);
    await list.getByText('Imported: 1. Already here: 0.').waitFor();

    assert.match(markdown, /## You\n\nWhat is the capital of France\?\n\n## Model \(demo\)\n\nThe capital of France is Paris\./);
    assert.equal(await list.getByRole('link', { name: /capital of France/ }).count(), 1);
    await list.getByRole('link', { name: /capital of France/ }).click();
    await shown(page, 'The capital of France is Paris.').waitFor();
  });

  it('announces states and whole sentences to screen readers', async () => {
    const said = [];
    await page.exposeFunction('heard', text => said.push(text));
    await page.evaluate(() => {
      const region = document.querySelector('[role=status]');
      new MutationObserver(() => region.textContent && window.heard(region.textContent)).observe(region, { childList: true, characterData: true, subtree: true });
    });

    await ask(page, 'What is the capital of France?');

    await node.until(() => /The capital of France is Paris\..*Done: 6 words\./s.test(said.join(' ')), 'the answer should be announced');
    assert.ok(said.length <= 6, said.join(' | '));
  });

  it('speaks German and Chinese', async () => {
    await page.getByRole('button', { name: 'Settings and help' }).click();
    await page.getByRole('combobox', { name: 'Language' }).selectOption('Deutsch');
    await page.getByRole('textbox', { name: 'Frage stellen' }).waitFor({ state: 'attached' });
    await page.getByRole('combobox', { name: 'Sprache' }).selectOption('中文');
    await page.keyboard.press('Escape');
    await page.getByRole('textbox', { name: '请输入问题' }).waitFor();
    assert.equal(await page.evaluate(() => document.documentElement.lang), 'zh');
  });

  it('is usable with the keyboard alone', async () => {
    await page.locator('#question:focus').waitFor();
    await page.keyboard.type('What is the capital of France?');
    await page.getByRole('button', { name: 'Send' }).and(page.locator(':enabled')).waitFor();
    await page.keyboard.press('Enter');
    await shown(page, 'The capital of France is Paris.').waitFor();
    const again = page.getByRole('button', { name: 'Answer again' });
    await again.and(page.locator(':enabled')).waitFor();

    for (let presses = 0; presses < 12 && !(await again.evaluate(element => element === document.activeElement)); presses++) await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Enter');

    await shown(page, '2 / 2').waitFor();
  });
});
