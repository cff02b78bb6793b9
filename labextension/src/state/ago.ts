/** How long ago, as people say it. */

const WORDS = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 365 * 86_400],
  ['month', 30 * 86_400],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60]
];

/** "just now", "5 minutes ago", "yesterday", "3 months ago"; "" for what is no moment. */
export function agoInWords(iso: string, now: Date): string {
  const seconds = (now.getTime() - new Date(iso).getTime()) / 1_000;
  if (Number.isNaN(seconds)) {
    return '';
  }
  const found = UNITS.find(([, size]) => seconds >= size);
  return found ? WORDS.format(-Math.floor(seconds / found[1]), found[0]) : 'just now';
}
