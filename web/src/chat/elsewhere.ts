// Answers that another tab receives. That tab may be closed at any time: then only the clock tells.
import { useEffect, useState } from 'preact/hooks';
import type { Message } from './conversation';
import { runsElsewhere } from './runs';

const lookEveryMs = 2000;

// Whether another tab receives this answer now. Looks again every 2 s.
export function useElsewhere(message: Message | undefined): boolean {
  const [, setTick] = useState(0);
  const isElsewhere = message !== undefined && runsElsewhere(message);
  useEffect(() => {
    if (!isElsewhere) return;
    const timer = setInterval(() => setTick(value => value + 1), lookEveryMs);
    return () => clearInterval(timer);
  }, [isElsewhere]);
  return isElsewhere;
}
