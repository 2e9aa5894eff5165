import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventParser, type ServerEvent, readText } from '../src/api/events';

const stream = ': queue position=3 wait_seconds=40\n\nevent: status\ndata: {"a":\ndata: 1}\n\ndata: plain\r\n\r\ndata:no blank\n\n';

function parse(pieces: string[]): { events: ServerEvent[]; comments: string[] } {
  const events: ServerEvent[] = [];
  const comments: string[] = [];
  const parser = new EventParser(event => events.push(event), comment => comments.push(comment));
  for (const piece of pieces) parser.push(piece);
  return { events, comments };
}

const expected = {
  events: [{ name: 'status', data: '{"a":\n1}' }, { name: 'message', data: 'plain' }, { name: 'message', data: 'no blank' }],
  comments: ['queue position=3 wait_seconds=40'],
};

test('events and comments are read from one piece', () => assert.deepEqual(parse([stream]), expected));

test('pieces may end anywhere', () => {
  for (let size = 1; size < 12; size++) assert.deepEqual(parse(stream.match(new RegExp(`[\\s\\S]{1,${size}}`, 'g'))!), expected, `pieces of ${size}`);
});

test('a character that is split between two chunks stays whole', async () => {
  const bytes = new TextEncoder().encode('größe 模型 🙂');
  for (let cut = 1; cut < bytes.length; cut++) {
    const body = new ReadableStream<Uint8Array>({
      start: controller => {
        controller.enqueue(bytes.slice(0, cut));
        controller.enqueue(bytes.slice(cut));
        controller.close();
      },
    });
    let text = '';
    await readText(body, piece => (text += piece));
    assert.equal(text, 'größe 模型 🙂');
  }
});
