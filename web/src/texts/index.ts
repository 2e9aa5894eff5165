// The texts of the page in the language of the browser. English is in the first chunk; the others load before the first render.
import { signal } from '@preact/signals';
import { local, store, stored } from '../state/key';
import english from './en';

export type Texts = Record<keyof typeof english, string>;
export const languages = { en: 'English', de: 'Deutsch', zh: '中文' };
export type Language = keyof typeof languages;

const others: Record<Exclude<Language, 'en'>, () => Promise<{ default: Texts }>> = { de: () => import('./de'), zh: () => import('./zh') };
const texts = signal<Texts>(english);
export const language = signal<Language>('en');

const isLanguage = (name: string | null | undefined): name is Language => name != null && Object.hasOwn(languages, name);

// The language that the user has chosen, else the first of the browser's languages that the page has.
export function preferredLanguage(): Language {
  const chosen = stored(local, 'rkllama-language');
  if (isLanguage(chosen)) return chosen;
  return navigator.languages.map(name => name.slice(0, 2).toLowerCase()).find(isLanguage) ?? 'en';
}

export async function setLanguage(next: Language, remember = false): Promise<void> {
  texts.value = next === 'en' ? english : (await others[next]()).default;
  language.value = next;
  document.documentElement.lang = next;
  if (remember) store(local, 'rkllama-language', next);
}

export function t(key: keyof typeof english, values: Record<string, string | number> = {}): string {
  return texts.value[key].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}
