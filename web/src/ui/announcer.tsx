// One live region for the whole page. A screen reader hears states and finished sentences, not single tokens.
import { effect, signal } from '@preact/signals';
import { local, store, stored } from '../state/storage';

const spoken = signal('');
const waiting: string[] = [];
let timer = 0;
const gapMs = 1000;

// Whether the sentences of a running answer are announced.
export const readsAnswers = signal(stored(local, 'rkllama-read-answers') !== 'no');
effect(() => store(local, 'rkllama-read-answers', readsAnswers.value ? null : 'no'));

// Announcements that arrive within a second are read together.
export function announce(text: string): void {
  if (text === '') return;
  waiting.push(text);
  timer ||= window.setTimeout(speak, spoken.value === '' ? 50 : gapMs);
}

function speak(): void {
  spoken.value = waiting.splice(0).join(' ');
  timer = window.setTimeout(() => {
    timer = 0;
    if (waiting.length > 0) speak();
    else spoken.value = '';
  }, gapMs * 3);
}

export function Announcer() {
  return <div class="offscreen" role="status" aria-live="polite">{spoken.value}</div>;
}
