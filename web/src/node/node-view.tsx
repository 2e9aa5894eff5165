// What the node does now, what it did in the last 15 minutes, and the requests of the last hour.
import { connection, status } from '../state/live';
import { hrefOf } from '../state/router';
import { t } from '../texts';
import { duration } from '../ui/format';
import { Loading, Notice } from '../ui/notice';
import { ActiveRequests } from './active-requests';
import { Charts } from './charts';
import { Downloads, Faults, Log, Residents } from './node-lists';
import { Readings } from './readings';
import { RequestTable } from './request-table';

export function NodeView() {
  const node = status.value;
  return (
    <div class="page">
      <header class="page-head">
        <h1>{node ? t('node.title', { node: node.node }) : t('view.node')}</h1>
        {node && (
          <p class="hint">
            RkLlama {node.version} · {t('node.uptime', { time: duration(node.uptime_seconds) })}
            {node.library?.version && ` · RKLLM ${node.library.version}`}
            {node.library?.driver_version && ` · RKNPU ${node.library.driver_version}`}
            {node.npu.platform && ` · ${node.npu.platform.toUpperCase()}`}
          </p>
        )}
      </header>
      {connection.value === 'offline' && <Notice kind="error"><p>{t('error.offline')}</p></Notice>}
      {connection.value === 'locked' && <Notice kind="error"><p>{t('error.key')}</p><button type="button" onClick={() => location.reload()}>{t('state.retry')}</button></Notice>}
      {connection.value === 'polling' && <Notice kind="info"><p>{t('node.polling')}</p></Notice>}
      {!node ? (
        connection.value === 'connecting' && <Loading />
      ) : (
        <>
          {node.reference?.is_slow && <SlowBoard />}
          {node.ready.reason && <Notice kind={node.ready.status === 'failed' ? 'error' : 'info'}><p>{node.ready.reason}</p></Notice>}
          <Readings node={node} />
          <ActiveRequests />
          <Charts cores={node.npu.load_percent?.length ?? 3} />
          <Residents node={node} />
          <Downloads />
          <RequestTable />
          <Faults node={node} />
          {node.features.log ? <Log /> : <p class="hint">{t('log.needsKey')}</p>}
        </>
      )}
    </div>
  );
}

// The board generates more slowly than the vendor's figure for its clocks.
function SlowBoard() {
  const { reason, remedy, measured_tokens_per_second: measured, expected_tokens_per_second: expected } = status.value!.reference!;
  return (
    <Notice kind="error">
      <p>
        <strong>{t('node.slow')}</strong> {measured !== null && expected !== null && t('node.slowFigures', { measured: measured.toFixed(1), expected: expected.toFixed(1) })} {reason}
      </p>
      {remedy && <p>{t('doctor.remedy')}: <code>{remedy}</code></p>}
      <p><a href={hrefOf('doctor')}>{t('node.slowNext')}</a></p>
    </Notice>
  );
}
