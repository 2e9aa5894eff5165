// The chat: conversations at the side, messages, and the question below them.
import { useEffect, useState } from 'preact/hooks';
import { Lazy } from '../lazy-view';
import { canChat, catalogError, chatModel, missingModel, models, refreshModels } from '../state/catalog';
import { connection, isOffline, status } from '../state/live';
import { hrefOf } from '../state/router';
import { t } from '../texts';
import { IconButton } from '../ui/buttons';
import { Drawer, useNarrow } from '../ui/drawer';
import { Logo } from '../ui/icons';
import { focusWhenThere } from '../ui/focus';
import { Failure, KeyNotice, Loading, Notice } from '../ui/notice';
import { Composer } from './composer';
import { ConversationList } from './conversation-list';
import { current, currentId, isKept, isLoaded, isReading, path } from './chats';
import { ModelPicker, isPickerOpen } from './model-picker';
import { stopCurrent } from './runs';
import { SettingsDialog } from './settings-dialog';
import { Thread } from './thread';

export function ChatView() {
  const [listOpen, setListOpen] = useState(false);
  const [settingsOpen, setSettingsOpen] = useState(false);
  const isNarrow = useNarrow();
  useKeys(() => setListOpen(true));
  const closeList = () => setListOpen(false);
  return (
    <div class="chat">
      {!isNarrow ? <ConversationList onClose={closeList} /> : listOpen && <Drawer label={t('chat.list')} onClose={closeList}><ConversationList onClose={closeList} /></Drawer>}
      <section class="conversation" aria-label={current.value?.title || t('chat.new')}>
        <div class="chat-bar">
          <IconButton icon="list" label={t('chat.list')} expanded={isNarrow && listOpen} onClick={() => setListOpen(true)} kind="list-button" />
          <ModelPicker />
          <h1 class="chat-title">{current.value?.title || t('chat.new')}</h1>
          <IconButton icon="settings" label={t('settings.title')} onClick={() => setSettingsOpen(true)} />
        </div>
        <Warnings />
        {!isLoaded.value ? <Loading /> : path.value.length > 0 ? <Thread /> : isReading.value ? <div class="start" /> : <Start />}
        <Composer />
      </section>
      {settingsOpen && <SettingsDialog onClose={() => setSettingsOpen(false)} />}
    </div>
  );
}

// Ctrl+K opens the list of conversations with its search field; Escape stops the answer.
function useKeys(openList: () => void): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        openList();
        const search = () => document.getElementById('conversation-search');
        if (search()) search()!.focus();
        else focusWhenThere(search);
      } else if (event.key === 'Escape' && !document.querySelector('dialog[open]') && stopCurrent()) event.preventDefault();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
}

function Warnings() {
  const reference = status.value?.reference;
  return (
    <>
      {isOffline.value && <Notice kind="error"><p>{t('error.offline')}</p></Notice>}
      {connection.value === 'locked' && <KeyNotice />}
      {missingModel.value !== null && (
        <Notice kind="warning">
          <p>{t('chat.modelGone', { model: missingModel.value })}</p>
          <button type="button" onClick={() => (isPickerOpen.value = true)}>{t('picker.choose')}</button>
        </Notice>
      )}
      {reference?.is_slow && <Notice kind="warning"><p>{t('node.slow')} <a href={hrefOf('doctor')}>{t('node.slowNext')}</a></p></Notice>}
      {!isKept.value && <Notice kind="warning"><p>{t('chat.notKept')}</p></Notice>}
    </>
  );
}

// What an empty conversation shows: a greeting, or the way to the first model.
function Start() {
  if (currentId.value !== null && current.value === null)
    return <div class="start"><h2>{t('chat.unknown')}</h2><p class="hint">{t('chat.where')}</p><a href={hrefOf('chat')}>{t('chat.new')}</a></div>;
  if (catalogError.value && models.value === null) return <div class="start"><Failure error={catalogError.value} onRetry={() => void refreshModels()} /></div>;
  if (models.value === null) return <Loading />;
  if (!models.value.some(({ name }) => canChat(name))) return <Lazy name="FirstModel" title={t('chat.new')} />;
  return (
    <div class="start">
      <Logo size={56} />
      <h2>{t('chat.greeting')}</h2>
      <p class="hint">{chatModel.value ? t('chat.greetingModel', { model: chatModel.value, node: status.value?.node ?? '' }) : ''}</p>
    </div>
  );
}
