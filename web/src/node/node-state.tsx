// The state of the node in the header: name, state in words, what it does now.
import { connection, queue, status } from '../state/live';
import { hrefOf } from '../state/router';
import { t } from '../texts';

export function NodeState() {
  const node = status.value;
  const { kind, text } = state();
  return (
    <a class={`node-state ${kind}`} href={hrefOf('node')}>
      <span class="dot" aria-hidden="true" />
      <span class="node-name">{node?.node ?? '…'}</span>
      <span class="node-text">{text}</span>
    </a>
  );
}

function state(): { kind: string; text: string } {
  const node = status.value;
  if (connection.value === 'locked') return { kind: 'bad', text: t('state.locked') };
  if (connection.value === 'offline') return { kind: 'bad', text: t('state.offline') };
  if (!node) return { kind: 'idle', text: t('state.connecting') };
  if (node.reference?.is_slow) return { kind: 'warn', text: t('state.slow') };
  if (node.ready.status === 'failed' || node.state === 'failed' || node.state === 'stuck') return { kind: 'bad', text: t('state.failed') };
  if (node.ready.status === 'draining') return { kind: 'warn', text: t('state.draining') };
  const { running, waiting } = queue.value;
  if (running + waiting > 0) return { kind: 'busy', text: waiting > 0 ? t('state.busyWaiting', { waiting }) : t('state.busy') };
  if (node.state === 'loading' || node.state === 'restarting') return { kind: 'busy', text: t('state.loadingModel') };
  return { kind: 'good', text: t('state.ready') };
}
