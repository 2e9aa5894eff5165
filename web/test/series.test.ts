import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Sample } from '../src/api/node';
import { isolated, rangeOf, toSeries } from '../src/node/series';

const at = (seconds: number, load: number[] | null) => ({ time: new Date(1_800_000_000_000 + seconds * 1000).toISOString(), load_percent: load }) as Sample;
const loads = (sample: Sample) => sample.load_percent ?? [null, null];

test('samples become one line per value', () => {
  assert.deepEqual(toSeries([at(0, [1, 2]), at(5, [3, 4])], loads, 0).values, [[1, 3], [2, 4]]);
});

test('a pause in the samples is zero or a gap', () => {
  assert.deepEqual(toSeries([at(0, [1, 1]), at(100, [2, 2])], loads, 0).values[0], [1, 0, 0, 2]);
  assert.deepEqual(toSeries([at(0, [1, 1]), at(100, [2, 2])], loads, null).values[0], [1, null, null, 2]);
});

test('times only go forward', () => {
  assert.equal(toSeries([at(5, [1]), at(0, [2]), at(5, [3])], loads, 0).times.length, 1);
});

test('a range leaves out missing values', () => {
  assert.deepEqual(rangeOf([null, 3, 1, null]), { last: null, min: 1, max: 3 });
  assert.equal(rangeOf([null]), null);
});

test('values without a neighbour are found, because a line does not show them', () => {
  assert.deepEqual(isolated([1, null, 2, 3, null, null, 4]), [0, 6]);
  assert.deepEqual(isolated([null, undefined, 0, null]), [2]);
  assert.deepEqual(isolated([1, 2, 3]), []);
});
