// A node that goes down, and an old page after an upgrade of the node.
import { after, afterEach, before, describe, it } from 'node:test';
import { Node } from '../clients/support/node.js';
import { assertNoProblems, launch, openPage, question, shown } from './support/browser.js';

const network = /console: Failed to load resource/;

describe('page: without the node', () => {
  let node, browser, page;
  before(async () => (browser = await launch()));
  after(() => browser?.close());
  afterEach(async () => {
    assertNoProblems(page, network);
    await page?.context().close();
    await node?.stop();
  });

  it('has all views although they were not opened before', async () => {
    node = await Node.start();
    page = await openPage(browser, node);
    await question(page).waitFor();
    await node.until(() => page.evaluate(() => performance.getEntriesByType('resource').some(({ name }) => /\/views-/.test(name))), 'the views should be loaded ahead');
    await page.waitForLoadState('networkidle', { timeout: 5000 }).catch(() => {});

    await node.stop();
    await shown(page, /The node does not answer/).first().waitFor();

    for (const view of ['Models', 'Cluster', 'Doctor']) {
      await page.getByRole('navigation').getByRole('link', { name: view }).click();
      await page.getByRole('heading', { level: 1, name: view }).waitFor();
      await shown(page, /The node does not answer/).first().waitFor();
    }
    await page.getByRole('navigation').getByRole('link', { name: 'Node' }).click();
    await page.getByRole('heading', { level: 1, name: /^Node/ }).waitFor();
  });

  it('offers to reload the page if a part of it is gone', async () => {
    node = await Node.start();
    page = await openPage(browser, node);
    await question(page).waitFor();
    await page.route('**/ui/views-*', route => route.fulfill({ status: 404, body: 'gone' }));

    await page.getByRole('navigation').getByRole('link', { name: 'Models' }).click();
    await page.getByRole('heading', { level: 1, name: 'Models' }).waitFor();
    await page.unroute('**/ui/views-*');
    await page.getByRole('button', { name: 'Reload the page' }).click();

    await page.getByRole('heading', { name: 'On this node' }).waitFor();
  });
});
