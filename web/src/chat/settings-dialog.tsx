// System prompt, sampling and thinking of one conversation. What the runtime ignores is said at the field.
import { useState } from 'preact/hooks';
import { chatModel, detailsOf } from '../state/catalog';
import { status } from '../state/live';
import { t } from '../texts';
import { Dialog } from '../ui/dialog';
import { number } from '../ui/format';
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
  // Only whole numbers.
  isWhole?: boolean;
}

const fields: NumberField[] = [
  { key: 'temperature', api: 'temperature', parameter: 'temperature', label: 'settings.temperature', min: 0, max: 2 },
  { key: 'topP', api: 'top_p', parameter: 'top_p', label: 'settings.topP', min: 0, max: 1 },
  { key: 'topK', api: 'top_k', parameter: 'top_k', label: 'settings.topK', min: 1, max: 1000, isWhole: true },
  { key: 'repeatPenalty', api: 'repeat_penalty', parameter: 'repeat_penalty', label: 'settings.repeatPenalty', min: 0.5, max: 2 },
  { key: 'maxTokens', api: 'max_tokens', parameter: 'num_predict', label: 'settings.maxTokens', min: 1, isWhole: true },
];

// Runtimes before 1.3 fix the sampling when they load the model.
function fixesSampling(): boolean {
  const version = status.value?.library?.version?.match(/^(\d+)\.(\d+)/);
  return version ? Number(version[1]) === 1 && Number(version[2]) < 3 : false;
}

export function SettingsDialog({ onClose }: { onClose: () => void }) {
  const [resets, setResets] = useState(0);
  const settings = current.value?.settings ?? draftSettings.value;
  const model = chatModel.value;
  const details = model === null ? null : detailsOf(model);
  const set = (changes: Partial<Settings>) => void setSettings({ ...settings, ...changes });
  const ignored = path.value.findLast(message => message.role === 'assistant')?.ignored ?? [];
  const isIgnored = ({ api, key }: NumberField) => ignored.includes(api) || (key !== 'maxTokens' && fixesSampling());
  // A value that cannot be used keeps the dialog open.
  const done = (event: SubmitEvent) => {
    event.preventDefault();
    const wrong = (event.currentTarget as HTMLFormElement).querySelector<HTMLInputElement>('input:invalid');
    if (wrong) wrong.focus();
    else onClose();
  };
  return (
    <Dialog title={t('settings.title')} onClose={onClose}>
      <form class="stack" noValidate onSubmit={done}>
        <p class="hint">{t('settings.scope')}</p>
        <label class="field">
          <span>{t('settings.system')}</span>
          <textarea rows={4} value={settings.system} placeholder={details?.system || t('settings.systemNone')} onInput={event => set({ system: event.currentTarget.value })} />
        </label>
        {fixesSampling() && <Notice kind="warning"><p>{t('settings.fixed', { version: status.value?.library?.version ?? '' })}</p></Notice>}
        <div class="field-grid">
          {fields.map(field => (
            <SamplingField key={`${field.key} ${resets}`} field={field} value={settings[field.key]} preset={details?.parameters[field.parameter]} isIgnored={isIgnored(field)} onChange={value => set({ [field.key]: value })} />
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
          <button type="button" onClick={() => (void setSettings(noSettings), setResets(resets + 1))}>{t('settings.reset')}</button>
          <button type="submit" class="primary">{t('settings.done')}</button>
        </div>
      </form>
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
  const [problem, setProblem] = useState<string | null>(null);
  const id = `setting-${field.key}`;
  // Only values that can be used are kept and sent.
  const onInput = ({ currentTarget: input }: { currentTarget: HTMLInputElement }) => {
    const isValid = input.validity.valid;
    setProblem(isValid ? null : rangeText(field));
    onChange(isValid && input.value !== '' ? input.valueAsNumber : null);
  };
  return (
    <div class="field">
      <label for={id}>{t(field.label)}</label>
      <input
        id={id} type="number" inputMode="decimal" min={field.min} max={field.max} step={field.isWhole ? 1 : 'any'} placeholder={preset ?? ''} defaultValue={value === null ? '' : String(value)}
        aria-describedby={isIgnored || problem ? `${id}-hint` : undefined} aria-invalid={problem !== null} onInput={onInput}
      />
      {(isIgnored || problem) && <span id={`${id}-hint`} class={`hint ${problem ? 'bad' : 'warn'}`} role={problem ? 'alert' : undefined}>{problem ?? t('settings.ignored')}</span>}
    </div>
  );
}

function rangeText({ min, max, isWhole }: NumberField): string {
  const values = { min: number(min, Number.isInteger(min) ? 0 : 1), max: number(max ?? 0) };
  if (max === undefined) return t('settings.atLeast', values);
  return isWhole ? t('settings.wholeRange', values) : t('settings.range', values);
}
