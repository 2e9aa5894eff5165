// node node-tests.js DIRECTORY [NAME...]: runs all test files of a directory, or those whose names contain a NAME. Prints the counts that build.sh reads as its last
// line.
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

const [folder, ...wanted] = process.argv.slice(2);
const directory = resolve(folder);
const files = readdirSync(directory)
  .filter(name => name.endsWith('.test.js') && (wanted.length === 0 || wanted.some(part => name.includes(part))))
  .sort()
  .map(name => join(directory, name));

const counts = { passed: 0, failed: 0, skipped: 0 };
const count = kind => ({ details, skip, todo }) => {
  // Tests are counted, not suites. A failed suite counts only if it failed in its setup, because its tests did not run.
  if (details.type === 'suite' && (kind === 'passed' || details.error.failureType === 'subtestsFailed')) return;
  counts[skip !== undefined || todo !== undefined ? 'skipped' : kind]++;
};

run({ files, concurrency: 2, timeout: 600_000 })
  .on('test:pass', count('passed'))
  .on('test:fail', count('failed'))
  .compose(new spec())
  .on('end', () => {
    console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
    process.exitCode = counts.failed === 0 && counts.passed > 0 ? 0 : 1;
  })
  .pipe(process.stdout, { end: false });
