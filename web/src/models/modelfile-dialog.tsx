// The Modelfile of a model; editable where the node allows it.
import { useState } from 'preact/hooks';
import { readModelfile, saveModelfile } from '../api/node';
import { forgetDetails } from '../state/catalog';
import { t } from '../texts/views';
import { announce } from '../ui/announcer';
import { CopyButton, Question } from '../ui/buttons';
import { Dialog } from '../ui/dialog';
import { focusWhenThere } from '../ui/focus';
import { Failure, Loading, Notice, useData } from '../ui/notice';

export function ModelfileDialog({ model, onClose }: { model: string; onClose: () => void }) {
  const { data, error, reload } = useData(() => readModelfile(model), [model]);
  const [draft, setDraft] = useState<string | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const [isSaved, setSaved] = useState(false);
  const [asks, setAsks] = useState(false);
  const [saving, setSaving] = useState(false);
  const save = async () => {
    if (saving) return;
    setSaving(true);
    try {
      // The draft stays: it is the text of the node as soon as that is read again, and the user may have gone on writing.
      await saveModelfile(model, draft!);
      setFailure(null);
      forgetDetails(model);
      setSaved(true);
      announce(t('modelfile.saved'));
      reload();
    } catch (problem) {
      setSaved(false);
      setFailure(problem);
    }
    setSaving(false);
  };
  const isChanged = draft !== null && draft !== data?.text;
  const close = () => (isChanged ? setAsks(true) : onClose());
  const keep = () => {
    setAsks(false);
    focusWhenThere(() => document.getElementById('modelfile'));
  };
  const text = draft ?? data?.text ?? '';
  return (
    <Dialog title={t('modelfile.title', { model })} onClose={close} kind="wide">
      <div class="stack">
        {error !== null && <Failure error={error} onRetry={reload} />}
        {data === null ? (
          error === null && <Loading />
        ) : (
          <>
            {data.warnings.map(warning => <Notice key={warning} kind="warning"><p lang="en">{warning}</p></Notice>)}
            <label class="offscreen" for="modelfile">Modelfile</label>
            <textarea
              id="modelfile" class="code-area" rows={Math.min(24, text.split('\n').length + 2)} spellcheck={false} readOnly={!data.editable} value={text}
              onInput={event => (setDraft(event.currentTarget.value), setSaved(false))}
            />
            <p class="hint">{data.editable ? t('modelfile.applies') : t('modelfile.readOnly')}</p>
            {isSaved && <Notice kind="info"><p>{t('modelfile.saved')}</p></Notice>}
            {failure !== null && <Failure error={failure} />}
            {asks && <Question text={t('modelfile.discardQuestion')} no={t('modelfile.keep')} onNo={keep}><button type="button" class="danger" onClick={onClose}>{t('modelfile.discard')}</button></Question>}
            <div class="actions">
              <CopyButton text={text} label={t('modelfile.copy')} />
              {data.editable && <button type="button" class="primary" disabled={!isChanged} aria-disabled={saving} onClick={() => void save()}>{t('modelfile.save')}</button>}
            </div>
          </>
        )}
      </div>
    </Dialog>
  );
}
