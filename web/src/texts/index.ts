// The texts of the page in the language of the browser. English is in the first load, as far as the chat needs it; the other languages load before the first render.
import { signal } from '@preact/signals';
import { local, store, stored } from '../state/storage';
import english from './first/en';
import type englishViews from './views/en';

export type FirstTexts = Record<keyof typeof english, string>;
export type ViewTexts = Record<keyof typeof englishViews, string>;
export type TextKey = keyof FirstTexts;
type Values = Record<string, string | number>;

export const languages = { en: 'English', de: 'Deutsch', zh: '中文' };
export type Language = keyof typeof languages;

const others: Record<Exclude<Language, 'en'>, () => Promise<{ default: FirstTexts & ViewTexts }>> = { de: () => import('./de'), zh: () => import('./zh') };
let allEnglish: Record<string, string> = english;
const texts = signal(allEnglish);
export const language = signal<Language>('en');

const isLanguage = (name: string | null | undefined): name is Language => name != null && Object.hasOwn(languages, name);

// The language that the user has chosen, else the first of the browser's languages that the page has.
export function preferredLanguage(): Language {
  const chosen = stored(local, 'rkllama-language');
  if (isLanguage(chosen)) return chosen;
  return navigator.languages.map(name => name.slice(0, 2).toLowerCase()).find(isLanguage) ?? 'en';
}

export async function setLanguage(next: Language, remember = false): Promise<void> {
  texts.value = next === 'en' ? allEnglish : (await others[next]()).default;
  language.value = next;
  document.documentElement.lang = next;
  if (remember) store(local, 'rkllama-language', next);
}

// The English texts of the views come with their chunk (texts/views.ts).
export function addEnglish(views: ViewTexts): void {
  allEnglish = { ...allEnglish, ...views };
  if (language.value === 'en') texts.value = allEnglish;
}

export function translate(key: TextKey | keyof ViewTexts, values: Values = {}): string {
  return texts.value[key]!.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

// For code of the first load. The other views have t() of texts/views.ts, which knows all keys.
export const t = (key: TextKey, values?: Values): string => translate(key, values);
