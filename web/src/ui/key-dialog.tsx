// Asks for the API key after a 401.
import { useState } from 'preact/hooks';
import { keyQuestion, useKey } from '../state/key';
import { t } from '../texts';
import { Dialog } from './dialog';

export function KeyDialog() {
  const question = keyQuestion.value;
  const [key, setKey] = useState('');
  const [remember, setRemember] = useState(false);
  if (!question) return null;
  const submit = (event: Event) => {
    event.preventDefault();
    if (key.trim() === '') return;
    useKey(key.trim(), remember);
    setKey('');
    question.answer(key);
  };
  return (
    <Dialog title={t('key.title')} onClose={() => question.answer(null)} kind="narrow">
      <form onSubmit={submit} class="stack">
        <p>{question.refused ? t('key.refused') : t('key.needed')}</p>
        <label class="field">
          <span>{t('key.label')}</span>
          <input type="password" autocomplete="off" spellcheck={false} autoFocus value={key} onInput={event => setKey(event.currentTarget.value)} />
        </label>
        <label class="check">
          <input type="checkbox" checked={remember} onChange={event => setRemember(event.currentTarget.checked)} />
          <span>{t('key.remember')}</span>
        </label>
        {location.protocol === 'http:' && <p class="hint">{t('key.plain')}</p>}
        <div class="actions"><button type="submit" class="primary">{t('key.use')}</button></div>
      </form>
    </Dialog>
  );
}
