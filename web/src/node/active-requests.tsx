// The running request and those that wait, each with a button that cancels it.
import { useState } from 'preact/hooks';
import { type ActiveRequest, cancelRequest } from '../api/node';
import { activeRequests, status } from '../state/live';
import { t } from '../texts/views';
import { ConfirmButton } from '../ui/buttons';
import { duration, number } from '../ui/format';
import { Failure } from '../ui/notice';

export function ActiveRequests() {
  const [error, setError] = useState<unknown>(null);
  const active = activeRequests.value;
  return (
    <section aria-labelledby="active">
      <h2 id="active">{t('active.title')}</h2>
      {error !== null && <Failure error={error} />}
      {active.length === 0 ? (
        <p class="hint">{t('active.none')}</p>
      ) : (
        <ul class="rows">
          {active.map(request => (
            <li key={request.id}>
              <span class={`badge ${request.phase === 'queued' ? '' : 'busy'}`}>{phaseText(request)}</span>
              <span class="grow">
                {request.model ?? '–'} · {request.api} · {request.forwarded_for ?? request.client}
                <span class="hint"> {duration(request.elapsed_seconds)} · {t('active.tokens', { prompt: number(request.prompt_tokens ?? 0), output: number(request.output_tokens ?? 0) })}</span>
              </span>
              {!status.value?.features.read_only && (
                <ConfirmButton question={t('active.cancelQuestion')} onConfirm={() => void cancelRequest(request.id).then(() => setError(null), setError)}>{t('active.cancel')}</ConfirmButton>
              )}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function phaseText({ phase, position, expected_wait_seconds: wait }: ActiveRequest): string {
  if (phase !== 'queued') return t(`phase.${phase}`);
  return wait ? t('phase.queuedWait', { position: position ?? 0, wait: duration(wait) }) : t('phase.queued', { position: position ?? 0 });
}
