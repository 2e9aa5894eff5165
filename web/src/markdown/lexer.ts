// Markdown to tokens with the lexer of marked; never to HTML. Formulas are tokens of their own: their backslashes must survive. So are footnotes: for marked they
// are links.
import { type Token, type Tokens, Marked } from 'marked';

export type { Token, Tokens };

export interface FormulaToken {
  type: 'formula';
  raw: string;
  text: string;
  display: boolean;
}

const marked = new Marked({
  gfm: true,
  extensions: [
    {
      name: 'formula',
      level: 'block',
      start: source => source.match(/^(?:\\\[|\$\$)/m)?.index,
      tokenizer(source) {
        const match = /^(?:\\\[([\s\S]+?)\\\]|\$\$([\s\S]+?)\$\$)[ \t]*(?:\n|$)/.exec(source);
        return match ? { type: 'formula', raw: match[0], text: (match[1] ?? match[2])!.trim(), display: true } : undefined;
      },
    },
    {
      name: 'inlineFormula',
      level: 'inline',
      start: source => source.match(/\\\(|\$\$/)?.index,
      tokenizer(source) {
        const match = /^(?:\\\((.+?)\\\)|\$\$([^$\n]+)\$\$)/.exec(source);
        return match ? { type: 'formula', raw: match[0], text: (match[1] ?? match[2])!.trim(), display: false } : undefined;
      },
    },
    {
      name: 'footnote',
      level: 'block',
      tokenizer(source) {
        const match = /^\[\^([^\]\s]{1,20})\]:[ \t]*([^\n]*)(?:\n|$)/.exec(source);
        return match ? { type: 'footnote', raw: match[0], label: match[1]!, tokens: this.lexer.inlineTokens(match[2]!) } : undefined;
      },
    },
    {
      name: 'footnoteMark',
      level: 'inline',
      start: source => source.indexOf('[^'),
      tokenizer(source) {
        const match = /^\[\^([^\]\s]{1,20})\]/.exec(source);
        return match ? { type: 'footnoteMark', raw: match[0], text: match[1]! } : undefined;
      },
    },
  ],
});

// Text that the lexer cannot read, for example because it is nested too deeply, is one paragraph.
export function lex(text: string): Token[] {
  try {
    return marked.lexer(text);
  } catch {
    return text === '' ? [] : [{ type: 'text', raw: text, text }];
  }
}

// A growing text as blocks. Finished blocks are never read again: each call costs the length of the last block, not of the text.
export class BlockReader {
  #finished: Token[] = [];
  #length = 0;
  #definitions = '';

  // text: the whole text so far. It must begin with the text of the call before.
  read(text: string): { finished: readonly Token[]; open: Token[] } {
    const tail = text.slice(this.#length);
    const tokens = lex(this.#definitions + tail);
    if (this.#definitions) dropDefinitions(tokens, this.#definitions);
    const last = tokens.findLastIndex(token => token.type !== 'space');
    // All tokens before the last block are complete. A new array, so that a render sees the change.
    const complete = last > 0 ? tokens.splice(0, last) : [];
    if (complete.length > 0) {
      this.#finished = [...this.#finished, ...complete.filter(token => token.type !== 'space')];
      for (const token of complete) {
        this.#length += token.raw.length;
        if (token.type === 'def') this.#definitions += token.raw.trimEnd() + '\n\n';
      }
    }
    return { finished: this.#finished, open: tokens.filter(token => token.type !== 'space') };
  }
}

// Earlier link definitions stand before the tail, so that its links find them.
function dropDefinitions(tokens: Token[], definitions: string): void {
  for (let length = 0; length < definitions.length && tokens.length > 0; ) length += tokens.shift()!.raw.length;
}
