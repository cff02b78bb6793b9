/** Lines of a log: whether there are new ones, and those that hold a word. */

export const MOST_LINES = 10_000;

/** Whether the log still ends as it did: `end` is a fresh look at its last `end.length` lines. */
export function unchanged(
  known: readonly string[],
  end: readonly string[],
  asked: number
): boolean {
  if (end.length !== Math.min(known.length, asked)) {
    return false;
  }
  const from = known.length - end.length;
  return end.every((line, at) => known[from + at] === line);
}

/** Those that hold the word, in small or capital letters. */
export function holding(lines: readonly string[], word: string): readonly string[] {
  const wanted = word.toLowerCase();
  return wanted ? lines.filter(line => line.toLowerCase().includes(wanted)) : lines;
}

/** A line in pieces; every second one is the word. */
export function pieces(line: string, word: string): string[] {
  const small = line.toLowerCase();
  // Some letters change their length in small letters; then nothing is marked.
  if (!word || small.length !== line.length) {
    return [line];
  }
  const wanted = word.toLowerCase();
  const found: string[] = [];
  let from = 0;
  for (let at = small.indexOf(wanted); at >= 0; at = small.indexOf(wanted, from)) {
    found.push(line.slice(from, at), line.slice(at, at + wanted.length));
    from = at + wanted.length;
  }
  return [...found, line.slice(from)];
}
