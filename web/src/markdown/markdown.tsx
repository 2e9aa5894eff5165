// An answer as elements. Blocks whose text has not changed are not rendered again.
import { Component, type ComponentChild, type VNode } from 'preact';
import { useMemo, useRef } from 'preact/hooks';
import { CodeBlock } from './code';
import { inline } from './inline';
import { BlockReader, type FormulaToken, type Token, type Tokens, lex } from './lexer';

const maxDepth = 12;
// A longer paragraph that still grows is shown as plain text: reading it again for each frame would cost more and more.
const plainFrom = 16_000;

export function Markdown({ text }: { text: string }) {
  const tokens = useMemo(() => lex(text.replaceAll('\r', '')).filter(({ type }) => type !== 'space'), [text]);
  return <div class="markdown">{tokens.map((token, index) => <Block key={index} token={token} depth={0} isOpen={false} />)}</div>;
}

// The same for a text that grows at its end.
export function GrowingMarkdown({ text }: { text: string }) {
  const reader = useRef<BlockReader>(null);
  reader.current ??= new BlockReader();
  const { finished, open } = reader.current.read(text);
  return (
    <div class="markdown">
      <Finished tokens={finished} />
      {open.map((token, index) => <Block key={finished.length + index} token={token} depth={0} isOpen={true} />)}
    </div>
  );
}

// Rendered again only after a block has been finished, in groups, so that this costs no more for long answers.
class Finished extends Component<{ tokens: readonly Token[] }> {
  override shouldComponentUpdate(next: { tokens: readonly Token[] }): boolean {
    return next.tokens !== this.props.tokens;
  }

  override render({ tokens }: { tokens: readonly Token[] }): VNode {
    const groups: (readonly Token[])[] = [];
    for (let start = 0; start < tokens.length; start += groupSize) groups.push(tokens.slice(start, start + groupSize));
    return <>{groups.map((group, index) => <Group key={index} tokens={group} />)}</>;
  }
}

const groupSize = 32;

class Group extends Component<{ tokens: readonly Token[] }> {
  override shouldComponentUpdate(next: { tokens: readonly Token[] }): boolean {
    return next.tokens.length !== this.props.tokens.length;
  }

  override render({ tokens }: { tokens: readonly Token[] }): VNode {
    return <>{tokens.map((token, index) => <Block key={index} token={token} depth={0} isOpen={false} />)}</>;
  }
}

interface BlockProps {
  token: Token;
  depth: number;
  isOpen: boolean;
}

class Block extends Component<BlockProps> {
  override shouldComponentUpdate({ token, isOpen }: BlockProps): boolean {
    return token.raw !== this.props.token.raw || token.type !== this.props.token.type || isOpen !== this.props.isOpen;
  }

  override render({ token, depth, isOpen }: BlockProps): ComponentChild {
    if (depth > maxDepth || (isOpen && token.raw.length > plainFrom && token.type !== 'code' && token.type !== 'list'))
      return <p class="raw" dir="auto">{token.raw}</p>;
    return block(token, depth, isOpen);
  }
}

const blocks = (tokens: Token[] | undefined, depth: number, isOpen: boolean): ComponentChild[] =>
  (tokens ?? [])
    .filter(({ type }) => type !== 'space')
    .map((token, index, all) => <Block key={index} token={token} depth={depth + 1} isOpen={isOpen && index === all.length - 1} />);

function block(token: Token, depth: number, isOpen: boolean): ComponentChild {
  switch (token.type) {
    case 'paragraph':
      return <p dir="auto">{inline((token as Tokens.Paragraph).tokens)}</p>;
    case 'text':
      // The text of a list item, without a paragraph around it.
      return (token as Tokens.Text).tokens ? <>{inline((token as Tokens.Text).tokens)}</> : <p class="raw" dir="auto">{(token as Tokens.Text).text}</p>;
    case 'heading':
      return <Heading token={token as Tokens.Heading} />;
    case 'code':
      return <CodeBlock text={(token as Tokens.Code).text} language={(token as Tokens.Code).lang ?? ''} isOpen={isOpen} />;
    case 'blockquote':
      return <blockquote dir="auto">{blocks((token as Tokens.Blockquote).tokens, depth, isOpen)}</blockquote>;
    case 'list':
      return <List token={token as Tokens.List} depth={depth} isOpen={isOpen} />;
    case 'table':
      return <Table token={token as Tokens.Table} />;
    case 'hr':
      return <hr />;
    case 'formula':
      return <CodeBlock text={(token as unknown as FormulaToken).text} language="latex" isOpen={true} />;
    case 'footnote':
      return <p class="footnote" dir="auto"><sup>{(token as Tokens.Generic).label}</sup> {inline((token as Tokens.Generic).tokens)}</p>;
    case 'def':
    case 'space':
      return null;
    default:
      return <p class="raw" dir="auto">{token.raw}</p>;
  }
}

// The page and the turn have headings of level 1 and 2. Many answers begin with level 2, which must not skip a level.
function Heading({ token }: { token: Tokens.Heading }) {
  const Tag = `h${Math.min(6, Math.max(3, token.depth + 1))}` as 'h3';
  return <Tag dir="auto" class={`depth-${token.depth}`}>{inline(token.tokens)}</Tag>;
}

function List({ token, depth, isOpen }: { token: Tokens.List; depth: number; isOpen: boolean }) {
  const items = token.items.map((item, index) => <Item key={index} token={item} depth={depth} isOpen={isOpen && index === token.items.length - 1} />);
  return token.ordered ? <ol start={token.start === '' ? 1 : token.start} dir="auto">{items}</ol> : <ul dir="auto">{items}</ul>;
}

class Item extends Component<{ token: Tokens.ListItem; depth: number; isOpen: boolean }> {
  override shouldComponentUpdate({ token, isOpen }: { token: Tokens.ListItem; isOpen: boolean }): boolean {
    return token.raw !== this.props.token.raw || token.loose !== this.props.token.loose || isOpen !== this.props.isOpen;
  }

  override render({ token, depth, isOpen }: { token: Tokens.ListItem; depth: number; isOpen: boolean }): VNode {
    const tokens = token.tokens.filter(({ type }) => type !== 'checkbox');
    return (
      <li class={token.task ? 'task' : undefined}>
        {token.task && <span class="check" aria-hidden="true">{token.checked ? '☑' : '☐'}</span>}
        {blocks(tokens, depth, isOpen)}
      </li>
    );
  }
}

function Table({ token }: { token: Tokens.Table }) {
  const align = (index: number) => (token.align[index] ? `align-${token.align[index]}` : undefined);
  return (
    <div class="table-scroll" tabIndex={0}>
      <table dir="auto">
        <thead><tr>{token.header.map((cell, index) => <th key={index} scope="col" class={align(index)}>{inline(cell.tokens)}</th>)}</tr></thead>
        <tbody>
          {token.rows.map((row, index) => <tr key={index}>{row.map((cell, column) => <td key={column} class={align(column)}>{inline(cell.tokens)}</td>)}</tr>)}
        </tbody>
      </table>
    </div>
  );
}
