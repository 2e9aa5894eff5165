// What the node does now, what it did in the last 15 minutes, and the requests of the last hour.
import { Downloads } from '../models/downloads';
import { connection, status } from '../state/live';
import { hrefOf } from '../state/router';
import { t } from '../texts/views';
import { duration, speed } from '../ui/format';
import { KeyNotice, Loading, Notice } from '../ui/notice';
import { ActiveRequests } from './active-requests';
import { Charts } from './charts';
import { Faults, Log, Residents } from './node-lists';
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
      {connection.value === 'locked' && <KeyNotice />}
      {connection.value === 'polling' && <Notice kind="info"><p>{t('node.polling')}</p></Notice>}
      {!node ? (
        connection.value === 'connecting' && <Loading />
      ) : (
        <>
          {node.reference?.is_slow && <SlowBoard />}
          {node.ready.reason && <Notice kind={node.ready.status === 'failed' ? 'error' : 'info'}><p lang="en">{node.ready.reason}</p></Notice>}
          <Readings node={node} />
          <ActiveRequests />
          <Charts node={node} />
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

const reasons: Record<string, Parameters<typeof t>[0]> = {
  memory_clock: 'slow.memory_clock', npu_clock: 'slow.npu_clock', npu_and_memory_clock: 'slow.npu_and_memory_clock', unknown: 'slow.unknown',
};

// The board generates more slowly than the vendor's figure, which holds for full clocks.
function SlowBoard() {
  const { reason, reason_code: code, remedy, measured_tokens_per_second: measured, decode_tokens_per_second: vendor, expected_tokens_per_second: here } = status.value!.reference!;
  return (
    <Notice kind="error">
      <p>
        <strong>{t('node.slow')}</strong> {measured !== null && vendor !== null && t('node.slowFigures', { measured: speed(measured), vendor: speed(vendor) })}
        {here !== null && measured !== null && here > measured && here !== vendor && ` ${t('node.slowHere', { value: speed(here) })}`}
      </p>
      {code && reasons[code] ? <p>{t(reasons[code])}</p> : reason && <p lang="en">{reason}</p>}
      <p>{t('doctor.remedy')}: {remedy && <code>{remedy}</code>} <a href={hrefOf('doctor')}>{t('node.slowDoctor')}</a></p>
    </Notice>
  );
}
