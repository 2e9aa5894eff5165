// One published server in its own process, on a loopback port, with its own models directory and a simulator as runtime.
// build.sh sets the paths of executable and simulators: RKLLAMA_TEST_EXECUTABLE and RKLLAMA_TEST_SIMULATORS.
import { spawn } from 'node:child_process';
import { appendFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('../../../', import.meta.url));
const patience = 30_000;

// When the process of a test file ends for any reason, its servers, their workers and their home directories are removed.
const running = new Set();
process.on('exit', () => running.forEach(node => node.kill()));
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

function setting(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set; run ./build.sh test-clients or test-agents.`);
  return value;
}

// Changes a JSON file, or a model file, whose JSON comes after its first line.
export function editJson(path, change) {
  const text = readFileSync(path, 'utf8');
  const start = text.indexOf('{');
  writeFileSync(path, text.slice(0, start) + JSON.stringify(change(JSON.parse(text.slice(start)))));
}

export class Node {
  #process;
  #home;
  #log = '';

  // Such as http://127.0.0.1:41234.
  url;

  get models() {
    return join(this.#home, 'models');
  }

  get log() {
    return this.#log;
  }

  // The base addresses of the OpenAI API and the Ollama API.
  get openai() {
    return `${this.url}/v1`;
  }

  get ollama() {
    return `${this.url}/api`;
  }

  // runtime: a simulator build. port: 0 lets the system choose. options: command line options of the server. environment: of the server and the simulator.
  static async start({ runtime = '1.2.3', port = 0, options = [], environment = {} } = {}) {
    const node = new Node();
    node.#home = mkdtempSync(join(tmpdir(), 'rkllama-clients-'));
    mkdirSync(node.models);
    node.addModel('demo');
    node.addModel('demo-embedding', { from: 'demo-embedding' });
    node.#process = spawn(setting('RKLLAMA_TEST_EXECUTABLE'), ['--host', '127.0.0.1', '--port', String(port), '--models', node.models, ...options], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        HOME: node.#home,
        RKLLAMA_LIBRARY: join(setting('RKLLAMA_TEST_SIMULATORS'), runtime, 'librkllmrt.so'),
        RKLLM_SIMULATOR_SPEED: '0',
        RKLLM_SIMULATOR_TRACE: node.#trace,
        ...environment,
      },
    });
    running.add(node);
    for (const stream of [node.#process.stdout, node.#process.stderr]) stream.setEncoding('utf8').on('data', text => (node.#log += text));
    await node.until(() => node.#log.match(/listens on (http:[0-9./:]+)/) || node.#process.exitCode !== null, 'the server should listen');
    node.url = node.#log.match(/listens on (http:[0-9./:]+)/)?.[1] ?? (() => { throw new Error(`The server ended at once:\n${node.#log}`); })();
    return node;
  }

  async stop() {
    const exited = new Promise(resolve => this.#process.once('exit', resolve));
    const lives = this.#process.exitCode === null && this.#process.signalCode === null;
    running.delete(this);
    this.#process.kill('SIGKILL');
    if (lives) await exited;
    await this.until(() => this.#removeHome(), 'the worker should end and leave the home directory');
  }

  // Synchronous variant of stop, for the end of the test process.
  kill() {
    this.#process.kill('SIGKILL');
    this.#removeHome();
  }

  // Returns false while the worker still writes its trace there: it ends shortly after its server.
  #removeHome() {
    try {
      rmSync(this.#home, { recursive: true, force: true });
      return true;
    } catch (error) {
      if (error.code !== 'ENOTEMPTY') throw error;
      return false;
    }
  }

  // Adds a copy of one of the repository's models under another name. settings: additional lines of its Modelfile. script: rules that replace
  // those of the model. context: its context length.
  addModel(name, { from = 'demo', settings = '', script, context } = {}) {
    const directory = join(this.models, name);
    cpSync(join(repository, 'models', from), directory, { recursive: true });
    appendFileSync(join(directory, 'Modelfile'), settings + (context ? `NUM_CTX=${context}\n` : ''));
    editJson(join(directory, `${from}.rkllm`), model => ({ ...model, script: script ?? model.script, max_context_limit: context ?? model.max_context_limit }));
  }

  async health() {
    return (await fetch(`${this.url}/health`)).json();
  }

  // Waits until no request runs or waits.
  async isFree() {
    await this.until(async () => {
      const { queue } = await this.health();
      return queue.running === 0 && queue.waiting === 0;
    }, 'the NPU should be free');
  }

  async isBusy() {
    await this.until(async () => (await this.health()).queue.running === 1, 'the NPU should be busy');
  }

  // The calls of one function that the simulator recorded, one object per call.
  trace(call) {
    if (!existsSync(this.#trace)) return [];
    return readFileSync(this.#trace, 'utf8').split('\n').filter(Boolean).map(line => JSON.parse(line)).filter(entry => entry.call === call);
  }

  // The texts of the prompts that the runtime received, from the number first on, all for one model. It received token ids: bytes, then the model's pieces.
  prompts(first = 0, model = 'demo') {
    const { pieces } = JSON.parse(readFileSync(join(this.models, model, 'demo.rkllm'), 'utf8').split('\n').slice(1).join('\n'));
    const text = id => (id < 256 ? Buffer.of(id) : Buffer.from(pieces[id - 256].text ?? pieces[id - 256]));
    return this.trace('prompt').slice(first).map(({ ids }) => Buffer.concat(ids.map(text)).toString());
  }

  lastPrompt() {
    return this.prompts(-1)[0];
  }

  get #trace() {
    return join(this.#home, 'trace.jsonl');
  }

  // Waits until a condition is true. Throws after a timeout.
  async until(condition, because) {
    for (const end = Date.now() + patience; !(await condition()); await pause(10))
      if (Date.now() > end) throw new Error(`${because}\n${this.#log}`);
  }
}
