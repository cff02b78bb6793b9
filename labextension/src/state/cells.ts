/** The cells of a notebook as it was: what was written, in order, without outputs. */

export interface Cell {
  kind: 'code' | 'markdown' | 'raw';
  source: string;
  /** Characters that are not shown. */
  left: number;
  /** The number in its brackets; null if it was not run. */
  ran: number | null;
}

const LONGEST = 50_000;

/** Reads what may be anything: only what looks like a cell is one. */
export function cellsOf(content: object): Cell[] {
  const cells = (content as { cells?: unknown }).cells;
  return Array.isArray(cells) ? cells.filter(isCell).map(cellOf) : [];
}

interface Raw {
  cell_type: string;
  source: string | string[];
  execution_count?: unknown;
}

function isCell(cell: unknown): cell is Raw {
  const { cell_type, source } = (cell ?? {}) as Partial<Raw>;
  return typeof cell_type === 'string' && (typeof source === 'string' || Array.isArray(source));
}

function cellOf({ cell_type, source, execution_count }: Raw): Cell {
  const whole = typeof source === 'string' ? source : source.join('');
  return {
    kind: cell_type === 'code' || cell_type === 'markdown' ? cell_type : 'raw',
    source: whole.slice(0, LONGEST),
    left: Math.max(whole.length - LONGEST, 0),
    ran: typeof execution_count === 'number' ? execution_count : null
  };
}

// Marks that reorder the text around them; in code they can hide what it does.
const HIDDEN = /[\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]/g;

/** Code with the characters that nobody sees spelled out. */
export function revealed(code: string): string {
  return code.replace(HIDDEN, mark => `⟨U+${mark.charCodeAt(0).toString(16).toUpperCase()}⟩`);
}
