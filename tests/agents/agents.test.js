// Coding agents: each reads a file with a tool, writes another one with a tool, and answers. The model is a script, in the forms of several template families.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { addFamily, callOf, families, isMissing } from '../clients/support/families.js';
import { Node } from '../clients/support/node.js';

const modules = fileURLToPath(new URL('node_modules/', import.meta.url));
const task = 'Read the file note.txt, and write its word into another file.';
const patch = '*** Begin Patch\n*** Add File: copy.txt\n+$1\n*** End Patch';

const codex = {
  command: [process.execPath, join(modules, '@openai/codex/bin/codex.js')],
  prepare: (home, url) => {
    mkdirSync(join(home, '.codex'));
    writeFileSync(join(home, '.codex', 'config.toml'), `
model_provider = "rkllama"
check_for_update_on_startup = false
analytics.enabled = false
[model_providers.rkllama]
name = "RkLlama"
base_url = "${url}/v1"
wire_api = "responses"
`);
  },
  arguments: model => ['exec', '--model', model, '--sandbox', 'danger-full-access', '--skip-git-repo-check', task],
};

// read and write: the calls of the model. $1 is the word. model: the name of the model, if the agent must know it.
const agents = {
  Codex: { ...codex, read: ['exec_command', { cmd: 'cat note.txt' }], write: ['exec_command', { cmd: 'echo $1 > copy.txt' }] },

  // For a model that Codex knows, it offers a custom tool.
  'Codex with a custom tool': { ...codex, model: 'gpt-5.5', read: ['exec_command', { cmd: 'cat note.txt' }], write: ['apply_patch', { input: patch }] },

  // For this model, Codex offers its tools in an item of the input.
  'Codex with tools in the input': {
    ...codex,
    model: 'gpt-6-sol',
    read: ['exec', { input: "text((await tools.exec_command({cmd: 'cat note.txt'})).output)" }],
    write: ['exec', { input: "text((await tools.exec_command({cmd: 'echo $1 > copy.txt'})).output)" }],
  },

  'Claude Code': {
    command: [join(modules, `@anthropic-ai/claude-code-linux-${process.arch}/claude`)],
    prepare: () => {},
    arguments: () => ['--print', '--allowedTools', 'Read,Write', '--', task],
    environment: (model, url) => ({
      ANTHROPIC_BASE_URL: url,
      ANTHROPIC_AUTH_TOKEN: 'none',
      ANTHROPIC_MODEL: model,
      ANTHROPIC_DEFAULT_HAIKU_MODEL: model,
      CLAUDE_CODE_MAX_CONTEXT_TOKENS: '131072',
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      DISABLE_AUTOUPDATER: '1',
    }),
    read: ['Read', { file_path: '$WORK/note.txt' }],
    write: ['Write', { file_path: '$WORK/copy.txt', content: '$1' }],
  },

  'Qwen Code': {
    command: [process.execPath, join(modules, '@qwen-code/qwen-code/cli.js')],
    prepare: home => {
      mkdirSync(join(home, '.qwen'));
      writeFileSync(join(home, '.qwen', 'settings.json'), JSON.stringify({ general: { disableAutoUpdate: true, enableAutoUpdate: false }, privacy: { usageStatisticsEnabled: false } }));
    },
    arguments: () => ['--auth-type', 'openai', '--yolo', '--prompt', task],
    environment: (model, url) => ({ OPENAI_BASE_URL: `${url}/v1`, OPENAI_API_KEY: 'none', OPENAI_MODEL: model }),
    read: ['read_file', { file_path: '$WORK/note.txt' }],
    write: ['write_file', { file_path: '$WORK/copy.txt', content: '$1' }],
  },

  opencode: {
    command: [join(modules, `opencode-linux-${process.arch}/bin/opencode`)],
    prepare: (home, url, model) => writeFileSync(join(home, 'opencode.json'), JSON.stringify({
      autoupdate: false,
      share: 'disabled',
      provider: { rkllama: {
        npm: '@ai-sdk/openai-compatible',
        options: { baseURL: `${url}/v1`, apiKey: 'none' },
        models: { [model]: { limit: { context: 131072, output: 4096 } } },
      } },
    })),
    arguments: model => ['run', '--model', `rkllama/${model}`, task],
    environment: (model, url, home) => ({ OPENCODE_CONFIG: join(home, 'opencode.json'), OPENCODE_DISABLE_MODELS_FETCH: '1', OPENCODE_DISABLE_LSP_DOWNLOAD: '1' }),
    read: ['read', { filePath: '$WORK/note.txt' }],
    write: ['write', { filePath: '$WORK/copy.txt', content: '$1' }],
  },
};

for (const [name, agent] of Object.entries(agents)) {
  describe(name, () => {
    let node, directory, home, work;
    before(async () => {
      node = await Node.start();
      directory = mkdtempSync(join(tmpdir(), 'rkllama-agents-'));
    });
    after(async () => {
      await node?.stop();
      rmSync(directory, { recursive: true, force: true });
    });

    const command = agent.command.at(-1);
    for (const family of families) {
      it(family.name, { skip: isMissing(family) || (!existsSync(command) && `${command} is missing`) }, async () => {
        home = join(directory, family.name);
        work = join(home, 'work');
        mkdirSync(work, { recursive: true });
        writeFileSync(join(work, 'note.txt'), 'The word is heron.\n');
        const model = agent.model ?? family.name;
        rmSync(join(node.models, model), { recursive: true, force: true });
        const call = ([tool, texts]) => callOf(family, tool, Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, text.replace('$WORK', work)])));
        addFamily(node, family, model, {
          context: 131072,
          script: [{ find: 'copy[.]txt', emit: `${family.thinks ?? ''}The copy is there.` }, { find: 'The word is ([a-z]+)', emit: call(agent.write) }, { emit: call(agent.read) }],
        });
        agent.prepare(home, node.url, model);

        const output = await run([...agent.command, ...agent.arguments(model)], work, { HOME: home, ...agent.environment?.(model, node.url, home) });

        assert.match(output, /The copy is there\./);
        assert.equal(existsSync(join(work, 'copy.txt')) && readFileSync(join(work, 'copy.txt'), 'utf8').trim(), 'heron', output);
      });
    }
  });
}

// Runs a command and returns what it prints.
function run([file, ...rest], cwd, environment) {
  const env = { PATH: process.env.PATH, LANG: 'C.UTF-8', ...environment };
  return new Promise((resolve, reject) => {
    const child = execFile(file, rest, { cwd, env, timeout: 120_000, killSignal: 'SIGKILL' }, (error, stdout, stderr) =>
      error ? reject(new Error(`${error.message}\n${stdout}\n${stderr}`)) : resolve(`${stdout}\n${stderr}`));
    child.stdin.end();
  });
}
