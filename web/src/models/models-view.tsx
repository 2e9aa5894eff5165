// The models of the node, and those it can download.
import { useEffect, useRef, useState } from 'preact/hooks';
import { type Model, deleteModel, loadModel, unloadModel } from '../api/models';
import { readBrokenModels } from '../api/node';
import { ModelFacts, ModelStateLabel } from '../chat/model-picker';
import { catalogError, models, refreshModels, residentOf } from '../state/catalog';
import { status } from '../state/live';
import { t } from '../texts/views';
import { announce } from '../ui/announcer';
import { ConfirmButton } from '../ui/buttons';
import { bytes, duration } from '../ui/format';
import { Failure, Loading, Notice, useData } from '../ui/notice';
import { Downloads } from './downloads';
import { ModelfileDialog } from './modelfile-dialog';
import { NameTable } from './name-table';

export function ModelsView() {
  const [fileOf, setFileOf] = useState<string | null>(null);
  const node = status.value;
  const closeFile = () => {
    setFileOf(null);
    void refreshModels();
  };
  return (
    <div class="page">
      <header class="page-head">
        <h1>{t('view.models')}</h1>
        {node?.disk && <p class="hint">{t('models.disk', { free: bytes(node.disk.free_bytes), total: bytes(node.disk.total_bytes) })}</p>}
      </header>
      {node?.features.read_only && <Notice kind="info"><p>{t('models.readOnly')}</p></Notice>}
      {catalogError.value !== null && <Failure error={catalogError.value} onRetry={() => void refreshModels()} />}
      <Downloads />
      <section aria-labelledby="installed">
        <h2 id="installed">{t('models.installed')}</h2>
        {models.value === null ? catalogError.value === null && <Loading /> : models.value.length === 0 ? <p>{t('models.none')}</p> : null}
        <ul class="rows">{models.value?.map(model => <ModelRow key={model.name} model={model} onFile={() => setFileOf(model.name)} />)}</ul>
      </section>
      <BrokenModels onFile={setFileOf} />
      <NameTable />
      {fileOf !== null && <ModelfileDialog model={fileOf} onClose={closeFile} />}
    </div>
  );
}

// The models that the node cannot load. The other lists leave them out. Read again with the other list, which is read after each edit of a Modelfile.
function BrokenModels({ onFile }: { onFile: (name: string) => void }) {
  const { data } = useData(readBrokenModels, [models.value]);
  if (!data?.length) return null;
  return (
    <section aria-labelledby="broken">
      <h2 id="broken">{t('models.broken')}</h2>
      <ul class="rows">
        {data.map(({ name, problem }) => (
          <li class="model-row" key={name}>
            <span class="grow"><strong>{name}</strong> <span class="hint" lang="en">{problem}</span></span>
            <span class="actions"><button type="button" onClick={() => onFile(name)}>Modelfile</button></span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function ModelRow({ model, onFile }: { model: Model; onFile: () => void }) {
  const [busy, setBusy] = useState<string | null>(null);
  const [error, setError] = useState<unknown>(null);
  const resident = residentOf(model.name);
  const row = useRef<HTMLLIElement>(null);
  // "Load" and "Unload" take each other's place: the focus moves on.
  const follows = useRef(false);
  useEffect(() => {
    if (follows.current && document.activeElement === document.body) row.current!.querySelector<HTMLElement>('.actions button')?.focus();
    follows.current = false;
  }, [resident === null]);
  const mayChange = !status.value?.features.read_only;
  const act = (label: string, done: string, action: (name: string) => Promise<unknown>) => async () => {
    follows.current = true;
    setBusy(label);
    setError(null);
    try {
      await action(model.name);
      announce(done);
    } catch (failure) {
      setError(failure);
    }
    setBusy(null);
    await refreshModels();
  };
  const load = act(t('models.loading'), t('models.loaded', { model: model.name }), loadModel);
  const unload = act(t('models.unloading'), t('models.unloaded', { model: model.name }), unloadModel);
  const erase = act(t('models.deleting'), t('models.deleted', { model: model.name }), deleteModel);
  return (
    <li class="model-row" ref={row}>
      <span class="grow">
        <span class="model-line"><strong>{model.name}</strong><ModelStateLabel name={model.name} /></span>
        <ModelFacts model={model} />
        {resident?.load_seconds != null && <span class="hint">{t('models.loadTime', { time: duration(resident.load_seconds) })}</span>}
        {error !== null && <Failure error={error} />}
      </span>
      <span class="actions">
        {busy !== null && <span class="hint">{busy}</span>}
        {mayChange && (resident ? (
          <ConfirmButton key="unload" question={t('residents.unloadQuestion')} onConfirm={() => void unload()} disabled={busy !== null}>{t('models.unload')}</ConfirmButton>
        ) : (
          <button key="load" type="button" aria-disabled={busy !== null} onClick={() => busy === null && void load()}>{t('models.load')}</button>
        ))}
        <button key="file" type="button" onClick={onFile}>Modelfile</button>
        {mayChange && <ConfirmButton key="delete" question={t('models.deleteQuestion', { model: model.name, size: bytes(model.sizeBytes) })} onConfirm={() => void erase()} disabled={busy !== null}>{t('models.delete')}</ConfirmButton>}
      </span>
    </li>
  );
}
