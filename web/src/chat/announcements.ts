// What a screen reader says about a running answer: its state, then its finished sentences, then its length.
import { effect } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { countWords, plainText, sentenceBound } from '../markdown/plain';
import { t } from '../texts';
import { announce, readsAnswers } from '../ui/announcer';
import { waitingText } from './answer';
import { messages } from './chats';
import type { Run } from './runs';

export function useAnnouncements(run: Run): void {
  useEffect(() => {
    let said = '';
    let read = 0;
    const stop = effect(() => {
      const phase = run.phase.value;
      const state = phase === 'waiting' ? waitingText(run, false) : phase === 'thinking' ? t('chat.thinking') : t('chat.answering');
      if (state !== said) announce(state);
      said = state;
      if (!readsAnswers.value) return;
      const text = run.content.value;
      const bound = sentenceBound(text, read);
      announce(plainText(text.slice(read, bound)));
      read = bound;
    });
    return () => {
      stop();
      // The message has its last text now.
      const message = messages.peek().find(({ id }) => id === run.message);
      const text = message?.content ?? run.content.peek();
      if (readsAnswers.peek()) announce(plainText(text.slice(read)));
      if (message?.state === 'stopped') announce(t('chat.stopped'));
      // The notice of a failure is an alert of its own.
      else if (message?.state !== 'failed') announce(t('chat.done', { words: countWords(text) }));
    };
  }, [run]);
}
