// The field for the question, with the button that sends or stops.
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { chatModel, detailsOf } from '../state/catalog';
import { connection } from '../state/live';
import { replace } from '../state/router';
import { t } from '../texts';
import { announce } from '../ui/announcer';
import { IconButton } from '../ui/buttons';
import { focusWhenThere, hasFinePointer } from '../ui/focus';
import { number } from '../ui/format';
import { begin, current, currentId, draftSettings, isLoaded, path } from './chats';
import { useElsewhere } from './elsewhere';
import { pictureFiles, readPictures } from './pictures';
import { isSendKey } from './question';
import { ask, runs, stopCurrent } from './runs';
import { useTokenCount } from './tokens';

// Drafts by conversation, as long as the page lives.
const drafts = new Map<string | null, string>();

export function Composer() {
  const conversation = currentId.value;
  const [text, setText] = useState(drafts.get(conversation) ?? '');
  const [images, setImages] = useState<string[]>([]);
  const [blind, setBlind] = useState(false);
  const field = useRef<HTMLTextAreaElement>(null);
  const isRunning = conversation !== null && runs.value.has(conversation);
  const isElsewhere = useElsewhere(path.value.at(-1));
  const model = chatModel.value;
  const takesPictures = model !== null && (detailsOf(model)?.capabilities.includes('vision') ?? false);
  useEffect(() => setText(drafts.get(conversation) ?? ''), [conversation]);
  useGrowth(field, text);
  useEffect(() => {
    setBlind(false);
    if (hasFinePointer()) field.current?.focus();
  }, [conversation]);

  const write = (next: string) => {
    drafts.set(conversation, next);
    setText(next);
  };
  const addPictures = async (files: File[]) => {
    if (files.length === 0) return;
    setBlind(!takesPictures);
    if (takesPictures) setImages([...images, ...(await readPictures(files))].slice(0, 4));
    else announce(t('chat.noVision', { model: model ?? '' }));
  };
  // A keyboard user stays in the field: the button that had the focus changes.
  const toField = () => hasFinePointer() && focusWhenThere(() => field.current);
  const isReachable = connection.value !== 'offline' && connection.value !== 'locked';
  // Not before the conversations of the browser are read: a new one would not be among them.
  const canSend = isLoaded.value && model !== null && !isRunning && !isElsewhere && text.trim() !== '' && isReachable;
  const send = async () => {
    if (!canSend) return;
    const [question, sent] = [text.trim(), images];
    write('');
    setImages([]);
    setBlind(false);
    toField();
    let target = current.value;
    if (target === null) {
      target = await begin();
      replace('chat', target.id);
    }
    await ask(target, path.value.at(-1)?.id ?? null, question, sent, model);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (!isSendKey(event)) return;
    event.preventDefault();
    void send();
  };
  return (
    <form
      class="composer" onSubmit={event => (event.preventDefault(), void send())} onDragOver={event => hasFiles(event) && event.preventDefault()}
      onDrop={event => hasFiles(event) && (event.preventDefault(), void addPictures(pictureFiles(event.dataTransfer)))}
    >
      {blind && <p class="hint">{t('chat.noVision', { model: model ?? '' })}</p>}
      {images.length > 0 && <Pictures images={images} onRemove={index => setImages(images.filter((_, other) => other !== index))} />}
      <div class="composer-row">
        {takesPictures && <PictureButton onFiles={files => void addPictures(files)} />}
        <label class="offscreen" for="question">{t('chat.question')}</label>
        <textarea
          id="question" ref={field} rows={1} dir="auto" placeholder={t('chat.question')} value={text} onInput={event => write(event.currentTarget.value)} onKeyDown={onKeyDown}
          onPaste={event => void addPictures(pictureFiles(event.clipboardData))} enterkeyhint={hasFinePointer() ? 'send' : 'enter'}
        />
        {isRunning || isElsewhere ? (
          <IconButton icon="stop" label={t('chat.stop')} onClick={() => (stopCurrent(), toField())} kind="primary" />
        ) : (
          <button type="submit" class="icon-button primary" aria-label={t('chat.send')} title={t('chat.send')} disabled={!canSend}><SendIcon /></button>
        )}
      </div>
      <Room text={text} model={model} />
    </form>
  );
}

// Dragged text goes into the field by itself.
const hasFiles = ({ dataTransfer }: DragEvent) => dataTransfer?.types.includes('Files') ?? false;

const SendIcon = () => <svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="M12 20V5M6 11l6-6 6 6" /></svg>;

// The field is as high as its text, up to a third of the window.
function useGrowth(field: { current: HTMLTextAreaElement | null }, text: string): void {
  useLayoutEffect(() => {
    const element = field.current!;
    element.style.height = 'auto';
    element.style.height = `${Math.min(element.scrollHeight + 2, innerHeight / 3)}px`;
  }, [text]);
}

// Tokens of the conversation with the draft, and how many the context holds.
function Room({ text, model }: { text: string; model: string | null }) {
  const used = useTokenCount(text, path.value, current.value?.settings ?? draftSettings.value, model);
  const context = model === null ? null : (detailsOf(model)?.contextLength ?? null);
  if (used === null || context === null) return <p class="room hint" />;
  const share = Math.min(1, used / context);
  return (
    <p class={`room hint ${share > 0.9 ? 'full' : ''}`}>
      <meter min={0} max={context} high={context * 0.8} value={used} aria-label={t('chat.roomLabel')} />
      <span>{used > context ? t('chat.roomNone', { used: number(used), context: number(context) }) : t('chat.room', { used: number(used), context: number(context) })}</span>
    </p>
  );
}

function PictureButton({ onFiles }: { onFiles: (files: File[]) => void }) {
  const input = useRef<HTMLInputElement>(null);
  const take = () => {
    onFiles([...(input.current!.files ?? [])]);
    input.current!.value = '';
  };
  return (
    <>
      <IconButton icon="picture" label={t('chat.addPicture')} onClick={() => input.current!.click()} />
      <input ref={input} type="file" accept="image/*" multiple hidden onChange={take} />
    </>
  );
}

function Pictures({ images, onRemove }: { images: string[]; onRemove: (index: number) => void }) {
  return (
    <ul class="pictures">
      {images.map((url, index) => (
        <li key={index}>
          <img src={url} alt={t('chat.sentPicture', { number: index + 1 })} />
          <IconButton icon="close" label={t('chat.removePicture', { number: index + 1 })} onClick={() => onRemove(index)} />
        </li>
      ))}
    </ul>
  );
}
