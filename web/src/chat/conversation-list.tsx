// All conversations of this browser: search, rename, delete, export, import.
import { useEffect, useRef, useState } from 'preact/hooks';
import { go, hrefOf } from '../state/router';
import { t } from '../texts';
import { ConfirmButton, IconButton } from '../ui/buttons';
import { Dialog } from '../ui/dialog';
import { focusWhenThere, hasFinePointer } from '../ui/focus';
import { day } from '../ui/format';
import { addAll, change, conversations, currentId, isKept, readAll, remove, search } from './chats';
import type { Conversation } from './conversation';
import { runs } from './runs';
import { NotAnExport, fileName, fromJson, newOnes, saveFile, toJson, toMarkdown } from './transfer';

// More are shown on request: a long list is slow to render.
const shownAtFirst = 100;

export function ConversationList({ onClose }: { onClose: () => void }) {
  const [query, setQuery] = useState('');
  const [shown, setShown] = useState(shownAtFirst);
  const [menuOf, setMenuOf] = useState<Conversation | null>(null);
  const found = useSearch(query);
  return (
    <aside class="conversations" aria-label={t('chat.list')}>
      <div class="row">
        <a class="button primary grow" href={hrefOf('chat')} accessKey="n" onClick={onClose}>{t('chat.new')}</a>
        <IconButton icon="close" label={t('dialog.close')} onClick={onClose} kind="list-close" />
      </div>
      <label class="offscreen" for="conversation-search">{t('chat.search')}</label>
      <input id="conversation-search" type="search" placeholder={t('chat.search')} value={query} onInput={event => setQuery(event.currentTarget.value)} />
      {found.length === 0 && <p class="hint">{query ? t('chat.noneFound') : t('chat.none')}</p>}
      <ul>
        {found.slice(0, shown).map(conversation => (
          <li key={conversation.id} class={conversation.id === currentId.value ? 'current' : undefined}>
            <a href={hrefOf('chat', conversation.id)} aria-current={conversation.id === currentId.value ? 'true' : undefined} onClick={onClose}>
              <span class="title">{conversation.title || t('chat.new')}</span>
              <span class="time">{runs.value.has(conversation.id) ? <><span class="pulse" aria-hidden="true" />{t('chat.answering')}</> : day(conversation.updated)}</span>
            </a>
            <IconButton icon="more" label={t('chat.menu', { title: conversation.title })} onClick={() => setMenuOf(conversation)} />
          </li>
        ))}
      </ul>
      {found.length > shown && <button type="button" onClick={() => setShown(shown + shownAtFirst)}>{t('chat.showMore')}</button>}
      <Transfer />
      {menuOf && <ConversationDialog conversation={menuOf} onClose={() => setMenuOf(null)} />}
    </aside>
  );
}

// Titles are searched at once, the texts of messages a moment later.
function useSearch(query: string): Conversation[] {
  const [inTexts, setInTexts] = useState<{ query: string; ids: Set<string> } | null>(null);
  const wanted = query.trim().toLowerCase();
  useEffect(() => {
    if (wanted.length < 2) return;
    const timer = setTimeout(() => void search(wanted).then(ids => setInTexts({ query: wanted, ids }), () => {}), 200);
    return () => clearTimeout(timer);
  }, [wanted]);
  if (wanted === '') return conversations.value;
  return conversations.value.filter(({ id, title }) => title.toLowerCase().includes(wanted) || (inTexts?.query === wanted && inTexts.ids.has(id)));
}

function Transfer() {
  const file = useRef<HTMLInputElement>(null);
  const [outcome, setOutcome] = useState<string | null>(null);
  const exportAll = async () => saveFile('rkllama-chats.json', 'application/json', toJson(await readAll(conversations.value.map(({ id }) => id))));
  const importFile = async (chosen: File | undefined) => {
    if (!chosen) return;
    try {
      const all = fromJson(await chosen.text());
      const added = newOnes(all, conversations.value);
      await addAll(added);
      setOutcome(t('chat.imported', { count: added.length, known: all.length - added.length }));
    } catch (error) {
      setOutcome(error instanceof NotAnExport ? t('chat.notAnExport') : String(error));
    }
    file.current!.value = '';
  };
  return (
    <div class="transfer">
      <button type="button" onClick={() => void exportAll()} disabled={conversations.value.length === 0}>{t('chat.exportAll')}</button>
      <button type="button" onClick={() => file.current!.click()}>{t('chat.import')}</button>
      <input ref={file} type="file" accept="application/json,.json" hidden onChange={event => void importFile(event.currentTarget.files?.[0])} />
      {outcome && <p role="alert" class="hint">{outcome}</p>}
      <p class="hint">{isKept.value ? t('chat.where') : t('chat.notKept')}</p>
    </div>
  );
}

function ConversationDialog({ conversation, onClose }: { conversation: Conversation; onClose: () => void }) {
  const [title, setTitle] = useState(conversation.title);
  const rename = async (event: Event) => {
    event.preventDefault();
    if (title.trim()) await change(conversation.id, { title: title.trim() });
    onClose();
  };
  const save = async (kind: 'json' | 'md') => {
    const all = await readAll([conversation.id]);
    const roles = { user: t('chat.you'), assistant: t('chat.model'), system: t('settings.system') };
    if (kind === 'json') saveFile(`${fileName(conversation.title)}.json`, 'application/json', toJson(all));
    else saveFile(`${fileName(conversation.title)}.md`, 'text/markdown', toMarkdown(all[0]!, roles));
  };
  const erase = async () => {
    const wasShown = conversation.id === currentId.value;
    runs.value.get(conversation.id)?.stop();
    await remove(conversation.id);
    onClose();
    if (wasShown) go('chat');
    // The button that opened this dialog is gone. Only the drawer is still open then.
    const next = () => document.getElementById(wasShown && !document.querySelector('dialog[open]') ? 'question' : 'conversation-search');
    if (hasFinePointer()) focusWhenThere(next);
  };
  return (
    <Dialog title={t('chat.menuTitle')} onClose={onClose} kind="narrow">
      <form class="stack" onSubmit={event => void rename(event)}>
        <label class="field"><span>{t('chat.titleLabel')}</span><input value={title} onInput={event => setTitle(event.currentTarget.value)} /></label>
        <div class="actions"><button type="submit" class="primary">{t('chat.rename')}</button></div>
      </form>
      <div class="actions spread">
        <button type="button" onClick={() => void save('md')}>{t('chat.exportMarkdown')}</button>
        <button type="button" onClick={() => void save('json')}>{t('chat.exportJson')}</button>
      </div>
      <div class="actions spread">
        <ConfirmButton question={t('chat.deleteQuestion')} yes={t('chat.deleteReally')} onConfirm={() => void erase()}>{t('chat.delete')}</ConfirmButton>
      </div>
    </Dialog>
  );
}
