// The words of an answer for a screen reader, sentence by sentence, without marks.

const marks = /[*_`#>|~]+/g;

export const plainText = (markdown: string): string =>
  markdown.replace(/```[^\n]*\n?/g, ' ').replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1').replace(marks, '').replace(/\s+/g, ' ').trim();

const sentenceEnd = /[.!?…:](?=\s)|[。！？；]|\n/g;

// Where the last finished sentence of a text ends; from if there is none after it.
export function sentenceBound(text: string, from: number): number {
  let bound = from;
  sentenceEnd.lastIndex = from;
  for (let match = sentenceEnd.exec(text); match; match = sentenceEnd.exec(text)) bound = match.index + match[0].length;
  return bound;
}

// Words in languages with blanks, characters in Chinese, Japanese and Korean.
export function countWords(text: string): number {
  const ideographs = text.match(/[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]/g)?.length ?? 0;
  const words = text.replace(/[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]/g, ' ').split(/\s+/).filter(word => /[\p{L}\p{N}]/u.test(word)).length;
  return ideographs + words;
}
