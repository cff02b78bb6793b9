/** Moments, numbers and sizes as people read them. */

const MOMENT = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
const EXACT = new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeStyle: 'long' });
const NUMBER = new Intl.NumberFormat('en-GB', { maximumSignificantDigits: 6 });
const COUNT = new Intl.NumberFormat('en-GB');

/** "3 Mar 2026, 12:00", in the reader's own time zone; "" for what is no moment. */
export function momentInWords(iso: string): string {
  return told(MOMENT, iso);
}

/** The same with day, seconds and time zone. */
export function exactMoment(iso: string): string {
  return told(EXACT, iso);
}

function told(format: Intl.DateTimeFormat, iso: string): string {
  const moment = new Date(iso);
  return Number.isNaN(moment.getTime()) ? '' : format.format(moment);
}

/** Six digits that matter: 0.000123457, 41.2, 1.23457e+9. */
export function numberInWords(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e9 || size < 1e-6)) {
    return value.toPrecision(6).replace(/\.?0+(?=e|$)/, '');
  }
  return NUMBER.format(value);
}

export function countInWords(count: number): string {
  return COUNT.format(count);
}

export function bytesInWords(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB'];
  const step = bytes < 1 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), units.length - 1);
  return `${(bytes / 1000 ** step).toPrecision(3).replace(/\.0+$/, '')} ${units[step]}`;
}

/** The beginning of a digest or a commit, which is enough to tell it from others: "092feadf67ae". */
export function shortDigest(digest: string): string {
  return digest.replace(/^sha256:/, '').slice(0, 12);
}

/** "1 version", "3 versions". */
export function counted(count: number, noun: string): string {
  return `${countInWords(count)} ${noun}${count === 1 ? '' : 's'}`;
}
