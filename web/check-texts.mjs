// Checks that all languages have the same keys and the same placeholders.
import { build } from 'esbuild';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = join(dirname(fileURLToPath(import.meta.url)), 'src/texts');

async function load(part, language) {
  const { outputFiles } = await build({ entryPoints: [join(folder, part, `${language}.ts`)], bundle: true, format: 'esm', write: false });
  const module = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
  return module.default;
}

const placeholders = text => [...text.matchAll(/\{(\w+)\}/g)].map(match => match[1]).sort().join();

export async function checkTexts() {
  const mistakes = [...(await checkPart('first')), ...(await checkPart('views'))];
  if (mistakes.length > 0) throw new Error(mistakes.join('\n'));
}

async function checkPart(part) {
  const languages = readdirSync(join(folder, part)).map(name => name.match(/^([a-z]{2})\.ts$/)?.[1]).filter(Boolean);
  const english = await load(part, 'en');
  const mistakes = [];
  for (const language of languages) {
    const texts = await load(part, language);
    for (const key of Object.keys(english))
      if (!texts[key]) mistakes.push(`${language}: ${key} is missing`);
      else if (placeholders(texts[key]) !== placeholders(english[key])) mistakes.push(`${language}: ${key} has other placeholders than the English text`);
    for (const key of Object.keys(texts)) if (!(key in english)) mistakes.push(`${language}: ${key} is not an English key`);
  }
  return mistakes;
}
