// The requests of the last hour: figures, never content.
import { useState } from 'preact/hooks';
import type { FinishedRequest } from '../api/node';
import { requests } from '../state/live';
import { t } from '../texts/views';
import { clock, milliseconds, number } from '../ui/format';

const shownAtFirst = 25;
const or = <T,>(value: T | null, format: (value: T) => string) => (value === null ? '–' : format(value));

export function RequestTable() {
  const [shown, setShown] = useState(shownAtFirst);
  const list = requests.value;
  return (
    <section aria-labelledby="requests">
      <h2 id="requests">{t('requests.title')}</h2>
      {list.length === 0 ? (
        <p class="hint">{t('requests.none')}</p>
      ) : (
        <div class="table-scroll" tabIndex={0} role="group" aria-labelledby="requests">
          <table class="requests">
            <thead>
              <tr>
                <th scope="col">{t('requests.time')}</th>
                <th scope="col">{t('requests.model')}</th>
                <th scope="col">{t('requests.client')}</th>
                <th scope="col" title={t('requests.tokensHelp')}>{t('requests.tokens')}</th>
                <th scope="col" title={t('node.queueHelp')}>{t('requests.queue')}</th>
                <th scope="col" title={t('node.firstHelp')}>{t('requests.first')}</th>
                <th scope="col" title={t('requests.prefillHelp')}>{t('requests.prefill')}</th>
                <th scope="col" title={t('node.decodeHelp')}>{t('requests.decode')}</th>
                <th scope="col">{t('requests.total')}</th>
                <th scope="col">{t('requests.end')}</th>
              </tr>
            </thead>
            <tbody>{list.slice(0, shown).map(request => <Row key={`${request.id} ${request.ended}`} request={request} />)}</tbody>
          </table>
        </div>
      )}
      {list.length > 0 && (
        <details class="hint">
          <summary>{t('requests.columns')}</summary>
          <ul>{columns.map(([name, help]) => <li key={name}><strong>{t(name)}</strong>: {t(help)}</li>)}</ul>
        </details>
      )}
      {list.length > shown && <button type="button" onClick={() => setShown(shown + 100)}>{t('chat.showMore')}</button>}
    </section>
  );
}

const columns = [
  ['requests.tokens', 'requests.tokensHelp'], ['requests.queue', 'node.queueHelp'], ['requests.first', 'node.firstHelp'], ['requests.prefill', 'requests.prefillHelp'],
  ['requests.decode', 'node.decodeHelp'],
] as const;

const endings: Record<string, Parameters<typeof t>[0]> = {
  stop: 'end.stop', length: 'end.length', tool_calls: 'end.toolCalls', cancelled: 'end.cancelled', refused: 'end.refused', error: 'end.error',
};

function endText({ finish, status }: FinishedRequest): string {
  const text = finish === null ? '–' : endings[finish] ? t(endings[finish]) : finish;
  // 499 says the same as the word.
  return status === 200 || status === 499 ? text : `${text} (${status})`;
}

function Row({ request }: { request: FinishedRequest }) {
  const isBad = request.status >= 500 || request.finish === 'error' || request.finish === 'refused';
  return (
    <tr class={isBad ? 'bad' : undefined}>
      <td title={request.id}>{clock(request.ended)}</td>
      <td>{request.model ?? '–'}</td>
      <td title={request.path}>{request.forwarded_for ?? request.client} <span class="hint">{request.api}</span></td>
      <td>{or(request.prompt_tokens, number)}{request.cached_tokens ? ` (${number(request.cached_tokens)})` : ''} → {or(request.output_tokens, number)}</td>
      <td>{or(request.queue_ms, milliseconds)}</td>
      <td>{or(request.time_to_first_token_ms, milliseconds)}</td>
      <td>{or(request.prefill_tokens_per_second, value => number(value))}</td>
      <td>{or(request.decode_tokens_per_second, value => number(value, 1))}</td>
      <td>{or(request.total_ms, milliseconds)}</td>
      <td>{endText(request)}</td>
    </tr>
  );
}
