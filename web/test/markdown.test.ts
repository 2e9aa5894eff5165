import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeEntities } from '../src/markdown/entities';
import { BlockReader, type Token, lex } from '../src/markdown/lexer';
import { safeHref, visibleDirection, withoutDirection } from '../src/markdown/links';
import { countWords, plainText, sentenceBound } from '../src/markdown/plain';

const sample = [
  '# Title', 'A paragraph with **bold**, `code` and [a link][ref].\nSecond line.', 'Setext\n======', '- one\n- two\n\n  still two\n- three',
  '1. first\n   - nested\n2. second', '```js\nconst a = `1`;\n\n# no heading\n```', '> quote\n> > deeper', '| a | b |\n|---|:-:|\n| 1 | 2 |', '[ref]: https://example.org', 'Marked[^n] and $$x_1$$.', '[^n]: The note.',
  'After the definition [ref].', '$$\nx^2\n$$', 'Inline \\(a_b\\) and $5 and $6.', '<div onclick="x()">html</div>', '~~~\ntilde\n~~~', '***', 'The end\nof the text',
].join('\n\n');

const shape = (tokens: readonly Token[]) => tokens.filter(({ type }) => type !== 'space').map(({ type, raw }) => `${type}:${raw.trim()}`);

test('a growing text gives the same blocks as the whole text, wherever the pieces end', () => {
  for (const step of [1, 2, 3, 7, 19, 64]) {
    const reader = new BlockReader();
    let last: ReturnType<BlockReader['read']> | null = null;
    for (let end = step; end < sample.length + step; end += step) last = reader.read(sample.slice(0, end));
    assert.deepEqual(shape([...last!.finished, ...last!.open]), shape(lex(sample)), `steps of ${step}`);
  }
});

test('finished blocks stay the same objects while the text grows', () => {
  const reader = new BlockReader();
  const before = reader.read('One.\n\nTwo.\n\nThree').finished;
  const after = reader.read('One.\n\nTwo.\n\nThree and more.\n\nFour').finished;
  assert.equal(after[0], before[0]);
  assert.equal(after[1], before[1]);
  assert.equal(before.length, 2);
});

test('the work of a read does not depend on the length of the finished text', () => {
  const paragraph = 'Some words of a paragraph that has a usual length.\n\n';
  let lexed = 0;
  const reader = new BlockReader();
  let text = '';
  for (let count = 0; count < 400; count++) {
    text += paragraph;
    lexed = Math.max(lexed, reader.read(text).open.reduce((sum, token) => sum + token.raw.length, 0));
  }
  assert.ok(lexed < 3 * paragraph.length, `the open part has ${lexed} characters`);
});

test('a link uses a definition from an earlier block', () => {
  const reader = new BlockReader();
  reader.read('[ref]: https://example.org\n\nText');
  const { open } = reader.read('[ref]: https://example.org\n\nText\n\nSee [ref].');
  assert.ok(JSON.stringify(open).includes('"href":"https://example.org"'));
});

test('text that is nested without end does not throw', () => {
  for (const text of ['>'.repeat(20_000), '['.repeat(20_000), '*'.repeat(20_001) + 'a', '- '.repeat(5000)]) assert.ok(lex(text.slice(0, 20_000)).length > 0);
});

test('formulas keep their text, and an amount of money is not one', () => {
  assert.deepEqual(lex('\\[ a_b \\]').map(({ type }) => type), ['formula']);
  assert.ok(!JSON.stringify(lex('It costs $5 or $6.')).includes('formula'));
});

test('a formula in a line and a footnote are neither text nor links', () => {
  const [paragraph, note] = lex('So $$a=b$$ holds[^1].\n\n[^1]: A *note*.').filter(({ type }) => type !== 'space') as { type: string; tokens: Token[] }[];
  assert.deepEqual(paragraph!.tokens.map(({ type }) => type), ['text', 'formula', 'text', 'footnoteMark', 'text']);
  assert.equal(note!.type, 'footnote');
  assert.deepEqual(note!.tokens.map(({ type }) => type), ['text', 'em', 'text']);
});

test('only http, https and mailto become links', () => {
  for (const bad of ['javascript:alert(1)', 'JaVaScRiPt:alert(1)', ' java\nscript:alert(1)', 'data:text/html,x', 'vbscript:x', 'file:///etc/passwd', '/unload_model', '//evil.example', 'blob:x', 'http://user:secret@example.org', '#', ''])
    assert.equal(safeHref(bad), null, bad);
  assert.equal(safeHref('https://example.org/a?b=c'), 'https://example.org/a?b=c');
  assert.equal(safeHref('mailto:a@example.org'), 'mailto:a@example.org');
});

test('signs that change the direction are dropped from addresses and shown in code', () => {
  assert.equal(withoutDirection('a\u202eb'), 'ab');
  assert.equal(visibleDirection('a\u202eb'), 'a⟨U+202E⟩b');
});

test('entities become characters, unknown ones stay', () => {
  assert.equal(decodeEntities('&lt;b&gt; &amp;amp; &#65;&#x42; &nope; &#0; &constructor;'), '<b> &amp; AB &nope; \ufffd &constructor;');
});

test('sentences end at their marks, not inside of numbers', () => {
  const text = 'It is 3.5 degrees. Is it cold? Yes';
  assert.equal(text.slice(0, sentenceBound(text, 0)), 'It is 3.5 degrees. Is it cold?');
  assert.equal(sentenceBound(text, 30), 30);
  assert.equal(sentenceBound('你好。再见', 0), 3);
});

test('plain text has no marks, and words are counted in every script', () => {
  assert.equal(plainText('**Bold** and `code` [link](https://x.example)'), 'Bold and code link');
  assert.equal(countWords('Two words'), 2);
  assert.equal(countWords('你好 world'), 3);
});
