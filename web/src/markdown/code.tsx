// A block of code: its language, a copy button, and colours after it is finished. The highlighter is a chunk that loads with the first block.
import type { ComponentChild } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { t } from '../texts';
import { CopyButton } from '../ui/buttons';
import { visibleDirection } from './links';

// Longer code stays without colours.
const colourLimit = 50_000;

export function CodeBlock({ text, language, isOpen }: { text: string; language: string; isOpen: boolean }) {
  const name = language.trim().split(/\s/)[0]!.slice(0, 30);
  const coloured = useColours(text, name.toLowerCase(), isOpen);
  return (
    <figure class="code">
      <figcaption>
        <span>{name || t('markdown.code')}</span>
        <CopyButton text={text} label={t('markdown.copyCode')} />
      </figcaption>
      <pre dir="ltr" tabIndex={0}><code>{coloured ?? visibleDirection(text)}</code></pre>
    </figure>
  );
}

function useColours(text: string, language: string, isOpen: boolean): ComponentChild | null {
  const [coloured, setColoured] = useState<{ text: string; children: ComponentChild } | null>(null);
  useEffect(() => {
    if (isOpen || language === '' || text.length > colourLimit) return;
    let isCurrent = true;
    import('./highlight').then(
      ({ highlight }) => {
        const children = highlight(visibleDirection(text), language);
        if (isCurrent && children !== null) setColoured({ text, children });
      },
      () => {},
    );
    return () => void (isCurrent = false);
  }, [text, language, isOpen]);
  return coloured?.text === text ? coloured.children : null;
}
