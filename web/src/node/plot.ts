// The charts' library, in a chunk of its own with the frame of one chart.
import uPlot from 'uplot';
import { type Series, isolated } from './series';

export interface PlotOptions {
  labels: string[];
  format: (value: number) => string;
  time: (seconds: number) => string;
  // The upper end of the axis, if it is fixed or at least this high.
  fixedMax: number | null;
  atLeast: number;
}

const windowSeconds = 15 * 60;
const height = 150;

// The value of a colour in the present theme: a canvas does not know variables and light-dark().
function colour(element: HTMLElement, name: string): string {
  element.style.color = `var(${name})`;
  const value = getComputedStyle(element).color;
  element.style.color = '';
  return value;
}

// Draws a chart into an element until the returned function is called. update() takes new data.
export function plot(element: HTMLElement, options: PlotOptions, series: Series): { update: (series: Series) => void; destroy: () => void } {
  let latest = series;
  let chart = create(element, options, latest);
  const resize = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height }));
  resize.observe(element);
  // Colours are those of the theme.
  const scheme = matchMedia('(prefers-color-scheme: dark)');
  const recreate = () => {
    chart.destroy();
    chart = create(element, options, latest);
  };
  scheme.addEventListener('change', recreate);
  return {
    update: next => {
      latest = next;
      chart.setData(toData(next), true);
    },
    destroy: () => {
      resize.disconnect();
      scheme.removeEventListener('change', recreate);
      chart.destroy();
    },
  };
}

const toData = ({ times, values }: Series) => [times, ...values] as uPlot.AlignedData;

function create(element: HTMLElement, { labels, format, time, fixedMax, atLeast }: PlotOptions, series: Series): uPlot {
  const axis = { stroke: colour(element, '--chart-text'), grid: { stroke: colour(element, '--chart-grid'), width: 1 }, ticks: { show: false }, font: '12px system-ui, sans-serif' };
  const lines = labels.map((label, index) => ({
    label, stroke: colour(element, `--line-${index + 1}`), width: 1.5, spanGaps: false,
    points: { show: false, size: 6, width: 0, fill: colour(element, `--line-${index + 1}`), filter: (chart: uPlot, line: number) => isolated(chart.data[line] as (number | null)[]) },
    value: (_: uPlot, value: number | null) => (value === null ? '–' : format(value)),
  }));
  return new uPlot(
    {
      width: element.clientWidth,
      height,
      cursor: { y: false, drag: { x: false, y: false } },
      legend: { show: false },
      scales: {
        x: { time: false, range: (_, __, max) => [max - windowSeconds, max] },
        y: { range: (_, __, max) => [0, fixedMax ?? Math.max(atLeast, (max ?? 0) * 1.1)] },
      },
      axes: [
        { ...axis, size: 24, space: 80, values: (_, splits) => splits.map(time) },
        { ...axis, size: 76, space: 34, values: (_, splits) => splits.map(format) },
      ],
      series: [{}, ...lines],
    },
    toData(series),
    element,
  );
}
