// A page of the node in Debian's Chromium. The browser reaches the node by the name node.lan, as on a LAN: plain HTTP without the rights of localhost, so
// without clipboard, crypto.randomUUID and service workers.
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';

const executablePath = process.env.RKLLAMA_TEST_BROWSER ?? '/usr/bin/chromium';

// host: the name under which the browser looks for the node.
export async function launch() {
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--host-resolver-rules=MAP *.lan 127.0.0.1, MAP evil.example 127.0.0.1', '--js-flags=--expose-gc', '--enable-precise-memory-info'] });
}

export const pageAddress = (node, host = 'node.lan') => `http://${host}:${new URL(node.url).port}/ui/`;

// Opens the page in a fresh profile. page.problems has errors of the console, exceptions, and requests that left the origin of the page. A test that provokes
// some of them sets page.expected.
export async function openPage(browser, node, { hash = '', host, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-GB', acceptDownloads: true, ...options });
  return addPage(context, node, hash, host);
}

export async function addPage(context, node, hash = '', host = undefined) {
  const page = await context.newPage();
  const address = pageAddress(node, host);
  page.problems = [];
  page.expected = /^$/;
  page.setDefaultTimeout(30_000);
  page.on('console', message => message.type() === 'error' && page.problems.push(`console: ${message.text()}`));
  page.on('pageerror', error => page.problems.push(`exception: ${error.stack}`));
  page.on('request', request => /^https?:|^wss?:/.test(request.url()) && new URL(request.url()).origin !== new URL(address).origin && page.problems.push(`request: ${request.url()}`));
  await page.goto(address + hash);
  return page;
}

// Expected problems, such as failed requests while the node is down, are named by the test.
export function assertNoProblems(page, expected = page.expected) {
  assert.deepEqual(page.problems.filter(problem => !expected.test(problem)), []);
}

export const question = page => page.getByRole('textbox', { name: 'Ask something' });

// Types a question and sends it with Enter.
export async function send(page, text) {
  await question(page).fill(text);
  await page.getByRole('button', { name: 'Send' }).and(page.locator(':enabled')).waitFor();
  await question(page).press('Enter');
}

// Opens a new conversation, and waits until the one before is not shown any more: a question would still go there.
export async function newChat(page) {
  await page.getByRole('complementary').getByRole('link', { name: 'New chat' }).click();
  await page.getByRole('heading', { name: 'What do you want to know?' }).waitFor();
}

// Sends a question and waits until its answer has ended. Returns the article of the answer.
export async function ask(page, text) {
  const answers = page.getByRole('article', { name: /^Answer of/ });
  const before = await answers.count();
  await send(page, text);
  const answer = answers.nth(before);
  await answer.getByRole('button', { name: 'Answer again' }).and(page.locator(':enabled')).waitFor();
  return answer;
}

// The text of an answer as a reader sees it, without the tools below it.
export const textOf = async answer => (await answer.locator('.markdown').last().innerText()).trim();

// A text in the view, not in the region that screen readers read.
export const shown = (page, text, options) => page.getByRole('main').getByText(text, options);
