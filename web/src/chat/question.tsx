// A question of the user: copy, edit into a new branch, switch between the branches.
import { useEffect, useRef, useState } from 'preact/hooks';
import { chatModel } from '../state/catalog';
import { t } from '../texts';
import { CopyButton, IconButton } from '../ui/buttons';
import { focusWhenThere, hasFinePointer } from '../ui/focus';
import { newId } from '../ui/id';
import { current, messages, showBranch } from './chats';
import { type Message, siblings } from './conversation';
import { ask, isBusy } from './runs';

export function Question({ message }: { message: Message }) {
  const [isEditing, setEditing] = useState(false);
  const editButton = `edit-button-${message.id}`;
  const close = () => {
    setEditing(false);
    focusWhenThere(() => document.getElementById(editButton));
  };
  return (
    <article class="message question" id={`message-${message.id}`} tabIndex={-1} aria-label={t('chat.you')}>
      <h2 class="offscreen">{t('chat.you')}</h2>
      {message.images?.map((url, index) => <img key={index} class="sent-picture" src={url} alt={t('chat.sentPicture', { number: index + 1 })} />)}
      {isEditing ? (
        <Editor message={message} onClose={close} onSent={() => setEditing(false)} />
      ) : (
        <>
          <p class="question-text" dir="auto">{message.content}</p>
          <div class="message-tools">
            <Branches message={message} />
            <CopyButton text={message.content} label={t('chat.copyQuestion')} />
            <IconButton icon="edit" id={editButton} label={t('chat.edit')} onClick={() => setEditing(true)} disabled={isBusy(message.conversation)} />
          </div>
        </>
      )}
    </article>
  );
}

function Editor({ message, onClose, onSent }: { message: Message; onClose: () => void; onSent: () => void }) {
  const [draft, setDraft] = useState(message.content);
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => field.current!.focus(), []);
  const canSend = draft.trim() !== '' && chatModel.value !== null && current.value !== null;
  const send = () => {
    if (!canSend) return;
    onSent();
    const id = newId();
    void ask(current.value!, message.parent, draft.trim(), message.images ?? [], chatModel.value!, id);
    focusMessage(id);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape') {
      event.stopPropagation();
      onClose();
    } else if (isSendKey(event)) {
      event.preventDefault();
      send();
    }
  };
  return (
    <form class="stack" onSubmit={event => (event.preventDefault(), send())}>
      <label class="offscreen" for={`edit-${message.id}`}>{t('chat.editLabel')}</label>
      <textarea
        id={`edit-${message.id}`} rows={Math.min(12, draft.split('\n').length + 1)} value={draft} ref={field} onInput={event => setDraft(event.currentTarget.value)} onKeyDown={onKeyDown}
      />
      <div class="actions">
        <button type="button" onClick={onClose}>{t('chat.cancel')}</button>
        <button type="submit" class="primary" disabled={!canSend}>{t('chat.sendEdit')}</button>
      </div>
    </form>
  );
}

// Enter sends with a mouse or a trackpad; on a phone it is a line break, and Ctrl+Enter of a keyboard sends.
export function isSendKey(event: KeyboardEvent): boolean {
  // isComposing: Enter chooses a word of an input method, for example in Chinese.
  if (event.key !== 'Enter' || event.isComposing) return false;
  return event.ctrlKey || event.metaKey || (!event.shiftKey && hasFinePointer());
}

// The element that started an answer is gone with the branch that was shown: the focus goes to the answer.
export const focusMessage = (id: string): void => focusWhenThere(() => document.getElementById(`message-${id}`));

// Previous and next alternative of a message, if it has any.
export function Branches({ message }: { message: Message }) {
  const all = siblings(messages.value, message);
  if (all.length < 2) return null;
  const index = all.findIndex(({ id }) => id === message.id);
  const turn = (step: number) => {
    const next = all[index + step]!.id;
    void showBranch(message.conversation, next);
    focusWhenThere(() => {
      const [previous, following] = document.querySelectorAll<HTMLButtonElement>(`#message-${next} .branches button`);
      const same = step < 0 ? previous : following;
      return (same?.disabled ? (step < 0 ? following : previous) : same) ?? null;
    });
  };
  return (
    <span class="branches" role="group" aria-label={t('chat.branches')}>
      <IconButton icon="left" label={t('chat.previousBranch')} onClick={() => turn(-1)} disabled={index === 0} />
      <span>{index + 1} / {all.length}</span>
      <IconButton icon="right" label={t('chat.nextBranch')} onClick={() => turn(1)} disabled={index === all.length - 1} />
    </span>
  );
}
