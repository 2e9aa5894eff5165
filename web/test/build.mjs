// Bundles the unit tests, so that Node runs them: into dist-tests/, one file per test file.
import { build } from 'esbuild';
import { readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = dirname(fileURLToPath(import.meta.url));
const target = join(folder, '../dist-tests');

rmSync(target, { recursive: true, force: true });
await build({
  entryPoints: readdirSync(folder).filter(name => name.endsWith('.test.ts')).map(name => join(folder, name)),
  outdir: target, bundle: true, format: 'esm', platform: 'node', jsx: 'automatic', jsxImportSource: 'preact', logLevel: 'warning',
});
