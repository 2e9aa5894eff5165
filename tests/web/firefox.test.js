// The main path in Debian's Firefox ESR: ask, read, stop, reload, continue, the views. All other tests of the page use Chromium.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { Node } from '../clients/support/node.js';
import { pageAddress } from './support/browser.js';
import { Firefox, hasFirefox } from './support/firefox.js';

describe('page: Firefox', { skip: !hasFirefox() && 'firefox-esr is not installed' }, () => {
  let node, firefox;
  before(async () => {
    node = await Node.start();
    firefox = await Firefox.start();
    await firefox.open(pageAddress(node));
  });
  after(async () => {
    await firefox?.close();
    await node?.stop();
  });
  afterEach(() => assert.deepEqual(firefox.problems, []));

  const textOfPage = () => firefox.evaluate("document.querySelector('main')?.innerText ?? ''");
  const shows = (text, because = `the page should show ${text}`) => firefox.until(async () => (await textOfPage()).includes(text), because);
  const fieldHasFocus = () => firefox.until(() => firefox.evaluate("document.activeElement?.id === 'question'"), 'the field should have the focus');
  // "\uE007" is the Enter key of WebDriver.
  const ask = async text => {
    await fieldHasFocus();
    await firefox.type(text);
    await firefox.until(() => firefox.evaluate("document.querySelector('button[type=submit]:enabled') !== null"), 'the question can be sent');
    await firefox.type('\uE007');
  };

  it('answers a question with figures, under the policy of the page', async () => {
    await shows('What do you want to know?');
    await ask('What is the capital of France?');

    await shows('The capital of France is Paris.');
    await shows('7 tokens');
    assert.equal(await firefox.evaluate('isSecureContext'), false);
    assert.equal(await firefox.evaluate("document.querySelectorAll('.answer').length"), 1);
  });

  it('stops an answer on the NPU', async () => {
    await ask('!sleep 50 2000');
    await shows('1 2 3');
    await firefox.click('button', 'Stop');

    await shows('You stopped this answer.');
    await node.isFree();
  });

  it('has the conversation after a reload, and continues the answer', async () => {
    await firefox.reload();
    await shows('The capital of France is Paris.');
    await shows('You stopped this answer.');

    await firefox.click('button', 'Continue the answer');
    await node.isBusy();
    await firefox.click('button', 'Stop');
    await shows('You stopped this answer.');
    await node.isFree();
  });

  it('keeps the text of an answer that a reload interrupts', async () => {
    await ask('!sleep 20 2000');
    await shows(' 99 100 ');
    await firefox.reload();

    await shows('The page was closed or reloaded while this answer was running');
    await shows(' 99 100 ');
    await node.isFree();
  });

  it('shows the node live, its models and its findings', async () => {
    await firefox.click('link', 'Node');
    await shows('The NPU is idle.');
    await firefox.until(() => firefox.evaluate("document.querySelectorAll('main canvas').length > 0"), 'the charts should be drawn');
    await firefox.click('link', 'Models');
    await shows('demo-embedding');
    await firefox.click('link', 'Doctor');
    await shows('What to do');
  });
});
