// Debian's Firefox ESR, driven by WebDriver BiDi, the protocol that the browser itself speaks: playwright drives only its own build of Firefox.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { connect } from './socket.js';

const executablePath = process.env.RKLLAMA_TEST_FIREFOX ?? '/usr/bin/firefox-esr';
const patience = 60_000;

export const hasFirefox = () => existsSync(executablePath);

const preferences = {
  // The name of a node on a LAN, as in the tests with Chromium.
  'network.dns.localDomains': 'node.lan', 'intl.accept_languages': 'en-GB', 'browser.shell.checkDefaultBrowser': false, 'datareporting.policy.dataSubmissionEnabled': false,
  'app.update.enabled': false, 'browser.startup.page': 0, 'network.captive-portal-service.enabled': false, 'network.connectivity-service.enabled': false, 'services.settings.server': 'http://127.0.0.1:1/',
  // A machine without a screen has no mouse. The page takes a browser without one for a phone, where Enter is a line break.
  'ui.primaryPointerCapabilities': 6, 'ui.allPointerCapabilities': 6,
};

export class Firefox {
  #process;
  #profile = mkdtempSync(join(tmpdir(), 'rkllama-firefox-'));
  #output = '';
  #send;
  #calls = new Map();
  #context;

  // Messages of console.error, and exceptions.
  problems = [];

  static async start() {
    const firefox = new Firefox();
    try {
      await firefox.#start();
      return firefox;
    } catch (error) {
      await firefox.close();
      throw error;
    }
  }

  async #start() {
    writeFileSync(join(this.#profile, 'user.js'), Object.entries(preferences).map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`).join(''));
    this.#process = spawn(executablePath, ['--headless', '--no-remote', '--profile', this.#profile, '--remote-debugging-port', '0', 'about:blank'], { env: { ...process.env, HOME: this.#profile }, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#process.stdout, this.#process.stderr]) stream.setEncoding('utf8').on('data', text => (this.#output += text));
    const address = await this.until(() => this.#output.match(/WebDriver BiDi listening on (ws:\S+)/)?.[1], 'Firefox should listen');
    this.#send = await connect(`${address}/session`, message => this.#receive(JSON.parse(message)), () => this.#fail('Firefox has closed the connection'));
    await this.#call('session.new', { capabilities: {} });
    await this.#call('session.subscribe', { events: ['log.entryAdded'] });
    this.#context = (await this.#call('browsingContext.getTree', {})).contexts[0].context;
    await this.#call('browsingContext.setViewport', { context: this.#context, viewport: { width: 1280, height: 800 } });
  }

  async close() {
    const exited = deferred();
    this.#process?.once('exit', exited.resolve);
    if (this.#process?.exitCode === null && this.#process.signalCode === null) {
      this.#process.kill('SIGKILL');
      await exited.promise;
    }
    await this.until(() => this.#removeProfile(), 'the processes of Firefox should end');
  }

  // Its content processes end shortly after it, and write to the profile until then.
  #removeProfile() {
    try {
      rmSync(this.#profile, { recursive: true, force: true });
      return true;
    } catch {
      return false;
    }
  }

  open = url => this.#call('browsingContext.navigate', { context: this.#context, url, wait: 'complete' });
  reload = () => this.#call('browsingContext.reload', { context: this.#context, wait: 'complete' });
  screenshot = async () => Buffer.from((await this.#call('browsingContext.captureScreenshot', { context: this.#context })).data, 'base64');

  // The value of an expression in the page, as JSON.
  async evaluate(expression) {
    const answer = await this.#call('script.evaluate', { expression: `JSON.stringify(${expression})`, target: { context: this.#context }, awaitPromise: false });
    if (answer.type === 'exception') throw new Error(answer.exceptionDetails.text);
    return answer.result.type === 'undefined' ? undefined : JSON.parse(answer.result.value);
  }

  // Text goes to the element with the focus, key by key.
  async type(text) {
    const actions = [...text].flatMap(value => [{ type: 'keyDown', value }, { type: 'keyUp', value }]);
    await this.#call('input.performActions', { context: this.#context, actions: [{ type: 'key', id: 'keyboard', actions }] });
  }

  // Clicks the only element with this role and name, as soon as it is there and enabled.
  async click(role, name) {
    const nodes = await this.until(async () => {
      const found = (await this.#call('browsingContext.locateNodes', { context: this.#context, locator: { type: 'accessibility', value: { role, name } } })).nodes;
      return found.length === 1 && !('disabled' in found[0].value.attributes) && found;
    }, `${role} "${name}" should be there`);
    const origin = { type: 'element', element: { sharedId: nodes[0].sharedId } };
    const actions = [{ type: 'pointerMove', x: 0, y: 0, origin }, { type: 'pointerDown', button: 0 }, { type: 'pointerUp', button: 0 }];
    await this.#call('input.performActions', { context: this.#context, actions: [{ type: 'pointer', id: 'mouse', actions }] });
  }

  async until(condition, because) {
    for (const end = Date.now() + patience; ; await pause(50)) {
      const value = await condition();
      if (value) return value;
      if (Date.now() > end) throw new Error(`${because}\n${this.#output}`);
    }
  }

  #call(method, params) {
    const id = this.#calls.size + 1;
    const call = deferred();
    this.#calls.set(id, call);
    this.#send(JSON.stringify({ id, method, params }));
    return call.promise;
  }

  #receive(message) {
    if (message.type === 'event') {
      const { level, text } = message.params;
      if (level === 'error') this.problems.push(text);
      return;
    }
    const call = this.#calls.get(message.id);
    if (message.type === 'success') call?.resolve(message.result);
    else call?.reject(new Error(`${message.error}: ${message.message}`));
  }

  #fail(reason) {
    for (const call of this.#calls.values()) call.reject(new Error(reason));
  }
}

function deferred() {
  const parts = {};
  parts.promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }));
  // A call that nobody waits for any more may fail at the end.
  parts.promise.catch(() => {});
  return parts;
}
