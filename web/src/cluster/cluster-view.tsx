// The other nodes, as this node sees them.
import { useEffect, useState } from 'preact/hooks';
import { type Peer, readPeers } from '../api/node';
import { queue, status } from '../state/live';
import { t } from '../texts/views';
import { number, speed } from '../ui/format';
import { Failure, Loading, Notice } from '../ui/notice';

const everyMs = 5000;

export function ClusterView() {
  const { peers, error, reload } = usePeers();
  const node = status.value;
  return (
    <div class="page">
      <header class="page-head">
        <h1>{t('view.cluster')}</h1>
        <p class="hint">{t('cluster.help')}</p>
      </header>
      {error !== null && <Failure error={error} onRetry={reload} />}
      {peers === null && error === null && <Loading />}
      {peers?.length === 0 && <Notice kind="info"><p>{t('cluster.none')}</p><p><code>--peers http://node2:8080,http://node3:8080</code></p></Notice>}
      <ul class="nodes">
        {node && <NodeCard isHere peer={{
          url: '', node: node.node, reachable: true, error: null, answer_ms: null, version: node.version, ready: node.ready.status, state: node.state, model: node.model,
          load_percent: node.npu.load_percent, celsius: node.npu.temperatures.reduce<number | null>((max, { celsius }) => Math.max(max ?? celsius, celsius), null),
          running: queue.value.running, waiting: queue.value.waiting, decode_tokens_per_second: node.rates.decode_tokens_per_second, is_slow: node.reference?.is_slow ?? null,
        }} />}
        {peers?.map(peer => <NodeCard key={peer.url} peer={peer} />)}
      </ul>
    </div>
  );
}

// Asks every 5 s while the tab is visible.
function usePeers() {
  const [peers, setPeers] = useState<Peer[] | null>(null);
  const [error, setError] = useState<unknown>(null);
  const reload = () => {
    if (document.hidden) return;
    readPeers().then(found => (setPeers(found), setError(null)), setError);
  };
  useEffect(() => {
    reload();
    const timer = setInterval(reload, everyMs);
    return () => clearInterval(timer);
  }, []);
  return { peers, error, reload };
}

function NodeCard({ peer, isHere = false }: { peer: Peer; isHere?: boolean }) {
  const average = peer.load_percent?.length ? peer.load_percent.reduce((sum, load) => sum + load, 0) / peer.load_percent.length : null;
  return (
    <li class={`node-card ${kind(peer)}`}>
      <h2>{isHere ? <>{peer.node} <span class="hint">{t('cluster.here')}</span></> : <a href={`${peer.url.replace(/\/$/, '')}/ui/`}>{peer.node ?? peer.url}</a>}</h2>
      {!isHere && peer.node !== null && <p class="hint">{peer.url.replace(/^http:\/\/|\/$/g, '')}</p>}
      <p class="node-line"><span class={`dot ${kind(peer)}`} aria-hidden="true" /><span>{stateText(peer)}{!peer.reachable && peer.error && <>: <span lang="en">{peer.error}</span></>}</span></p>
      {peer.reachable && (
        <dl class="facts-grid">
          <div><dt>{t('requests.model')}</dt><dd>{peer.model ?? '–'}</dd></div>
          <div><dt>{t('node.load')}</dt><dd>{average === null ? '–' : `${number(average)} %`}</dd></div>
          <div><dt>{t('node.temperature')}</dt><dd>{peer.celsius === null ? '–' : `${number(peer.celsius)} °C`}</dd></div>
          <div><dt>{t('node.queue')}</dt><dd>{t('node.runningValue', { running: peer.running ?? 0 })}, {t('node.waitingValue', { waiting: peer.waiting ?? 0 })}</dd></div>
          <div><dt>{t('node.decode')}</dt><dd>{peer.decode_tokens_per_second === null ? '–' : speed(peer.decode_tokens_per_second)}</dd></div>
          <div><dt>{t('cluster.version')}</dt><dd>{peer.version ?? '–'}</dd></div>
        </dl>
      )}
    </li>
  );
}

function kind(peer: Peer): string {
  if (!peer.reachable || peer.ready === 'failed') return 'bad';
  if (peer.is_slow || peer.ready === 'draining') return 'warn';
  return (peer.running ?? 0) > 0 ? 'busy' : 'good';
}

function stateText(peer: Peer): string {
  if (!peer.reachable) return t('cluster.unreachable');
  if (peer.is_slow) return t('state.slow');
  if (peer.ready === 'failed') return t('state.failed');
  if (peer.ready === 'draining') return t('state.draining');
  if (peer.ready === 'loading') return t('state.loadingModel');
  return (peer.running ?? 0) > 0 ? t('state.busy') : t('state.ready');
}
