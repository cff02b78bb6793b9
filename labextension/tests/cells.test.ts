import { describe, expect, it } from 'vitest';

import { cellsOf, revealed } from '../src/state/cells';

describe('cellsOf', () => {
  it('gives source and number in order, whichever way the source is written', () => {
    const cells = cellsOf({
      cells: [
        { cell_type: 'markdown', source: ['# Title\n', 'words'] },
        { cell_type: 'code', source: 'x = 1', execution_count: 7, outputs: [{ text: 'secret' }] }
      ]
    });
    expect(cells).toEqual([
      { kind: 'markdown', source: '# Title\nwords', left: 0, ran: null },
      { kind: 'code', source: 'x = 1', left: 0, ran: 7 }
    ]);
  });

  it('survives what is no notebook', () => {
    expect(cellsOf({})).toEqual([]);
    expect(cellsOf({ cells: 'no' })).toEqual([]);
    expect(cellsOf({ cells: [null, 3, {}, { cell_type: 'code' }] })).toEqual([]);
  });

  it('shows the beginning of what is endless, and says how much is left', () => {
    const [cell] = cellsOf({ cells: [{ cell_type: 'code', source: 'x'.repeat(50_010) }] });
    expect([cell?.source.length, cell?.left]).toEqual([50_000, 10]);
  });
});

describe('revealed', () => {
  it('spells out the marks that make code look like other code', () => {
    expect(revealed('if ok:\u202e )} #')).toBe('if ok:⟨U+202E⟩ )} #');
    expect(revealed('"مرحبا" # 👩‍🔬')).toBe('"مرحبا" # 👩‍🔬');
  });
});
