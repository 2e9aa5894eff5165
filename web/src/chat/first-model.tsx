// A node without a model for chat: one click downloads the recommended one.
import { useState } from 'preact/hooks';
import { readNames } from '../api/node';
import { Downloads } from '../models/downloads';
import { downloads } from '../state/live';
import { pull } from '../state/pulls';
import { hrefOf } from '../state/router';
import { t } from '../texts/views';
import { bytes } from '../ui/format';
import { Failure, useData } from '../ui/notice';

export function FirstModel() {
  const { data, error, reload } = useData(() => readNames(''));
  const [failure, setFailure] = useState<unknown>(null);
  const recommended = data?.find(name => name.recommended) ?? data?.[0];
  const isDownloading = downloads.value.some(download => !download.error);
  return (
    <div class="start">
      <h2>{t('chat.noModel')}</h2>
      {!isDownloading && <p>{t('chat.noModelNext')}</p>}
      <div class="start-wide"><Downloads /></div>
      {error !== null && <Failure error={error} onRetry={reload} />}
      {failure !== null && <Failure error={failure} />}
      {recommended && !isDownloading && (
        <button type="button" class="primary" onClick={() => pull(recommended.name).then(() => setFailure(null), setFailure)}>
          {t('models.pullNamed', { model: recommended.name })}{recommended.size_bytes ? ` (${bytes(recommended.size_bytes)})` : ''}
        </button>
      )}
      <a href={hrefOf('models')}>{t('chat.otherModels')}</a>
    </div>
  );
}
