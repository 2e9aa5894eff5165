// System prompt, sampling and thinking of one conversation. What the runtime ignores is said at the field.
import { chatModel, detailsOf } from '../state/catalog';
import { status } from '../state/live';
import { t } from '../texts';
import { Dialog } from '../ui/dialog';
import { Notice } from '../ui/notice';
import { current, draftSettings, path, setSettings } from './chats';
import { type Settings, noSettings } from './conversation';

interface NumberField {
  key: 'temperature' | 'topP' | 'topK' | 'repeatPenalty' | 'maxTokens';
  // The name in the API, and of the parameter of the model.
  api: string;
  parameter: string;
  label: Parameters<typeof t>[0];
  min: number;
  max?: number;
  step: number;
}

const fields: NumberField[] = [
  { key: 'temperature', api: 'temperature', parameter: 'temperature', label: 'settings.temperature', min: 0, max: 2, step: 0.1 },
  { key: 'topP', api: 'top_p', parameter: 'top_p', label: 'settings.topP', min: 0, max: 1, step: 0.05 },
  { key: 'topK', api: 'top_k', parameter: 'top_k', label: 'settings.topK', min: 1, max: 1000, step: 1 },
  { key: 'repeatPenalty', api: 'repeat_penalty', parameter: 'repeat_penalty', label: 'settings.repeatPenalty', min: 0.5, max: 2, step: 0.05 },
  { key: 'maxTokens', api: 'max_tokens', parameter: 'num_predict', label: 'settings.maxTokens', min: 1, step: 1 },
];

// Runtimes before 1.3 fix the sampling when they load the model.
function fixesSampling(): boolean {
  const version = status.value?.library?.version?.match(/^(\d+)\.(\d+)/);
  return version ? Number(version[1]) === 1 && Number(version[2]) < 3 : false;
}

export function SettingsDialog({ onClose }: { onClose: () => void }) {
  const settings = current.value?.settings ?? draftSettings.value;
  const model = chatModel.value;
  const details = model === null ? null : detailsOf(model);
  const set = (changes: Partial<Settings>) => void setSettings({ ...settings, ...changes });
  const ignored = path.value.findLast(message => message.role === 'assistant')?.ignored ?? [];
  const isIgnored = ({ api, key }: NumberField) => ignored.includes(api) || (key !== 'maxTokens' && fixesSampling());
  return (
    <Dialog title={t('settings.title')} onClose={onClose}>
      <div class="stack">
        <p class="hint">{t('settings.scope')}</p>
        <label class="field">
          <span>{t('settings.system')}</span>
          <textarea rows={4} value={settings.system} placeholder={details?.system || t('settings.systemNone')} onInput={event => set({ system: event.currentTarget.value })} />
        </label>
        {fixesSampling() && <Notice kind="warning"><p>{t('settings.fixed', { version: status.value?.library?.version ?? '' })}</p></Notice>}
        <div class="field-grid">
          {fields.map(field => (
            <SamplingField key={field.key} field={field} value={settings[field.key]} preset={details?.parameters[field.parameter]} isIgnored={isIgnored(field)} onChange={value => set({ [field.key]: value })} />
          ))}
          {details?.capabilities.includes('thinking') && (
            <label class="field">
              <span>{t('settings.thinking')}</span>
              <select value={String(settings.thinking)} onChange={event => set({ thinking: { true: true, false: false }[event.currentTarget.value] ?? null })}>
                <option value="null">{t('settings.thinkingDefault')}</option>
                <option value="true">{t('settings.thinkingOn')}</option>
                <option value="false">{t('settings.thinkingOff')}</option>
              </select>
            </label>
          )}
        </div>
        <div class="actions">
          <button type="button" onClick={() => void setSettings(noSettings)}>{t('settings.reset')}</button>
          <button type="button" class="primary" onClick={onClose}>{t('settings.done')}</button>
        </div>
      </div>
    </Dialog>
  );
}

interface SamplingFieldProps {
  field: NumberField;
  value: number | null;
  preset: string | undefined;
  isIgnored: boolean;
  onChange: (value: number | null) => void;
}

function SamplingField({ field, value, preset, isIgnored, onChange }: SamplingFieldProps) {
  const hint = `setting-${field.key}`;
  return (
    <div class="field">
      <label for={`${hint}-input`}>{t(field.label)}</label>
      <input
        id={`${hint}-input`} type="number" inputMode="decimal" min={field.min} max={field.max} step={field.step} placeholder={preset ?? ''} value={value ?? ''} aria-describedby={isIgnored ? hint : undefined}
        onChange={event => onChange(event.currentTarget.value === '' || !event.currentTarget.validity.valid ? null : event.currentTarget.valueAsNumber)}
      />
      {isIgnored && <span id={hint} class="hint warn">{t('settings.ignored')}</span>}
    </div>
  );
}
