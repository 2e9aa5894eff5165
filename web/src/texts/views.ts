// t() for the views that are not part of the first load: it knows their texts, too.
import { type TextKey, type ViewTexts, addEnglish, translate } from '.';
import english from './views/en';

addEnglish(english);

export { language } from '.';
export const t = (key: TextKey | keyof ViewTexts, values?: Record<string, string | number>): string => translate(key, values);
