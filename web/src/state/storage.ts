// The storages of the browser.

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
