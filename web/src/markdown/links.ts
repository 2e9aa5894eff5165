// Addresses in an answer are hostile input: only these schemes become links.
const allowed = new Set(['http:', 'https:', 'mailto:']);

// The address to link to, or null if it must stay text. Relative addresses have no meaning in an answer.
export function safeHref(href: string): string | null {
  const text = href.trim();
  if (!/^[a-z][a-z0-9+.-]*:/i.test(text)) return null;
  try {
    const url = new URL(text);
    if (url.username || url.password) return null;
    return allowed.has(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

// Characters that change the direction of the text around them; they can make an address look like another one.
const direction = /[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]/g;
export const withoutDirection = (text: string) => text.replace(direction, '');
// The same characters in code, made visible.
export const visibleDirection = (text: string) => text.replace(direction, sign => `⟨U+${sign.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}⟩`);
