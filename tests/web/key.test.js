// A node with an API key.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { Node } from '../clients/support/node.js';
import { addPage, ask, assertNoProblems, launch, openPage, question } from './support/browser.js';

const unauthorized = /console: Failed to load resource.*401/;

describe('page: key', () => {
  let node, browser, page;
  before(async () => {
    node = await Node.start({ options: ['--api-key', 'a-secret-key'] });
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    await node?.stop();
  });
  beforeEach(async () => (page = await openPage(browser, node)));
  afterEach(async () => {
    assertNoProblems(page, unauthorized);
    await page.context().close();
  });

  const dialog = () => page.getByRole('dialog', { name: 'API key' });
  const enter = async (key, remember = false) => {
    await dialog().getByLabel('Key', { exact: true }).fill(key);
    if (remember) await dialog().getByRole('checkbox').check();
    await dialog().getByRole('button', { name: 'Use key' }).click();
  };
  const stored = () => page.evaluate(() => [sessionStorage.getItem('rkllama-key'), localStorage.getItem('rkllama-key')]);

  it('asks for the key, says that a wrong one is wrong, and then works', async () => {
    await dialog().getByText('This node answers only with an API key.', { exact: false }).waitFor();
    await dialog().getByText('This connection is not encrypted.', { exact: false }).waitFor();
    await enter('wrong');
    await dialog().getByText('The node does not accept this key.', { exact: false }).waitFor();
    await enter('a-secret-key');

    await dialog().waitFor({ state: 'detached' });
    await ask(page, 'What is the capital of France?');
    assert.deepEqual(await stored(), ['a-secret-key', null]);
  });

  it('keeps the key for the tab, and for the browser only if the user says so', async () => {
    await enter('a-secret-key');
    await dialog().waitFor({ state: 'detached' });
    await page.reload();
    await question(page).waitFor();
    assert.equal(await dialog().count(), 0);

    const second = await addPage(page.context(), node);
    await second.getByRole('dialog', { name: 'API key' }).waitFor();
    await second.close();

    await page.evaluate(() => sessionStorage.clear());
    await page.reload();
    await enter('a-secret-key', true);
    await dialog().waitFor({ state: 'detached' });
    assert.deepEqual(await stored(), ['a-secret-key', 'a-secret-key']);
  });

  it('takes the key from the address and removes it there', async () => {
    await page.goto('about:blank');
    await page.goto(`http://node.lan:${new URL(node.url).port}/ui/#key=a-secret-key`);
    await ask(page, 'What is the capital of France?');

    assert.doesNotMatch(page.url(), /secret/);
  });

  it('says what to do if the user closes the dialog', async () => {
    await dialog().getByRole('button', { name: 'Close' }).click();

    await page.getByText('The node wants an API key.', { exact: false }).first().waitFor();
    await question(page).fill('Hello');
    assert.ok(await page.getByRole('button', { name: 'Send' }).isDisabled());
    await page.getByRole('button', { name: 'Enter the key' }).first().click();
    await enter('a-secret-key');
    await page.getByRole('button', { name: 'Send' }).click();
    await page.getByRole('article', { name: /^Answer of/ }).waitFor();
  });

  it('shows the log only with a key', async () => {
    await enter('a-secret-key');
    await dialog().waitFor({ state: 'detached' });
    await page.getByRole('link', { name: 'Node', exact: true }).click();

    await page.getByRole('heading', { name: 'Log' }).waitFor();
    await page.getByRole('region', { name: 'Log' }).getByText(/listens on/).waitFor();
  });
});
