// The Modelfile of a model; editable where the node allows it.
import { useState } from 'preact/hooks';
import { readModelfile, saveModelfile } from '../api/node';
import { forgetDetails } from '../state/catalog';
import { t } from '../texts';
import { announce } from '../ui/announcer';
import { CopyButton } from '../ui/buttons';
import { Dialog } from '../ui/dialog';
import { Failure, Loading, Notice, useData } from '../ui/notice';

export function ModelfileDialog({ model, onClose }: { model: string; onClose: () => void }) {
  const { data, error, reload } = useData(() => readModelfile(model), [model]);
  const [draft, setDraft] = useState<string | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const save = async () => {
    try {
      await saveModelfile(model, draft!);
      setDraft(null);
      setFailure(null);
      forgetDetails(model);
      announce(t('modelfile.saved'));
      reload();
    } catch (problem) {
      setFailure(problem);
    }
  };
  const text = draft ?? data?.text ?? '';
  return (
    <Dialog title={t('modelfile.title', { model })} onClose={onClose} kind="wide">
      <div class="stack">
        {error !== null && <Failure error={error} onRetry={reload} />}
        {data === null ? (
          error === null && <Loading />
        ) : (
          <>
            {data.warnings.map(warning => <Notice key={warning} kind="warning"><p>{warning}</p></Notice>)}
            <label class="offscreen" for="modelfile">Modelfile</label>
            <textarea
              id="modelfile" class="code-area" rows={Math.min(24, text.split('\n').length + 2)} spellcheck={false} readOnly={!data.editable} value={text}
              onInput={event => setDraft(event.currentTarget.value)}
            />
            <p class="hint">{data.editable ? t('modelfile.applies') : t('modelfile.readOnly')}</p>
            {failure !== null && <Failure error={failure} />}
            <div class="actions">
              <CopyButton text={text} label={t('modelfile.copy')} />
              {data.editable && <button type="button" class="primary" disabled={draft === null || draft === data.text} onClick={() => void save()}>{t('modelfile.save')}</button>}
            </div>
          </>
        )}
      </div>
    </Dialog>
  );
}
