// Keys, language, announcements, and what the page is made of.
import { useState } from 'preact/hooks';
import { send } from './api/http';
import { saveFile } from './chat/transfer';
import { forgetKey, apiKey } from './state/key';
import { status } from './state/live';
import { type Language, language, languages, setLanguage, t } from './texts';
import { readsAnswers } from './ui/announcer';
import { Dialog } from './ui/dialog';
import { hasFinePointer } from './ui/focus';
import { Failure } from './ui/notice';

export function HelpDialog({ onClose }: { onClose: () => void }) {
  const [error, setError] = useState<unknown>(null);
  const keys = [
    ...(hasFinePointer() ? [['Enter', t('help.send')], ['Shift + Enter', t('help.newline')]] : [['Enter', t('help.newline')], ['Ctrl + Enter', t('help.send')]]),
    ['Esc', t('help.stop')],
    ['Ctrl + K', t('help.search')],
    ['Ctrl + /', t('help.open')],
    ['Alt + Shift + 1 – 5', t('help.views')],
    ['Alt + Shift + N', t('help.newChat')],
  ];
  // A link would not send the API key.
  const saveOpenApi = async () => {
    try {
      saveFile('rkllama-openapi.json', 'application/json', await (await send('openapi/v1.json')).text());
      setError(null);
    } catch (failure) {
      setError(failure);
    }
  };
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
        {error !== null && <Failure error={error} />}
        <div class="row">
          <span class="hint">RkLlama {status.value?.version}</span>
          <button type="button" class="quiet" onClick={() => void saveOpenApi()}>{t('help.openApi')}</button>
          <a class="hint" href="licenses.txt" target="_blank" rel="noopener">{t('help.licences')}</a>
        </div>
      </div>
    </Dialog>
  );
}
