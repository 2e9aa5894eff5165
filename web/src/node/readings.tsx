// The present figures of the node as cards.
import type { ComponentChild } from 'preact';
import type { NodeStatus } from '../api/node';
import { queue } from '../state/live';
import { t } from '../texts/views';
import { Explained } from '../ui/explained';
import { bytes, hertz, milliseconds, number, speed } from '../ui/format';

export function Readings({ node }: { node: NodeStatus }) {
  const clockOf = (name: string) => node.npu.clocks.find(clock => clock.name === name && clock.hertz !== null) ?? null;
  const hottest = node.npu.temperatures.reduce<number | null>((max, { celsius }) => Math.max(max ?? celsius, celsius), null);
  const { running, waiting, capacity } = queue.value;
  // The last run of the model in memory, if the node has no run to report.
  const decode = node.rates.decode_tokens_per_second ?? node.models.find(model => model.decode_tokens_per_second !== null)?.decode_tokens_per_second ?? null;
  const vendor = node.reference?.decode_tokens_per_second;
  return (
    <section aria-labelledby="readings">
      <h2 id="readings" class="offscreen">{t('node.now')}</h2>
      <dl class="cards">
        <Card name={t('node.load')} help={t('node.loadHelp')} reason={reasonFor(node, 'load')} wide>
          {node.npu.load_percent && <CoreBars loads={node.npu.load_percent} />}
        </Card>
        <ClockCard name={t('node.npuClock')} help={t('node.npuClockHelp')} clock={clockOf('npu')} reason={reasonFor(node, 'npu')} />
        <ClockCard name={t('node.ddrClock')} help={t('node.ddrClockHelp')} clock={clockOf('ddr')} reason={reasonFor(node, 'ddr')} />
        <Card name={t('node.temperature')} help={t('node.temperatureHelp')} reason={reasonFor(node, 'temperatures')}>
          {hottest !== null && <span class={hottest > 80 ? 'value bad' : 'value'}>{number(hottest)} °C</span>}
        </Card>
        <Card name={t('node.memory')} help={t('node.memoryHelp')}>
          {node.memory && (
            <>
              <span class="value">{bytes(node.memory.available_bytes)}</span>
              <span class="hint">{t('node.memoryOf', { total: bytes(node.memory.total_bytes) })}</span>
            </>
          )}
        </Card>
        <Card name={t('node.decode')} help={t('node.decodeHelp')}>
          {decode !== null && (
            <>
              <span class="value">{speed(decode)}</span>
              {vendor != null && <span class="hint">{t('node.vendor', { value: speed(vendor) })}</span>}
            </>
          )}
        </Card>
        <Card name={t('node.first')} help={t('node.firstHelp')}>
          {node.rates.time_to_first_token_ms !== null && <span class="value">{milliseconds(node.rates.time_to_first_token_ms)}</span>}
        </Card>
        <Card name={t('node.queue')} help={`${t('node.queueHelp')}${capacity > 0 ? ` ${t('node.queueCapacity', { capacity })}` : ''}`}>
          <span class="value words">{t('node.runningValue', { running })}</span>
          <span class="hint">{t('node.waitingValue', { waiting })}</span>
        </Card>
        <Card name={t('node.disk')} help={t('node.diskHelp')}>
          {node.disk && <span class="value">{bytes(node.disk.free_bytes)}</span>}
        </Card>
      </dl>
    </section>
  );
}

// Why the node cannot read a figure, in English.
export const reasonFor = (node: NodeStatus, reading: string): string | null => node.npu.missing.find(missing => missing.reading === reading)?.reason ?? null;

function Card({ name, help, reason = null, wide = false, children }: { name: string; help: string; reason?: string | null; wide?: boolean; children: ComponentChild }) {
  const isEmpty = children === null || children === false || children === undefined;
  return (
    <div class={wide ? 'card wide' : 'card'}>
      <dt><Explained name={name} help={help} /></dt>
      <dd>{isEmpty ? <span class="hint" lang={reason ? 'en' : undefined}>{reason ?? '–'}</span> : children}</dd>
    </div>
  );
}

function CoreBars({ loads }: { loads: number[] }) {
  return (
    <span class="cores">
      {loads.map((load, core) => (
        <span class="core" key={core}>
          <span>{t('node.core', { core })}</span>
          <meter min={0} max={100} value={load} aria-label={t('node.core', { core })} />
          <span class="value">{number(load)} %</span>
        </span>
      ))}
    </span>
  );
}

function ClockCard({ name, help, clock, reason }: { name: string; help: string; clock: NodeStatus['npu']['clocks'][number] | null; reason: string | null }) {
  const isLow = clock?.hertz != null && clock.max_hertz != null && clock.hertz < 0.6 * clock.max_hertz;
  return (
    <Card name={name} help={help} reason={reason}>
      {clock && (
        <>
          <span class={isLow ? 'value warn' : 'value'}>{hertz(clock.hertz!)}</span>
          {clock.max_hertz !== null && <span class="hint">{t('node.clockOf', { max: hertz(clock.max_hertz) })}</span>}
        </>
      )}
    </Card>
  );
}
