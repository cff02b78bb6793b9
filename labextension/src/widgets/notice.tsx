import * as React from 'react';

import type { Problem } from '../state/watched';

interface ProblemNoticeProps {
  problem: Problem;
  /** Where the person can try again from here. */
  onRetry?: () => void;
}

/** What went wrong and what to do, announced to screen readers when it appears. */
export function ProblemNotice({ problem, onRetry }: ProblemNoticeProps): React.JSX.Element {
  return (
    <div className="kr-Problem" role="alert">
      <p>{problem.message}</p>
      {problem.remedy && <p>{problem.remedy}</p>}
      {onRetry && (
        <p>
          <button type="button" className="kr-Button kr-small" onClick={onRetry}>
            Try again
          </button>
        </p>
      )}
    </div>
  );
}
