/** What the hosts printed: its end, followed if one likes, and searched. Only the lines in view are drawn. */

import * as React from 'react';

import { holding, pieces } from '../../state/loglines';
import { countInWords } from '../../state/times';
import { CopyButton } from '../copy';
import { ProblemNotice } from '../notice';
import { useSeen } from '../seen';
import { useWindow } from '../windowed';
import type { PartProps } from './page';

/** The same as in deployment.css. */
const LINE_PX = 18;
/** Letters of one line that are drawn; copying takes all of them. */
const MOST_LETTERS = 2_000;
const NONE: readonly string[] = [];

export function HostLog({ view }: PartProps): React.JSX.Element {
  const { value, problem, phase } = useSeen(view.log);
  const [follow, setFollow] = React.useState(true);
  const [word, setWord] = React.useState('');
  const known = value ?? NONE;
  const lines = React.useMemo(() => holding(known, word), [known, word]);
  React.useEffect(() => {
    view.followLog(follow);
    return () => view.followLog(false);
  }, [view, follow]);
  return (
    <>
      <div className="kr-LogTools">
        <label className="kr-Field kr-Inline">
          <span>Search</span>
          <input
            type="search"
            value={word}
            spellCheck={false}
            placeholder="a word, such as error"
            onChange={({ target }) => setWord(target.value)}
          />
        </label>
        <label>
          <input
            type="checkbox"
            checked={follow}
            onChange={({ target }) => setFollow(target.checked)}
          />{' '}
          Follow
        </label>
        <CopyButton text={lines.join('\n')} what={word ? 'found lines' : 'log'} />
        <span className="kr-Quiet" role="status">
          {countedLines(lines.length, known.length, word)}
        </span>
      </div>
      {problem && <ProblemNotice problem={problem} onRetry={() => void view.log.refresh()} />}
      {phase === 'loading' && (
        <p className="kr-Quiet" role="status">
          Reading the log…
        </p>
      )}
      {value?.length === 0 && (
        <p className="kr-Empty">
          Its hosts have printed nothing. What a model prints or warns of appears here.
        </p>
      )}
      {lines.length > 0 && (
        <Lines lines={lines} word={word} follow={follow && !word} leave={() => setFollow(false)} />
      )}
    </>
  );
}

function countedLines(found: number, all: number, word: string): string {
  if (all === 0) {
    return '';
  }
  return word
    ? `${countInWords(found)} of ${countInWords(all)} lines have it`
    : `${countInWords(all)} lines`;
}

interface LinesProps {
  lines: readonly string[];
  word: string;
  /** Stay at the end while lines come. */
  follow: boolean;
  /** The person scrolls up to read, or selects. */
  leave: () => void;
}

function Lines({ lines, word, follow, leave }: LinesProps): React.JSX.Element {
  const { ref, first, last, before, after } = useWindow<HTMLDivElement>(lines.length, LINE_PX);
  const frame = React.useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: new lines are the reason to scroll
  React.useLayoutEffect(() => {
    if (follow && frame.current) {
      frame.current.scrollTop = frame.current.scrollHeight;
    }
  }, [follow, lines]);
  return (
    <div
      ref={frame}
      className="kr-Log"
      role="log"
      aria-live="off"
      aria-label="What its hosts printed"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
      tabIndex={0}
      onPointerDown={leave}
      onWheel={({ deltaY }) => deltaY < 0 && leave()}
      onKeyDown={({ key }) => (key === 'ArrowUp' || key === 'PageUp' || key === 'Home') && leave()}
    >
      <div ref={ref} className="kr-LogLines">
        <div style={{ height: before }} />
        {lines.slice(first, last).map((line, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a line's place is its name
          <div key={first + at} className="kr-LogLine">
            <Marked line={line.slice(0, MOST_LETTERS)} word={word} />
            {line.length > MOST_LETTERS && (
              <span className="kr-Quiet">
                {' '}
                … {countInWords(line.length - MOST_LETTERS)} more letters
              </span>
            )}
          </div>
        ))}
        <div style={{ height: after }} />
      </div>
    </div>
  );
}

function Marked({ line, word }: { line: string; word: string }): React.JSX.Element {
  return (
    <bdi>
      {pieces(line, word).map((piece, at) =>
        // biome-ignore lint/suspicious/noArrayIndexKey: pieces of a line have no other name
        at % 2 === 0 ? piece : <mark key={at}>{piece}</mark>
      )}
    </bdi>
  );
}
