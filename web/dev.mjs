// The page for development: bundles after each change and reloads the browser. All other paths go to a node (RKLLAMA_NODE, http://127.0.0.1:8080 by default).
import { context } from 'esbuild';
import { readFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { indexHtml, options } from './build.mjs';

const root = dirname(fileURLToPath(import.meta.url));
const node = new URL(process.env.RKLLAMA_NODE ?? 'http://127.0.0.1:8080');
const types = { js: 'text/javascript', css: 'text/css', html: 'text/html; charset=utf-8', svg: 'image/svg+xml', map: 'application/json' };

export async function serve(port = Number(process.env.PORT ?? 8081)) {
  let files = new Map();
  const browsers = new Set();
  const reload = {
    name: 'reload',
    setup: plugin => plugin.onEnd(({ outputFiles = [] }) => {
      files = new Map(outputFiles.map(file => [file.path.slice(join(root, 'dist/').length), file.contents]));
      for (const browser of browsers) browser.write('data: reload\n\n');
    }),
  };
  const bundle = await context({
    ...options, write: false, sourcemap: true, plugins: [reload],
    footer: { js: "if (!globalThis.reloads) globalThis.reloads = new EventSource('/reload').onmessage = () => location.reload();" },
  });
  await bundle.watch();

  createServer((incoming, outgoing) => {
    const path = incoming.url.split('?')[0];
    if (path === '/reload') return follow(browsers, outgoing);
    if (path === '/' || path === '/ui') return outgoing.writeHead(302, { location: '/ui/' }).end();
    if (path.startsWith('/ui/')) return send(outgoing, path.slice(4) || 'index.html', files);
    forward(incoming, outgoing);
  }).listen(port, '127.0.0.1', () => console.log(`http://127.0.0.1:${port}/ui/ with the node ${node.origin}`));
}

function follow(browsers, outgoing) {
  outgoing.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
  browsers.add(outgoing);
  outgoing.on('close', () => browsers.delete(outgoing));
}

function send(outgoing, name, files) {
  const contents = name === 'index.html' ? indexHtml('app.js', 'app.css') : name === 'icon.svg' ? readFileSync(join(root, name)) : files.get(name);
  if (contents === undefined) return outgoing.writeHead(404).end();
  outgoing.writeHead(200, { 'content-type': types[name.split('.').pop()] ?? 'text/plain', 'cache-control': 'no-store' }).end(contents);
}

function forward(incoming, outgoing) {
  const headers = { ...incoming.headers, host: node.host };
  delete headers.origin;
  const onward = request({ host: node.hostname, port: node.port, method: incoming.method, path: incoming.url, headers }, answer => {
    outgoing.writeHead(answer.statusCode, answer.headers);
    answer.pipe(outgoing);
  });
  onward.on('error', () => (outgoing.headersSent ? outgoing.destroy() : outgoing.writeHead(502).end()));
  outgoing.on('close', () => onward.destroy());
  incoming.pipe(onward);
}
