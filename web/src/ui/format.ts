// Numbers, sizes and times in the language of the page.
import { language, t } from '../texts';

export const number = (value: number, digits = 0): string =>
  new Intl.NumberFormat(language.value, { maximumFractionDigits: digits, minimumFractionDigits: digits }).format(value);

const units = ['B', 'KB', 'MB', 'GB', 'TB'];

// Powers of 1000, as disks and downloads are measured.
export function bytes(value: number): string {
  let unit = 0;
  for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1000;
  return `${number(value, unit < 2 || value >= 100 ? 0 : 1)} ${units[unit]}`;
}

// Tokens per second, with the unit.
export const speed = (value: number): string => `${number(value, 1)} ${t('unit.speed')}`;

export const hertz = (value: number): string => `${number(value / 1_000_000)} MHz`;

// 0.4 s · 12 s · 3 min 5 s · 2 h 4 min
export function duration(seconds: number): string {
  if (seconds < 9.95) return `${number(seconds, 1)} ${t('unit.second')}`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} ${t('unit.second')}`;
  if (whole < 3600) return `${Math.floor(whole / 60)} ${t('unit.minute')}${whole % 60 ? ` ${whole % 60} ${t('unit.second')}` : ''}`;
  const minutes = Math.round(whole / 60);
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} ${t('unit.hour')}${minutes % 60 ? ` ${minutes % 60} ${t('unit.minute')}` : ''}`;
  return `${Math.floor(minutes / 1440)} ${t('unit.day')}`;
}

export const milliseconds = (value: number): string => (value < 1000 ? `${number(value)} ms` : duration(value / 1000));

export const clock = (time: string | number): string =>
  new Intl.DateTimeFormat(language.value, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }).format(new Date(time));

export const day = (time: number): string => {
  const date = new Date(time);
  return date.toDateString() === new Date().toDateString()
    ? new Intl.DateTimeFormat(language.value, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(date)
    : new Intl.DateTimeFormat(language.value, { day: 'numeric', month: 'short' }).format(date);
};
