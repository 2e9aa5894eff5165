import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Message, leafBelow, noSettings, pathTo, requestMessages, settingFields, siblings, titleOf } from '../src/chat/conversation';
import { MemoryStore } from '../src/chat/store';
import { figuresOf, noFigures, together } from '../src/chat/figures';
import { NotAnExport, fileName, fromJson, newOnes, toJson, toMarkdown } from '../src/chat/transfer';

const message = (id: string, parent: string | null, role: 'user' | 'assistant', created: number, more: Partial<Message> = {}): Message => ({
  id, conversation: 'c', parent, role, content: id, created, ...more,
});

// q1 → a1, a2 (again) ; q1b (edited) → a3
const tree = [message('q1', null, 'user', 1), message('a1', 'q1', 'assistant', 2), message('a2', 'q1', 'assistant', 3), message('q1b', null, 'user', 4), message('a3', 'q1b', 'assistant', 5)];
const conversation = { id: 'c', title: 'A title', created: 1, updated: 2, model: 'demo', settings: { ...noSettings, system: 'Be brief.' }, leaf: 'a2' };

test('a path leads from the first message to the leaf', () => {
  assert.deepEqual(pathTo(tree, 'a2').map(({ id }) => id), ['q1', 'a2']);
  assert.deepEqual(pathTo(tree, null), []);
});

test('a damaged tree that points at itself has an end', () => {
  assert.ok(pathTo([message('x', 'y', 'user', 1), message('y', 'x', 'user', 2)], 'x').length <= 4);
});

test('edited questions and new answers are siblings', () => {
  assert.deepEqual(siblings(tree, tree[0]!).map(({ id }) => id), ['q1', 'q1b']);
  assert.deepEqual(siblings(tree, tree[2]!).map(({ id }) => id), ['a1', 'a2']);
  assert.equal(leafBelow(tree, 'q1'), 'a2');
  assert.equal(leafBelow(tree, 'q1b'), 'a3');
});

test('a request has the system prompt, the pictures, and no answers without text', () => {
  const path = [message('q', null, 'user', 1, { images: ['data:image/png;base64,AA'] }), message('a', 'q', 'assistant', 2, { content: '', state: 'failed' }), message('q2', 'a', 'user', 3)];
  const messages = requestMessages(path, 'Be brief.');
  assert.deepEqual(messages.map(({ role }) => role), ['system', 'user', 'user']);
  assert.deepEqual(messages[1]!.content, [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AA' } }, { type: 'text', text: 'q' }]);
});

test('settings that are not set are not sent', () => {
  assert.deepEqual(settingFields(noSettings), {});
  assert.deepEqual(settingFields({ ...noSettings, temperature: 0, thinking: false }), { temperature: 0, enable_thinking: false });
});

test('an export comes back with new ids and the same tree', () => {
  const [first] = fromJson(toJson([{ conversation, messages: tree }]));
  assert.equal(first!.conversation.title, 'A title');
  assert.ok(first!.conversation.id !== 'c');
  assert.deepEqual(pathTo(first!.messages, first!.conversation.leaf).map(({ content }) => content), ['q1', 'a2']);
});

test('an import leaves out what this browser has already', () => {
  const all = fromJson(toJson([{ conversation, messages: tree }]));
  assert.equal(newOnes(all, [conversation]).length, 0);
  assert.equal(newOnes(all, []).length, 1);
  // After an import the id is another one; an export of that copy is still the same conversation.
  const copy = all[0]!.conversation;
  assert.equal(newOnes(all, [copy]).length, 0);
  assert.equal(newOnes(fromJson(toJson([{ conversation: copy, messages: tree }])), [conversation]).length, 0);
  // The export has later messages.
  assert.equal(newOnes(fromJson(toJson([{ conversation: { ...conversation, updated: 3 }, messages: tree }])), [conversation]).length, 1);
});

test('the figures of an answer in two parts are those of the whole answer', () => {
  const first = { ...noFigures, promptTokens: 20, cachedTokens: 5, outputTokens: 30, firstTokenMs: 400, decodePerSecond: 10 };
  const second = { ...noFigures, promptTokens: 50, cachedTokens: 48, outputTokens: 10, firstTokenMs: 100, decodePerSecond: 5 };
  const whole = together(first, second);
  assert.deepEqual([whole.outputTokens, whole.decodePerSecond, whole.firstTokenMs, whole.promptTokens, whole.cachedTokens], [40, 8, 400, 20, 5]);
});

test('the speed of a cancelled request follows from its times', () => {
  const request = { output_tokens: 21, total_ms: 2500, time_to_first_token_ms: 500, decode_tokens_per_second: null } as Parameters<typeof figuresOf>[0];
  assert.equal(figuresOf(request).decodePerSecond, 10);
  assert.equal(figuresOf({ ...request, output_tokens: null }).decodePerSecond, null);
  assert.equal(figuresOf({ ...request, decode_tokens_per_second: 12 }).decodePerSecond, 12);
});

test('the node tells the figures of an answer that the stream has not told', () => {
  const seen = { ...noFigures, firstTokenMs: 400 };
  const whole = together(seen, { ...noFigures, outputTokens: 30, firstTokenMs: 350, decodePerSecond: 10 });
  assert.deepEqual([whole.outputTokens, whole.decodePerSecond, whole.firstTokenMs], [30, 10, 400]);
  assert.equal(together(seen, noFigures).outputTokens, null);
});

test('an import takes no foreign addresses as pictures, and refuses other files', () => {
  const bad = { conversation, messages: [message('q', null, 'user', 1, { images: ['https://evil.example/x.png', 'data:image/svg+xml;base64,AA', 'data:image/png;base64,AA'] })] };
  assert.deepEqual(fromJson(toJson([bad]))[0]!.messages[0]!.images, ['data:image/png;base64,AA']);
  for (const text of ['', '{}', 'null', '[1]', '{"format":"rkllama-conversations","conversations":[3]}']) assert.throws(() => fromJson(text), NotAnExport);
});

test('an import with fields of other types cannot break the page', () => {
  const settings = { system: 5, temperature: 'hot', topK: 3, thinking: 'yes', other: 1 };
  const [read] = fromJson(JSON.stringify({ format: 'rkllama-conversations', conversations: [{ conversation: { title: 'x', updated: 1e300, settings }, messages: [] }] }));
  assert.deepEqual(read!.conversation.settings, { ...noSettings, topK: 3 });
  assert.ok(!Number.isNaN(new Date(read!.conversation.updated).getTime()));
  assert.throws(() => fromJson('{"format":"rkllama-conversations","conversations":[{"conversation":{"title":"x"},"messages":[null]}]}'), NotAnExport);
});

test('Markdown has the branch that is shown', () => {
  const text = toMarkdown({ conversation, messages: tree }, { user: 'You', assistant: 'Model', system: 'System' });
  assert.equal(text, '# A title\n\n## System\n\nBe brief.\n\n## You\n\nq1\n\n## Model\n\na2\n');
  assert.equal(fileName('../../etc/passwd'), 'etc-passwd');
});

test('the title is the beginning of the first question', () => {
  assert.equal(titleOf('  Hello\nworld'), 'Hello');
  assert.ok(titleOf('x'.repeat(200)).length <= 60);
});

test('the store in memory finds texts and forgets deleted conversations', async () => {
  const store = new MemoryStore();
  await store.saveConversation(conversation);
  for (const entry of tree) await store.saveMessage(entry);
  assert.deepEqual([...(await store.search('Q1B'))], ['c']);
  await store.remove('c');
  assert.deepEqual(await store.messages('c'), []);
});
