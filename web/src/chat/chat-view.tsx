// The chat: conversations at the side, messages, and the question below them.
import { useEffect, useState } from 'preact/hooks';
import { startPull } from '../api/node';
import { canChat, catalogError, chatModel, models, refreshModels } from '../state/catalog';
import { downloads, isOffline, status } from '../state/live';
import { hrefOf } from '../state/router';
import { t } from '../texts';
import { IconButton } from '../ui/buttons';
import { bytes, number } from '../ui/format';
import { Failure, Loading, Notice, useData } from '../ui/notice';
import { readNames } from '../api/node';
import { Composer } from './composer';
import { ConversationList } from './conversation-list';
import { current, isKept, isLoaded, path } from './chats';
import { ModelPicker } from './model-picker';
import { stopCurrent } from './runs';
import { SettingsDialog } from './settings-dialog';
import { Thread } from './thread';

export function ChatView() {
  const [listOpen, setListOpen] = useState(false);
  const [settingsOpen, setSettingsOpen] = useState(false);
  useKeys(() => setListOpen(true));
  return (
    <div class={`chat ${listOpen ? 'list-open' : ''}`}>
      <ConversationList onClose={() => setListOpen(false)} />
      <section class="conversation" aria-label={current.value?.title || t('chat.new')}>
        <div class="chat-bar">
          <IconButton icon="list" label={t('chat.list')} expanded={listOpen} onClick={() => setListOpen(!listOpen)} kind="list-button" />
          <ModelPicker />
          <h1 class="chat-title">{current.value?.title || t('chat.new')}</h1>
          <IconButton icon="settings" label={t('settings.title')} onClick={() => setSettingsOpen(true)} />
        </div>
        <Warnings />
        {!isLoaded.value ? <Loading /> : path.value.length > 0 ? <Thread /> : <Start />}
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
        requestAnimationFrame(() => document.getElementById('conversation-search')?.focus());
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
      {reference?.is_slow && <Notice kind="warning"><p>{t('node.slow')} <a href={hrefOf('doctor')}>{t('node.slowNext')}</a></p></Notice>}
      {!isKept.value && <Notice kind="warning"><p>{t('chat.notKept')}</p></Notice>}
    </>
  );
}

// What an empty conversation shows: a greeting, or the way to the first model.
function Start() {
  if (catalogError.value && models.value === null) return <div class="start"><Failure error={catalogError.value} onRetry={() => void refreshModels()} /></div>;
  if (models.value === null) return <Loading />;
  if (!models.value.some(({ name }) => canChat(name))) return <FirstModel />;
  return (
    <div class="start">
      <img src="icon.svg" alt="" width="56" height="56" />
      <h2>{t('chat.greeting')}</h2>
      <p class="hint">{chatModel.value ? t('chat.greetingModel', { model: chatModel.value, node: status.value?.node ?? '' }) : ''}</p>
    </div>
  );
}

// No model yet: one click downloads the recommended one.
function FirstModel() {
  const { data, error, reload } = useData(() => readNames(''));
  const [failure, setFailure] = useState<unknown>(null);
  const download = downloads.value[0];
  const recommended = data?.find(name => name.recommended) ?? data?.[0];
  if (download && !download.error)
    return (
      <div class="start">
        <h2>{t('models.downloading', { model: download.model })}</h2>
        <progress max={download.total_bytes || undefined} value={download.total_bytes ? download.completed_bytes : undefined} aria-label={download.model} />
        <p>{bytes(download.completed_bytes)}{download.total_bytes > 0 && ` / ${bytes(download.total_bytes)} (${number((100 * download.completed_bytes) / download.total_bytes)} %)`}</p>
        <a href={hrefOf('models')}>{t('view.models')}</a>
      </div>
    );
  return (
    <div class="start">
      <h2>{t('chat.noModel')}</h2>
      <p>{t('chat.noModelNext')}</p>
      {download?.error && <Notice kind="error"><p>{download.error}</p></Notice>}
      {error !== null && <Failure error={error} onRetry={reload} />}
      {failure !== null && <Failure error={failure} />}
      {recommended && (
        <button type="button" class="primary" onClick={() => startPull(recommended.name).then(() => setFailure(null), setFailure)}>
          {t('models.pullNamed', { model: recommended.name })}{recommended.size_bytes ? ` (${bytes(recommended.size_bytes)})` : ''}
        </button>
      )}
      <a href={hrefOf('models')}>{t('chat.otherModels')}</a>
    </div>
  );
}
