// node build.mjs [--watch]: bundles the page into dist/ as gzip copies, which the server embeds. With --watch it serves the page for development: see dev.mjs.
import { build } from 'esbuild';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { checkTexts } from './check-texts.mjs';

const root = dirname(fileURLToPath(import.meta.url));
const dist = join(root, 'dist');

// Bounds in bytes of gzip: what the browser needs for the first view, and everything.
const firstLoadLimit = 60_000;
const totalLimit = 150_000;

export const options = {
  absWorkingDir: root,
  entryPoints: { app: 'src/main.tsx' },
  bundle: true,
  splitting: true,
  format: 'esm',
  target: 'es2022',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  outdir: 'dist',
  legalComments: 'none',
  charset: 'utf8',
};

// Replaces the names of the entry files in index.html.
export function indexHtml(script, style) {
  return readFileSync(join(root, 'index.html'), 'utf8').replace('"app.js"', `"${script}"`).replace('"app.css"', `"${style}"`);
}

// The licences of all packages in the bundle.
function licences(inputs) {
  const packages = new Set();
  for (const input of Object.keys(inputs)) {
    const name = input.match(/node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1];
    if (name) packages.add(name);
  }
  return [...packages].sort().map(licence).join('\n\n');
}

function licence(name) {
  const folder = join(root, 'node_modules', name);
  const { version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  for (const file of ['LICENSE', 'license', 'LICENSE.md', 'LICENSE.txt'])
    try {
      return `${name} ${version} (${license})\n\n${readFileSync(join(folder, file), 'utf8').trim()}`;
    } catch {
      // The next name may exist.
    }
  throw new Error(`The package ${name} has no licence file.`);
}

async function bundle() {
  await checkTexts();
  const { outputFiles, metafile } = await build({
    ...options, minify: true, write: false, metafile: true, entryNames: '[name]-[hash]', chunkNames: '[name]-[hash]',
  });
  const files = new Map(outputFiles.map(file => [basename(file.path), file.contents]));
  const entry = ending => [...files.keys()].find(name => name.startsWith('app-') && name.endsWith(ending));
  const [script, style] = [entry('.js'), entry('.css')];
  files.set('index.html', indexHtml(script, style));
  files.set('icon.svg', readFileSync(join(root, 'icon.svg')));
  files.set('licenses.txt', licences(metafile.inputs));
  write(files, firstLoad(metafile, script, style));
}

// The entry files and the chunks that the entry imports without import().
function firstLoad(metafile, script, style) {
  const names = new Set(['index.html', style]);
  const add = path => {
    const name = basename(path);
    if (names.has(name)) return;
    names.add(name);
    for (const chunk of metafile.outputs[path].imports) if (chunk.kind === 'import-statement') add(chunk.path);
  };
  add(`dist/${script}`);
  return names;
}

function write(files, first) {
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(dist);
  const manifest = { first_load_bytes: 0, total_bytes: 0, files: {} };
  for (const [name, contents] of [...files].sort()) {
    const zipped = gzipSync(contents, { level: 9 });
    writeFileSync(join(dist, `${name}.gz`), zipped);
    manifest.files[name] = { bytes: Buffer.byteLength(contents), gzip_bytes: zipped.length, first_load: first.has(name) };
    if (name !== 'licenses.txt') manifest.total_bytes += zipped.length;
    if (first.has(name)) manifest.first_load_bytes += zipped.length;
  }
  writeFileSync(join(dist, 'manifest.json'), JSON.stringify(manifest, null, 2) + '\n');
  console.log(`web: first load ${manifest.first_load_bytes} bytes, all ${manifest.total_bytes} bytes (gzip)`);
  if (manifest.first_load_bytes > firstLoadLimit) throw new Error(`The first load is larger than ${firstLoadLimit} bytes.`);
  if (manifest.total_bytes > totalLimit) throw new Error(`The page is larger than ${totalLimit} bytes.`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes('--watch')) await (await import('./dev.mjs')).serve();
  else await bundle();
}
