// The API key: kept for the session, or in the browser if the user says so. The dialog that asks for it is in ui/key-dialog.tsx.
import { signal } from '@preact/signals';
import { decoded } from './decode';
import { local, session, store, stored } from './storage';

const name = 'rkllama-key';

export const apiKey = signal<string | null>(null);

interface Question {
  // True if the node refused a key, false if there was none.
  refused: boolean;
  answer: (key: string | null) => void;
}

export const keyQuestion = signal<Question | null>(null);
let pending: Promise<void> | null = null;
// The refused key with which the user has closed the dialog: the page does not ask again by itself.
let dismissed: string | null | undefined;

// Reads the key from /ui/#key=…, and removes it from the address, else from the storage.
export function loadKey(): void {
  const fromAddress = location.hash.match(/^#key=(.+)$/)?.[1];
  if (fromAddress) {
    history.replaceState(null, '', location.pathname + location.search);
    useKey(decoded(fromAddress), false);
  } else apiKey.value = stored(session, name) ?? stored(local, name);
}

export function useKey(key: string, remember: boolean): void {
  apiKey.value = key;
  store(session, name, key);
  store(local, name, remember ? key : null);
}

export function forgetKey(): void {
  dismissed = undefined;
  apiKey.value = null;
  store(session, name, null);
  store(local, name, null);
}

// Resolves when there is another key than the one that the node refused. Requests that fail at the same time share one question.
export function requestKey(refused: string | null): Promise<void> {
  if (apiKey.value !== refused) return Promise.resolve();
  if (dismissed === refused) return Promise.reject(new KeyMissing());
  pending ??= new Promise<void>((resolve, reject) => {
    keyQuestion.value = {
      refused: refused !== null,
      answer: key => {
        keyQuestion.value = null;
        pending = null;
        dismissed = key === null ? refused : undefined;
        if (key === null) reject(new KeyMissing());
        else resolve();
      },
    };
  });
  return pending;
}

// Opens the dialog again. Resolves when the user has entered a key.
export function enterKey(): Promise<void> {
  dismissed = undefined;
  return requestKey(apiKey.value);
}

// The user closed the dialog without a key.
export class KeyMissing extends Error {
  constructor() {
    super('API key missing');
  }
}
