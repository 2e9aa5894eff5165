// Models in memory, faults, log.
import { useState } from 'preact/hooks';
import type { NodeStatus } from '../api/node';
import { unloadModel } from '../api/models';
import { ModelStateLabel } from '../chat/model-picker';
import { log } from '../state/live';
import { t } from '../texts/views';
import { ConfirmButton } from '../ui/buttons';
import { bytes, clock, duration, number, speed } from '../ui/format';
import { Failure } from '../ui/notice';

export function Residents({ node }: { node: NodeStatus }) {
  const [error, setError] = useState<unknown>(null);
  return (
    <section aria-labelledby="residents">
      <h2 id="residents">{t('residents.title')}</h2>
      {error !== null && <Failure error={error} />}
      {node.models.length === 0 && <p class="hint">{t('residents.none')}</p>}
      <ul class="rows">
        {node.models.map(model => (
          <li key={model.name}>
            <ModelStateLabel name={model.name} />
            <span class="grow">
              <strong>{model.name}</strong>
              <span class="hint">
                {model.memory_bytes !== null && ` ${bytes(model.memory_bytes)}`}
                {model.context_length !== null && ` · ${t('models.context', { tokens: number(model.context_length) })}`}
                {model.slots !== undefined && ` · ${t('residents.slots', { slots: model.slots })}`}
                {model.decode_tokens_per_second !== null && ` · ${speed(model.decode_tokens_per_second)}`}
                {' · '}
                {model.pinned ? t('residents.pinned') : model.expires_in_seconds !== null ? t('residents.expires', { time: duration(model.expires_in_seconds) }) : t('residents.stays')}
              </span>
            </span>
            {!node.features.read_only && (
              <ConfirmButton question={t('residents.unloadQuestion')} onConfirm={() => void unloadModel(model.name).then(() => setError(null), setError)}>{t('models.unload')}</ConfirmButton>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

export function Faults({ node }: { node: NodeStatus }) {
  return (
    <section aria-labelledby="faults">
      <h2 id="faults">{t('faults.title')}</h2>
      {node.faults.length === 0 && <p class="hint">{t('faults.none')}</p>}
      <ul class="rows">
        {node.faults.map(fault => <li key={fault.at}><span class="hint">{clock(fault.at)}</span><span class="grow">{fault.model && <strong>{fault.model}: </strong>}<span lang="en">{fault.reason}</span></span></li>)}
      </ul>
    </section>
  );
}

export function Log() {
  return (
    <section aria-labelledby="log">
      <h2 id="log">{t('log.title')}</h2>
      <div class="log" tabIndex={0} role="group" lang="en" aria-labelledby="log">
        {log.value.map((line, index) => <p key={index} class={line.level}><span class="hint">{clock(line.time)}</span> {line.text}</p>)}
      </div>
    </section>
  );
}
