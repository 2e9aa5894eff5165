// The API key: kept for the session, or in the browser if the user says so. The dialog that asks for it is in ui/key-dialog.tsx.
import { signal } from '@preact/signals';

const name = 'rkllama-key';

// Storage may be turned off in the browser; the page then works without it.
export function stored(storage: () => Storage, key: string): string | null {
  try {
    return storage().getItem(key);
  } catch {
    return null;
  }
}

export function store(storage: () => Storage, key: string, value: string | null): void {
  try {
    if (value === null) storage().removeItem(key);
    else storage().setItem(key, value);
  } catch {
    // Without storage the value lives as long as the page.
  }
}

export const session = () => sessionStorage;
export const local = () => localStorage;

export const apiKey = signal<string | null>(null);

interface Question {
  // True if the node refused a key, false if there was none.
  refused: boolean;
  answer: (key: string | null) => void;
}

export const keyQuestion = signal<Question | null>(null);
let pending: Promise<void> | null = null;

// Reads the key from /ui/#key=…, and removes it from the address, else from the storage.
export function loadKey(): void {
  const fromAddress = location.hash.match(/^#key=(.+)$/)?.[1];
  if (fromAddress) {
    history.replaceState(null, '', location.pathname + location.search);
    useKey(decodeURIComponent(fromAddress), false);
  } else apiKey.value = stored(session, name) ?? stored(local, name);
}

export function useKey(key: string, remember: boolean): void {
  apiKey.value = key;
  store(session, name, key);
  store(local, name, remember ? key : null);
}

export function forgetKey(): void {
  apiKey.value = null;
  store(session, name, null);
  store(local, name, null);
}

// Resolves when there is another key than the one that the node refused. Requests that fail at the same time share one question.
export function requestKey(refused: string | null): Promise<void> {
  if (apiKey.value !== refused) return Promise.resolve();
  pending ??= new Promise<void>((resolve, reject) => {
    keyQuestion.value = {
      refused: refused !== null,
      answer: key => {
        keyQuestion.value = null;
        pending = null;
        if (key === null) reject(new KeyMissing());
        else resolve();
      },
    };
  });
  return pending;
}

// The user closed the dialog without a key.
export class KeyMissing extends Error {
  constructor() {
    super('API key missing');
  }
}
