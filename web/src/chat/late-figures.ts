// What the stream of a stopped or cut answer has not told, but the node tells with the finished request: its figures, and whether it was cancelled there. A
// browser drops what it has not read of a stream when the connection breaks, so the last event can be lost.
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
    if (!found) return;
    const error = message.error === 'code:cut' && found.finish === 'cancelled' ? 'code:cancelled' : message.error;
    void putMessage({ ...message, error, figures: together(message.figures, figuresOf(found)), request: undefined });
  }, [found]);
}
