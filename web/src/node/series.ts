// Samples of the node as series for charts.
import type { Sample } from '../api/node';

export interface Series {
  // Seconds since 1970.
  times: number[];
  values: (number | null)[][];
}

// After a pause in the samples the node was idle and nobody looked.
const gapSeconds = 12;

// read: the values of a sample, one per line. idle: their value while the node was idle and nobody looked, null for a gap in the line.
export function toSeries(samples: Sample[], read: (sample: Sample) => (number | null)[], idle: 0 | null): Series {
  const times: number[] = [];
  const rows: (number | null)[][] = [];
  for (const sample of samples) {
    const time = Date.parse(sample.time) / 1000;
    const last = times.at(-1);
    if (last !== undefined && time <= last) continue;
    const row = read(sample);
    if (last !== undefined && time - last > gapSeconds) {
      times.push(last + 1, time - 1);
      rows.push(row.map(() => idle), row.map(() => idle));
    }
    times.push(time);
    rows.push(row);
  }
  const lines = Math.max(0, ...rows.map(row => row.length));
  return { times, values: Array.from({ length: lines }, (_, line) => rows.map(row => row[line] ?? null)) };
}

// The indexes of values without a neighbour: a line does not show them, so they are drawn as points.
export function isolated(values: readonly (number | null | undefined)[]): number[] {
  const indexes: number[] = [];
  values.forEach((value, index) => {
    if (value != null && values[index - 1] == null && values[index + 1] == null) indexes.push(index);
  });
  return indexes;
}

export interface Range {
  last: number | null;
  min: number;
  max: number;
}

export function rangeOf(values: (number | null)[]): Range | null {
  const known = values.filter(value => value !== null);
  if (known.length === 0) return null;
  return { last: values.at(-1) ?? null, min: known.reduce((a, b) => Math.min(a, b)), max: known.reduce((a, b) => Math.max(a, b)) };
}
