// A chart with a title, its present values, a sentence for screen readers, and a table of the same numbers on request.
import { useEffect, useId, useMemo, useRef, useState } from 'preact/hooks';
import type { Sample } from '../api/node';
import { samples } from '../state/live';
import { language, t } from '../texts/views';
import { Explained } from '../ui/explained';
import { clock } from '../ui/format';
import { rangeOf, toSeries } from './series';

export interface ChartProps {
  title: string;
  // What the figure means.
  help: string;
  labels: string[];
  // Why the node cannot read the figure, in English; null if it can.
  missing?: string | null;
  read: (sample: Sample) => (number | null)[];
  idle: 0 | null;
  // Values are events: the last one counts until the next.
  isEvent?: boolean;
  format: (value: number) => string;
  fixedMax?: number;
  atLeast?: number;
}

export function Chart(props: ChartProps) {
  const { title, help, labels, read, idle, format } = props;
  const [asTable, setAsTable] = useState(false);
  const heading = useId();
  const series = useMemo(() => toSeries(samples.value, read, idle), [samples.value]);
  const ranges = series.values.map(rangeOf);
  const sentence = labels.map((label, index) => describe(label, ranges[index] ?? null, format)).join(' ');
  const shown = (index: number) => {
    const value = props.isEvent ? series.values[index]?.findLast(known => known !== null) : ranges[index]?.last;
    return value == null ? '–' : format(value);
  };
  const hasData = ranges.some(range => range !== null);
  return (
    <section class="chart" aria-labelledby={heading}>
      <div class="chart-head">
        <h3 id={heading} aria-label={title}><Explained name={title} help={help} /></h3>
        <button type="button" class="quiet" aria-pressed={asTable} onClick={() => setAsTable(!asTable)}>{asTable ? t('chart.asChart') : t('chart.asTable')}</button>
      </div>
      <p class="legend">
        {labels.map((label, index) => (
          <span key={label}><i class={`line-${index + 1}`} aria-hidden="true" />{labels.length > 1 && `${label} `}<b>{shown(index)}</b></span>
        ))}
      </p>
      {!hasData ? <Empty missing={props.missing ?? null} /> : asTable ? <Table {...props} /> : <Canvas props={props} series={series} sentence={sentence} />}
    </section>
  );
}

// Why a chart is empty: the node cannot read the figure, or it had nothing to measure, or it has not looked.
function Empty({ missing }: { missing: string | null }) {
  if (missing !== null) return <p class="hint" lang="en">{missing}</p>;
  return <p class="hint">{samples.value.length > 0 ? t('chart.noneYet') : t('chart.noData')}</p>;
}

// A chunk of its own, with the library.
const importPlot = () => import('./plot');
export const loadPlot = (): void => void importPlot().catch(() => {});

function describe(label: string, range: ReturnType<typeof rangeOf>, format: (value: number) => string): string {
  if (!range) return t('chart.sentenceNone', { label });
  return t('chart.sentence', { label, last: range.last === null ? '–' : format(range.last), min: format(range.min), max: format(range.max) });
}

function Canvas({ props, series, sentence }: { props: ChartProps; series: ReturnType<typeof toSeries>; sentence: string }) {
  const element = useRef<HTMLDivElement>(null);
  const drawn = useRef<{ update: (series: ReturnType<typeof toSeries>) => void; destroy: () => void } | null>(null);
  const latest = useRef(series);
  latest.current = series;
  useEffect(() => {
    let isCurrent = true;
    importPlot().then(({ plot }) => {
      // The element is gone before the effect is cleaned up, because Preact does that after the next paint.
      if (!isCurrent || element.current === null) return;
      const { labels, format, fixedMax = null, atLeast = 1 } = props;
      const time = (seconds: number) => new Intl.DateTimeFormat(language.value, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(seconds * 1000);
      drawn.current = plot(element.current, { labels, format, time, fixedMax, atLeast }, latest.current);
    }, () => {});
    return () => {
      isCurrent = false;
      drawn.current?.destroy();
      drawn.current = null;
    };
  }, []);
  useEffect(() => drawn.current?.update(series), [series]);
  return <div class="plot" ref={element} role="img" aria-label={`${props.title}. ${sentence}`} />;
}

const tableRows = 60;

function Table({ title, labels, read, format }: ChartProps) {
  return (
    <div class="table-scroll short" tabIndex={0} role="group" aria-label={title}>
      <table>
        <thead><tr><th scope="col">{t('requests.time')}</th>{labels.map(label => <th key={label} scope="col">{label}</th>)}</tr></thead>
        <tbody>
          {samples.value.slice(-tableRows).reverse().map(sample => (
            <tr key={sample.time}><td>{clock(sample.time)}</td>{read(sample).map((value, index) => <td key={index}>{value === null ? '–' : format(value)}</td>)}</tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
