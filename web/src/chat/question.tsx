// A question of the user: copy, edit into a new branch, switch between the branches.
import { useEffect, useRef, useState } from 'preact/hooks';
import { chatModel } from '../state/catalog';
import { t } from '../texts';
import { CopyButton, IconButton } from '../ui/buttons';
import { current, messages, showBranch } from './chats';
import { type Message, siblings } from './conversation';
import { ask, runs } from './runs';

export function Question({ message }: { message: Message }) {
  const [draft, setDraft] = useState<string | null>(null);
  const editor = useRef<HTMLTextAreaElement>(null);
  const isEditing = draft !== null;
  useEffect(() => editor.current?.focus(), [isEditing]);
  const isBusy = runs.value.has(message.conversation);
  const send = async (event: Event) => {
    event.preventDefault();
    if (!draft?.trim() || !chatModel.value || !current.value) return;
    setDraft(null);
    await ask(current.value, message.parent, draft.trim(), message.images ?? [], chatModel.value);
  };
  return (
    <article class="message question" aria-label={t('chat.you')}>
      <h2 class="offscreen">{t('chat.you')}</h2>
      {message.images?.map((url, index) => <img key={index} class="sent-picture" src={url} alt={t('chat.sentPicture', { number: index + 1 })} />)}
      {draft === null ? (
        <p class="question-text" dir="auto">{message.content}</p>
      ) : (
        <form class="stack" onSubmit={event => void send(event)}>
          <label class="offscreen" for={`edit-${message.id}`}>{t('chat.editLabel')}</label>
          <textarea
            id={`edit-${message.id}`} rows={Math.min(12, draft.split('\n').length + 1)} value={draft} ref={editor}
            onInput={event => setDraft(event.currentTarget.value)} onKeyDown={event => event.key === 'Escape' && setDraft(null)}
          />
          <div class="actions">
            <button type="button" onClick={() => setDraft(null)}>{t('chat.cancel')}</button>
            <button type="submit" class="primary" disabled={draft.trim() === ''}>{t('chat.sendEdit')}</button>
          </div>
        </form>
      )}
      <div class="message-tools">
        <Branches message={message} />
        <CopyButton text={message.content} label={t('chat.copyQuestion')} />
        <IconButton icon="edit" label={t('chat.edit')} onClick={() => setDraft(message.content)} disabled={isBusy} />
      </div>
    </article>
  );
}

// Previous and next alternative of a message, if it has any.
export function Branches({ message }: { message: Message }) {
  const all = siblings(messages.value, message);
  if (all.length < 2) return null;
  const index = all.findIndex(({ id }) => id === message.id);
  const turn = (step: number) => void showBranch(message.conversation, all[index + step]!.id);
  return (
    <span class="branches" role="group" aria-label={t('chat.branches')}>
      <IconButton icon="left" label={t('chat.previousBranch')} onClick={() => turn(-1)} disabled={index === 0} />
      <span>{index + 1} / {all.length}</span>
      <IconButton icon="right" label={t('chat.nextBranch')} onClick={() => turn(1)} disabled={index === all.length - 1} />
    </span>
  );
}
