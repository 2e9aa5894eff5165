// The states of a view that has nothing to show, or not everything: loading, empty, error, offline. Each names the next step.
import type { ComponentChild } from 'preact';
import { useCallback, useEffect, useState } from 'preact/hooks';
import { ApiError } from '../api/http';
import { KeyMissing, enterKey } from '../state/key';
import { t } from '../texts';
import { Icon } from './icons';

export function Notice({ kind, children }: { kind: 'info' | 'warning' | 'error'; children: ComponentChild }) {
  return (
    <div class={`notice ${kind}`} role={kind === 'error' ? 'alert' : undefined}>
      {kind !== 'info' && <Icon name="warning" />}
      <div>{children}</div>
    </div>
  );
}

export const Loading = () => <p class="loading">{t('state.loading')}</p>;

export function Failure({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  if (error instanceof KeyMissing) return <KeyNotice onKey={onRetry} />;
  return (
    <Notice kind="error">
      <p lang={isFromNode(error) ? 'en' : undefined}>{messageFor(error)}</p>
      {onRetry && <button type="button" onClick={onRetry}>{t('state.retry')}</button>}
    </Notice>
  );
}

// The node wants a key, and the user has closed the dialog that asks for it.
export function KeyNotice({ onKey = () => {} }: { onKey?: () => void }) {
  return (
    <Notice kind="error">
      <p>{t('error.key')}</p>
      <button type="button" onClick={() => void enterKey().then(onKey, () => {})}>{t('key.enter')}</button>
    </Notice>
  );
}

// The node writes its messages in English.
const isFromNode = (error: unknown): boolean => error instanceof ApiError && !error.isOffline;

function messageFor(error: unknown): string {
  if (error instanceof ApiError && error.isOffline) return t('error.offline');
  return error instanceof Error ? error.message : String(error);
}

// Data that a view reads once, and again after reload().
export function useData<T>(read: () => Promise<T>, deps: unknown[] = []): { data: T | null; error: unknown; reload: () => void } {
  const [state, setState] = useState<{ data: T | null; error: unknown }>({ data: null, error: null });
  const [round, setRound] = useState(0);
  useEffect(() => {
    let isCurrent = true;
    read().then(
      data => isCurrent && setState({ data, error: null }),
      error => isCurrent && setState(before => ({ data: before.data, error })),
    );
    return () => void (isCurrent = false);
  }, [round, ...deps]);
  const reload = useCallback(() => setRound(value => value + 1), []);
  return { ...state, reload };
}
