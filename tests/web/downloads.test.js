// Downloads: how they begin, go on, fail and end.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { Node } from '../clients/support/node.js';
import { assertNoProblems, launch, openPage, question, shown } from './support/browser.js';

describe('page: downloads', () => {
  let node, other, silent, browser, page;
  before(async () => {
    other = await Node.start({ options: ['--share-models'] });
    other.addModel('shared-model');
    node = await Node.start();
    // Takes connections and never answers.
    silent = createServer(() => {});
    await new Promise(resolve => silent.listen(0, '127.0.0.1', resolve));
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    silent?.close();
    silent?.closeAllConnections();
    await node?.stop();
    await other?.stop();
  });
  beforeEach(async () => {
    page = await openPage(browser, node);
    await question(page).waitFor();
    await page.getByRole('navigation').getByRole('link', { name: 'Models' }).click();
  });
  afterEach(async () => {
    assertNoProblems(page);
    await page.context().close();
  });

  const field = () => page.getByRole('searchbox', { name: /^Name, or owner/ });
  const pull = async text => {
    await field().fill(text);
    await page.getByRole('button', { name: 'Download', exact: true }).first().click();
  };
  const list = () => page.getByRole('region', { name: 'Downloads' });

  it('says that a model has arrived', async () => {
    await field().fill(`${other.url}/shared-model`);
    await shown(page, 'Download takes this text as a repository or an address.').waitFor();
    await pull(`${other.url}/shared-model`);

    await list().getByText('shared-model is on this node now.').waitFor();
    assert.equal(await field().inputValue(), '');
    await list().getByRole('button', { name: 'Close' }).click();
    await list().waitFor({ state: 'detached' });
  });

  it('shows two downloads that wait for their source, and cancels them', async () => {
    const { port } = silent.address();
    for (const name of ['one', 'two']) await pull(`http://127.0.0.1:${port}/${name}`);

    for (const name of ['one', 'two']) {
      const row = list().getByRole('listitem').filter({ hasText: name });
      await row.getByText('connecting').waitFor();
      await row.getByRole('button', { name: 'Cancel' }).click();
      await row.getByRole('button', { name: 'Yes' }).click();
      await row.waitFor({ state: 'detached' });
    }
  });

  it('offers to try a failed download again, and to forget it', async () => {
    await pull(`${other.url}/no-such-model`);

    const row = list().getByRole('listitem').filter({ hasText: 'no-such-model' });
    await row.getByRole('button', { name: 'Try again' }).waitFor();
    await row.getByRole('button', { name: 'Try again' }).click();
    // Disabled until the node has answered.
    await row.getByRole('button', { name: 'Remove from the list' }).click();
    await row.waitFor({ state: 'detached' });
  });
});
