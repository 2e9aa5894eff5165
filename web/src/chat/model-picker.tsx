// The model of the conversation: a button with its state, and a dialog with all models of the node.
import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Model } from '../api/models';
import { canChat, chatModel, detailsOf, downloadOf, missingModel, models, residentOf } from '../state/catalog';
import { connection, downloads } from '../state/live';
import { hrefOf } from '../state/router';
import { t } from '../texts';
import { Dialog } from '../ui/dialog';
import { bytes, number } from '../ui/format';
import { Icon } from '../ui/icons';
import { chooseModel } from './chats';

// Also the notice of a missing model opens the dialog.
export const isPickerOpen = signal(false);

export function ModelPicker() {
  useEffect(() => () => void (isPickerOpen.value = false), []);
  const model = chatModel.value;
  const name = model ?? (missingModel.value === null ? t('picker.none') : t('picker.choose'));
  const isLoaded = model !== null && residentOf(model) !== null && (connection.value === 'live' || connection.value === 'polling');
  return (
    <>
      <button type="button" class="model-button" aria-haspopup="dialog" aria-label={`${t('picker.label')}: ${name}`} onClick={() => (isPickerOpen.value = true)}>
        <span class={`dot ${isLoaded ? 'good' : 'idle'}`} aria-hidden="true" />
        <span class="model-name">{name}</span>
        <Icon name="down" />
      </button>
      {isPickerOpen.value && <PickerDialog onClose={() => (isPickerOpen.value = false)} />}
    </>
  );
}

function PickerDialog({ onClose }: { onClose: () => void }) {
  const list = models.value ?? [];
  // Not before the node has told what a model can do.
  const chatting = list.filter(({ name }) => detailsOf(name) !== null && canChat(name));
  const partial = downloads.value.filter(({ model }) => !list.some(({ name }) => name === model));
  const choose = (name: string) => {
    void chooseModel(name);
    onClose();
  };
  return (
    <Dialog title={t('picker.label')} onClose={onClose}>
      <ul class="picker">
        {chatting.map(model => (
          <li key={model.name}>
            <button type="button" aria-pressed={model.name === chatModel.value} onClick={() => choose(model.name)}>
              <span class="model-line"><strong>{model.name}</strong><ModelStateLabel name={model.name} /></span>
              <ModelFacts model={model} />
            </button>
          </li>
        ))}
        {partial.map(({ model, completed_bytes, total_bytes, error }) => (
          <li key={model} class="hint">{model}: {error ? <span lang="en">{error}</span> : `${t('models.stateDownloading')}${total_bytes > 0 ? ` ${number((100 * completed_bytes) / total_bytes)} %` : ''}`}</li>
        ))}
      </ul>
      {chatting.length === 0 && <p>{t('chat.noModel')}</p>}
      <p><a href={hrefOf('models')} onClick={onClose}>{t('picker.manage')}</a></p>
    </Dialog>
  );
}

export function ModelStateLabel({ name }: { name: string }) {
  const resident = residentOf(name);
  if (downloadOf(name) && !downloadOf(name)!.error) return <span class="badge busy">{t('models.stateDownloading')}</span>;
  if (!resident) return <span class="badge">{t('models.stateDisk')}</span>;
  if (resident.state === 'loading' || resident.state === 'restarting') return <span class="badge busy">{t('models.stateLoading')}</span>;
  if (resident.state === 'failed' || resident.state === 'stuck') return <span class="badge bad">{t('models.stateFailed')}</span>;
  return <span class="badge good">{t('models.stateLoaded')}</span>;
}

export function ModelFacts({ model }: { model: Model }) {
  const details = detailsOf(model.name);
  const facts = [bytes(model.sizeBytes)];
  if (details?.contextLength) facts.push(t('models.context', { tokens: number(details.contextLength) }));
  for (const capability of ['vision', 'tools', 'thinking', 'embedding', 'rerank'] as const) if (details?.capabilities.includes(capability)) facts.push(t(`capability.${capability}`));
  return <span class="facts">{facts.map(fact => <span key={fact}>{fact}</span>)}</span>;
}
