import * as React from 'react';

import type { Seen } from '../state/watched';
import { ProblemNotice } from './notice';

interface PartProps {
  seen: Seen<unknown>;
  /** "model" */
  noun: string;
  count: number;
  /** How many of them the search leaves. */
  shown: number;
  /** Shown instead of the list where there is none. */
  empty: React.ReactNode;
  head?: React.ReactNode;
  /** Takes the search and the filters away; undefined where there are none. */
  onShowAll: (() => void) | undefined;
  onRetry: () => void;
  children: React.ReactNode;
}

/** One part of the panel: looking, failed, empty, nothing found, or its list. */
export function Part(props: PartProps): React.JSX.Element {
  const { seen, noun, head, shown, count, onRetry } = props;
  return (
    <div className="kr-Part" aria-busy={seen.refreshing}>
      {seen.value !== null && head}
      <p className="kr-Heard" role="status">
        {seen.value !== null && shown < count && `${shown} of ${count} ${noun}s`}
      </p>
      <div className="kr-Scroll">
        {seen.problem && <ProblemNotice problem={seen.problem} onRetry={onRetry} />}
        <Content {...props} />
      </div>
    </div>
  );
}

function Content(props: PartProps): React.JSX.Element | null {
  const { seen, noun, count, shown, empty, onShowAll, children } = props;
  if (seen.value === null) {
    // Nothing was ever seen: "No models yet" would be a guess.
    return seen.problem ? null : (
      <p className="kr-Note" role="status">
        Looking for {noun}s…
      </p>
    );
  }
  if (count === 0) {
    return <div className="kr-Empty">{empty}</div>;
  }
  if (shown === 0) {
    return (
      <div className="kr-Empty">
        <p>No {noun} is like that.</p>
        {onShowAll && (
          <button type="button" className="kr-Button kr-small" onClick={onShowAll}>
            Show all {count}
          </button>
        )}
      </div>
    );
  }
  return <>{children}</>;
}
