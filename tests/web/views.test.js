// Node, models, cluster and doctor, as a person finds them.
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { Node } from '../clients/support/node.js';
import { ask, assertNoProblems, launch, openPage, question, send, shown } from './support/browser.js';

describe('page: views', () => {
  let node, other, browser, page;
  before(async () => {
    other = await Node.start({ options: ['--node-name', 'second'] });
    node = await Node.start({ options: ['--node-name', 'first', '--allow-edit', '--peers', `${other.url},http://127.0.0.1:1`] });
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    await node?.stop();
    await other?.stop();
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

  const show = async view => {
    await page.getByRole('navigation').getByRole('link', { name: view, exact: true }).click();
    await page.getByRole('heading', { level: 1, name: view === 'Node' ? /^Node/ : view }).waitFor();
  };

  it('shows the finished request of the chat with its figures', async () => {
    await ask(page, 'What is the capital of France?');
    await show('Node');

    const row = page.getByRole('region', { name: 'Requests of the last hour' }).getByRole('row').filter({ hasText: 'demo' }).first();
    await row.getByText('complete').waitFor();
    assert.match(await row.innerText(), /→ 7/);
    await page.getByRole('heading', { name: 'Node first' }).waitFor();
  });

  it('shows the running request and cancels it after a question', async () => {
    const chat = await page.context().newPage();
    await chat.goto(page.url());
    await send(chat, '!sleep 50 2000');
    await shown(chat, '1 2 3').waitFor();
    await show('Node');

    await shown(page, 'answering').waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('group', { name: 'Cancel this request?' }).getByRole('button', { name: 'Yes' }).click();

    await shown(page, 'The NPU is idle.').waitFor();
    await node.isFree();
    await shown(chat, 'This answer was cancelled on the node.').waitFor();
    await chat.getByRole('button', { name: 'Answer again' }).waitFor();
  });

  it('draws the charts, and gives the same numbers as a table', async () => {
    await show('Node');

    const chart = page.getByRole('region', { name: 'Queue', exact: true });
    await chart.getByRole('img', { name: /^Queue\. Running: now/ }).waitFor();
    await chart.locator('canvas').waitFor();
    await chart.getByRole('button', { name: 'Table' }).click();
    await chart.getByRole('table').waitFor();
  });

  it('lists a model that the node cannot load, with its reason and its Modelfile', async () => {
    mkdirSync(join(node.models, 'broken'));
    writeFileSync(join(node.models, 'broken', 'Modelfile'), 'FROM="missing.rkllm"\n');
    await show('Models');

    const row = page.getByRole('region', { name: 'Models that the node cannot load' }).getByRole('listitem');
    await row.getByText('broken', { exact: true }).waitFor();
    await row.getByRole('button', { name: 'Modelfile' }).click();
    assert.match(await page.getByRole('dialog').getByRole('textbox', { name: 'Modelfile' }).inputValue(), /missing\.rkllm/);
    rmSync(join(node.models, 'broken'), { recursive: true });
  });

  it('loads and unloads a model', async () => {
    await show('Models');
    const row = page.getByRole('listitem').filter({ has: page.getByText('demo-embedding', { exact: true }) });

    await row.getByRole('button', { name: 'Load', exact: true }).click();
    await row.getByText('loaded', { exact: true }).waitFor();
    await row.getByRole('button', { name: 'Unload' }).click();
    await row.getByRole('button', { name: 'Yes' }).click();
    await row.getByText('on disk', { exact: true }).waitFor();
  });

  it('deletes a model after a question', async () => {
    node.addModel('old-model');
    await show('Models');
    await page.reload();
    const row = page.getByRole('listitem').filter({ has: page.getByText('old-model', { exact: true }) });

    await row.getByRole('button', { name: 'Delete' }).click();
    await row.getByRole('button', { name: 'No' }).click();
    await row.getByRole('button', { name: 'Delete' }).click();
    await row.getByRole('button', { name: 'Yes' }).click();

    await row.waitFor({ state: 'detached' });
    const { models } = await (await fetch(`${node.url}/api/tags`)).json();
    assert.ok(!models.some(({ name }) => name.startsWith('old-model')));
  });

  it('edits a Modelfile, and says what is wrong with a bad one', async () => {
    node.addModel('edited');
    await show('Models');
    await page.reload();
    const row = page.getByRole('listitem').filter({ has: page.getByText('edited', { exact: true }) });
    await row.getByRole('button', { name: 'Modelfile' }).click();
    const dialog = page.getByRole('dialog', { name: 'Modelfile of edited' });
    const field = dialog.getByRole('textbox', { name: 'Modelfile' });

    await field.fill((await field.inputValue()).replace('SYSTEM=""', 'SYSTEM="You are a pirate."'));
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.getByRole('button', { name: 'Save' }).and(page.locator(':disabled')).waitFor();
    await field.fill('TEMPERATURE=hot');
    page.expected = /status of 400/;
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.getByRole('alert').waitFor();

    const answer = await fetch(`${node.url}/node/models/edited/modelfile`);
    assert.match((await answer.json()).text, /You are a pirate/);

    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    assert.equal(await field.inputValue(), 'TEMPERATURE=hot', 'Escape keeps the text and answers its own question with no');
    await page.keyboard.press('Escape');
    await dialog.getByRole('group', { name: 'Discard the changes?' }).getByRole('button', { name: 'Discard' }).click();
    await dialog.waitFor({ state: 'detached' });
  });

  it('keeps what is written into a Modelfile while it is being saved', async () => {
    node.addModel('slow-save');
    await show('Models');
    await page.reload();
    await page.getByRole('listitem').filter({ has: page.getByText('slow-save', { exact: true }) }).getByRole('button', { name: 'Modelfile' }).click();
    const dialog = page.getByRole('dialog', { name: 'Modelfile of slow-save' });
    const field = dialog.getByRole('textbox', { name: 'Modelfile' });
    let answer;
    const asked = new Promise(resolve => page.route('**/modelfile', route => (route.request().method() === 'PUT' ? ((answer = () => route.continue()), resolve()) : route.continue())));

    await field.fill((await field.inputValue()) + '# one\n');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await asked;
    await field.press('Control+End');
    await page.keyboard.type('# two');
    await answer();

    await dialog.getByText('The Modelfile is saved.').waitFor();
    assert.match(await field.inputValue(), /# one\n# two$/);
    await dialog.getByRole('button', { name: 'Save' }).and(page.locator(':enabled')).waitFor();
  });

  it('finds short names', async () => {
    await show('Models');
    await page.getByRole('searchbox', { name: /^Name, or owner/ }).fill('qwen2.5 1.5b');

    await page.getByRole('button', { name: 'Download qwen2.5:1.5b' }).waitFor();
  });

  it('shows the other nodes, and leads to them', async () => {
    await show('Cluster');

    await shown(page, '(this node)').waitFor();
    const link = page.getByRole('link', { name: 'second' });
    assert.equal(await link.getAttribute('href'), `${other.url}/ui/`);
    await page.getByRole('listitem').filter({ hasText: '127.0.0.1:1' }).getByText(/^no answer/).waitFor();
  });

  it('shows the findings of the doctor with what to do', async () => {
    await show('Doctor');

    await shown(page, 'What to do', { exact: false }).first().waitFor();
    await page.getByRole('button', { name: 'Check again' }).click();
    await shown(page, /^checked at/).waitFor();
  });

  it('has a dialog with the models, their state and what they can do', async () => {
    await page.getByRole('button', { name: /^Model:/ }).click();
    const dialog = page.getByRole('dialog', { name: 'Model' });

    await dialog.getByRole('button', { name: /demo.*4,096 tokens context.*tools.*thinking/s }).waitFor();
    assert.equal(await dialog.getByRole('button', { name: /demo-embedding/ }).count(), 0);
  });
});

describe('page: a node without models', () => {
  it('leads to the first model', async () => {
    const node = await Node.start();
    const browser = await launch();
    for (const name of ['demo', 'demo-embedding']) await fetch(`${node.url}/api/delete`, { method: 'DELETE', body: JSON.stringify({ model: name }) });
    const page = await openPage(browser, node);

    await page.getByRole('heading', { name: 'This node has no model for chat yet.' }).waitFor();
    await page.getByRole('button', { name: /^Download .+/ }).waitFor();
    await page.getByRole('link', { name: 'Other models' }).click();
    await shown(page, 'No models yet.', { exact: false }).waitFor();

    assertNoProblems(page);
    await browser.close();
    await node.stop();
  });
});
