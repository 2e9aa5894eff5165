// The downloads of the node: progress, failures, and what has just arrived. Part of the chat, too, as long as the node has no model.
import { useState } from 'preact/hooks';
import { type Download, stopPull } from '../api/node';
import { downloads, status } from '../state/live';
import { arrived, dismissArrived, pullAgain } from '../state/pulls';
import { t } from '../texts/views';
import { ConfirmButton } from '../ui/buttons';
import { bytes, duration, number } from '../ui/format';
import { Failure, Notice } from '../ui/notice';

export function Downloads() {
  const [error, setError] = useState<unknown>(null);
  // A row whose action the node has not answered yet takes no other one.
  const [acting, setActing] = useState<string[]>([]);
  const act = async (model: string, action: (model: string) => Promise<unknown>) => {
    setActing(before => [...before, model]);
    await action(model).then(() => setError(null), setError);
    setActing(before => before.filter(name => name !== model));
  };
  if (downloads.value.length === 0 && arrived.value.length === 0 && error === null) return null;
  return (
    <section aria-labelledby="downloads">
      <h2 id="downloads">{t('downloads.title')}</h2>
      {arrived.value.map(model => (
        <Notice key={model} kind="info"><p>{t('downloads.done', { model })}</p><button type="button" onClick={() => dismissArrived(model)}>{t('dialog.close')}</button></Notice>
      ))}
      {error !== null && <Failure error={error} />}
      <ul class="rows">{downloads.value.map(download => <Row key={download.model} download={download} isActing={acting.includes(download.model)} act={action => void act(download.model, action)} />)}</ul>
    </section>
  );
}

function Row({ download, isActing, act }: { download: Download; isActing: boolean; act: (action: (model: string) => Promise<unknown>) => void }) {
  const { model, completed_bytes: done, total_bytes: total, error } = download;
  const mayChange = !status.value?.features.read_only;
  return (
    <li>
      <span class="grow">
        <strong>{model}</strong>{' '}
        {error ? (
          <span class="bad" lang="en">{error}</span>
        ) : (
          <>
            <progress max={total || undefined} value={total ? done : undefined} aria-label={model} />
            <span class="hint">{total > 0 ? progressText(download) : t('downloads.connecting')}</span>
          </>
        )}
      </span>
      {!mayChange ? null : error ? (
        <span class="actions">
          <button type="button" aria-disabled={isActing} onClick={() => !isActing && act(pullAgain)}>{t('state.retry')}</button>
          <button type="button" aria-disabled={isActing} onClick={() => !isActing && act(stopPull)}>{t('downloads.dismiss')}</button>
        </span>
      ) : (
        <ConfirmButton question={t('downloads.stopQuestion')} onConfirm={() => act(stopPull)} disabled={isActing}>{t('downloads.stop')}</ConfirmButton>
      )}
    </li>
  );
}

function progressText({ completed_bytes: done, total_bytes: total, bytes_per_second: rate }: Download): string {
  const parts = [`${bytes(done)} / ${bytes(total)} (${number((100 * done) / total)} %)`];
  if (rate) parts.push(`${bytes(rate)}/s`);
  if (rate && total > done) parts.push(t('downloads.left', { time: duration((total - done) / rate) }));
  return parts.join(' · ');
}
