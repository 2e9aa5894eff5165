// Inline tokens to elements. HTML and unknown tokens become text; pictures never load.
import type { ComponentChild } from 'preact';
import { t } from '../texts';
import { decodeEntities } from './entities';
import type { FormulaToken, Token, Tokens } from './lexer';
import { safeHref, visibleDirection, withoutDirection } from './links';

const maxDepth = 20;

export function inline(tokens: Token[] | undefined, depth = 0): ComponentChild[] {
  return (tokens ?? []).map(token => element(token, depth));
}

function element(token: Token, depth: number): ComponentChild {
  if (depth > maxDepth) return token.raw;
  const children = () => inline((token as Tokens.Generic).tokens, depth + 1);
  switch (token.type) {
    case 'text':
      return (token as Tokens.Text).tokens ? children() : decodeEntities((token as Tokens.Text).text);
    case 'escape':
      return (token as Tokens.Escape).text;
    case 'strong':
      return <strong>{children()}</strong>;
    case 'em':
      return <em>{children()}</em>;
    case 'del':
      return <del>{children()}</del>;
    case 'codespan':
      return <code dir="ltr">{visibleDirection((token as Tokens.Codespan).text)}</code>;
    case 'br':
      return <br />;
    case 'link':
      return <Link token={token as Tokens.Link}>{children()}</Link>;
    case 'image':
      return <Picture token={token as Tokens.Image} />;
    case 'formula':
      return <code class="formula">{(token as unknown as FormulaToken).text}</code>;
    case 'footnoteMark':
      return <sup>{(token as Tokens.Generic).text}</sup>;
    default:
      return token.raw;
  }
}

// The title shows where the link leads, because its text may say something else.
function Link({ token, children }: { token: Tokens.Link; children: ComponentChild }) {
  const href = safeHref(decodeEntities(token.href));
  if (href === null) return <span class="dead-link">{children}{token.href !== token.text && ` (${withoutDirection(token.href)})`}</span>;
  return (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow" title={withoutDirection(href)}>
      <bdi>{children}</bdi>
    </a>
  );
}

// A picture that loads would tell its server what was said here. Only the user follows the address.
function Picture({ token }: { token: Tokens.Image }) {
  const href = safeHref(token.href);
  const label = t('markdown.picture', { text: withoutDirection(token.text || token.href) });
  if (href === null) return <span class="picture">{label}</span>;
  return <a class="picture" href={href} target="_blank" rel="noopener noreferrer nofollow" title={withoutDirection(href)}>{label}</a>;
}
