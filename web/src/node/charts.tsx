// The charts of the last 15 minutes.
import type { NodeStatus } from '../api/node';
import { t } from '../texts/views';
import { bytes, milliseconds, number, speed } from '../ui/format';
import { Chart } from './chart';
import { reasonFor } from './readings';

const percent = (value: number) => `${number(value)} %`;
const megahertz = (value: number) => `${number(value)} MHz`;
const celsius = (value: number) => `${number(value)} °C`;
const inMegahertz = (hertz: number | null) => (hertz === null ? null : hertz / 1_000_000);

export function Charts({ node }: { node: NodeStatus }) {
  const cores = node.npu.load_percent?.length ?? 3;
  const coreNames = Array.from({ length: cores }, (_, core) => t('node.core', { core }));
  return (
    <section aria-labelledby="charts">
      <h2 id="charts">{t('node.lastMinutes')}</h2>
      <div class="charts">
        <Chart title={t('node.load')} help={t('node.loadHelp')} labels={coreNames} missing={reasonFor(node, 'load')} idle={0} fixedMax={100} format={percent} read={sample => sample.load_percent ?? coreNames.map(() => null)} />
        <Chart title={t('node.decode')} help={t('node.decodeHelp')} labels={[t('node.decode')]} idle={0} atLeast={10} format={speed} read={sample => [sample.decode_tokens_per_second]} />
        <Chart
          title={t('node.clocks')} help={t('node.npuClockHelp')} labels={['NPU', 'DDR']} missing={reasonFor(node, 'npu') ?? reasonFor(node, 'ddr')} idle={null} atLeast={1000} format={megahertz}
          read={sample => [inMegahertz(sample.npu_hertz), inMegahertz(sample.ddr_hertz)]}
        />
        <Chart
          title={t('node.temperature')} help={t('node.temperatureHelp')} labels={['NPU', t('node.hottest')]} missing={reasonFor(node, 'temperatures')} idle={null} atLeast={90} format={celsius}
          read={sample => [sample.npu_celsius, sample.max_celsius]}
        />
        <Chart title={t('node.memory')} help={t('node.memoryHelp')} labels={[t('node.memory')]} idle={null} format={bytes} read={sample => [sample.available_bytes]} />
        <Chart
          title={t('node.queue')} help={t('node.queueTrend')} labels={[t('node.running'), t('node.waiting')]} idle={0} atLeast={4} format={value => number(value)}
          read={sample => [sample.running, sample.waiting]}
        />
        <Chart title={t('node.first')} help={t('node.firstHelp')} labels={['TTFT']} idle={null} isEvent atLeast={500} format={milliseconds} read={sample => [sample.time_to_first_token_ms]} />
      </div>
    </section>
  );
}
