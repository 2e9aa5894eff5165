import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from '../src/state/router';

test('an address that somebody has cut is an address of the chat', () => {
  assert.deepEqual(parse('#/chat/%E0%A4%A'), { view: 'chat', id: '%E0%A4%A' });
  assert.deepEqual(parse('#/chat/a%20b'), { view: 'chat', id: 'a b' });
  assert.deepEqual(parse('#/nowhere'), { view: 'chat', id: null });
});
