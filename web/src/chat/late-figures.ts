// The figures of an answer that was stopped or cut: its stream has not told them, but the node tells them with the finished request.
import { useEffect } from 'preact/hooks';
import { requests } from '../state/live';
import { putMessage } from './chats';
import type { Message } from './conversation';
import { figuresOf, together } from './figures';
import { runsElsewhere } from './runs';

export function useLateFigures(message: Message): void {
  // An answer that still runs in another tab is written by that tab alone.
  const request = runsElsewhere(message) ? undefined : message.request;
  const found = request === undefined ? undefined : requests.value.find(({ id }) => id === request);
  useEffect(() => {
    if (found) void putMessage({ ...message, figures: together(message.figures, figuresOf(found)), request: undefined });
  }, [found]);
}
