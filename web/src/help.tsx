// Keys, language, announcements, and what the page is made of.
import { forgetKey, apiKey } from './state/key';
import { status } from './state/live';
import { type Language, language, languages, setLanguage, t } from './texts';
import { readsAnswers } from './ui/announcer';
import { Dialog } from './ui/dialog';

export function HelpDialog({ onClose }: { onClose: () => void }) {
  const keys = [
    ['Enter', matchMedia('(pointer: fine)').matches ? t('help.send') : t('help.newline')],
    ['Shift + Enter', t('help.newline')],
    ['Esc', t('help.stop')],
    ['Ctrl + K', t('help.search')],
    ['Ctrl + /', t('help.open')],
    ['Alt + Shift + 1 – 5', t('help.views')],
    ['Alt + Shift + N', t('help.newChat')],
  ];
  return (
    <Dialog title={t('help.title')} onClose={onClose} kind="narrow">
      <div class="stack">
        <label class="field">
          <span>{t('help.language')}</span>
          <select value={language.value} onChange={event => void setLanguage(event.currentTarget.value as Language, true)}>
            {Object.entries(languages).map(([code, name]) => <option key={code} value={code} lang={code}>{name}</option>)}
          </select>
        </label>
        <label class="check">
          <input type="checkbox" checked={readsAnswers.value} onChange={event => (readsAnswers.value = event.currentTarget.checked)} />
          <span>{t('help.readAnswers')}</span>
        </label>
        {apiKey.value !== null && <div><button type="button" onClick={forgetKey}>{t('help.forgetKey')}</button></div>}
        <h3>{t('help.keys')}</h3>
        <dl class="keys">{keys.map(([key, text]) => <div key={key}><dt><kbd>{key}</kbd></dt><dd>{text}</dd></div>)}</dl>
        <p class="hint">
          RkLlama {status.value?.version} · <a href="../openapi/v1.json" target="_blank" rel="noopener">OpenAPI</a> · <a href="licenses.txt" target="_blank" rel="noopener">{t('help.licences')}</a>
        </p>
      </div>
    </Dialog>
  );
}
