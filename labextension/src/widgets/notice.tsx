import * as React from 'react';

import type { Problem } from '../state/overview';

/** What went wrong and what to do, announced to screen readers when it appears. */
export function ProblemNotice({ problem }: { problem: Problem }): React.JSX.Element {
  return (
    <div className="kr-Problem" role="alert">
      <p>{problem.message}</p>
      {problem.remedy && <p>{problem.remedy}</p>}
    </div>
  );
}
