import { expect, it } from 'vitest';

import { agoInWords } from '../src/state/ago';

it.each([
  ['2026-03-03T11:59:40Z', 'just now'],
  ['2026-03-03T11:58:00Z', '2 minutes ago'],
  ['2026-03-03T09:00:00Z', '3 hours ago'],
  ['2026-03-02T10:00:00Z', 'yesterday'],
  ['2025-12-01T12:00:00Z', '3 months ago'],
  ['2026-03-03T12:00:05Z', 'just now'],
  ['soon', '']
])('%s is %s', (iso, words) => {
  expect(agoInWords(iso, new Date('2026-03-03T12:00:00Z'))).toBe(words);
});
