// The messages of the branch that is shown. Old messages are rendered on request, and the view follows a growing answer unless the reader scrolls up.
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { t } from '../texts';
import { IconButton } from '../ui/buttons';
import { Answer } from './answer';
import { currentId, path } from './chats';
import { Question } from './question';
import { runs } from './runs';

const shownAtFirst = 20;

export function Thread() {
  const [shown, setShown] = useState(shownAtFirst);
  const scroller = useRef<HTMLDivElement>(null);
  const { atEnd, toEnd } = useFollow(scroller);
  useEffect(() => setShown(shownAtFirst), [currentId.value]);
  const messages = path.value;
  const hidden = Math.max(0, messages.length - shown);
  return (
    <div class="thread-frame">
      <div class="thread" ref={scroller} tabIndex={0} role="region" aria-label={t('chat.messages')}>
        <div class="thread-content">
          {hidden > 0 && <button type="button" onClick={() => setShown(shown + 50)}>{t('chat.earlier', { count: hidden })}</button>}
          {messages.slice(hidden).map((message, index, visible) =>
            message.role === 'user' ? (
              <Question key={message.id} message={message} />
            ) : (
              <Answer key={message.id} message={message} isLast={index === visible.length - 1} />
            ),
          )}
        </div>
      </div>
      {!atEnd && <IconButton icon="down" label={t('chat.toEnd')} onClick={toEnd} kind="to-end" />}
    </div>
  );
}

// Keeps the end of the thread in view while its content grows, as long as the reader is there.
function useFollow(scroller: { current: HTMLDivElement | null }): { atEnd: boolean; toEnd: () => void } {
  const [atEnd, setAtEnd] = useState(true);
  const follows = useRef(true);
  const toEnd = () => {
    const element = scroller.current;
    if (!element) return;
    follows.current = true;
    element.scrollTop = element.scrollHeight;
  };
  useEffect(() => {
    const element = scroller.current!;
    let last = element.scrollTop;
    const onScroll = () => {
      const isAtEnd = element.scrollHeight - element.scrollTop - element.clientHeight < 60;
      // Only the reader scrolls up.
      if (element.scrollTop < last - 2 && !isAtEnd) follows.current = false;
      else if (isAtEnd) follows.current = true;
      last = element.scrollTop;
      setAtEnd(isAtEnd || follows.current);
    };
    const observer = new ResizeObserver(() => {
      if (follows.current) toEnd();
    });
    observer.observe(element.firstElementChild!);
    observer.observe(element);
    element.addEventListener('scroll', onScroll, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener('scroll', onScroll);
    };
  }, []);
  useLayoutEffect(toEnd, [currentId.value, runs.value.has(currentId.value ?? '')]);
  return { atEnd, toEnd };
}
