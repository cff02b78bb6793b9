/** A decision that is under way, and why the last one was not carried out. */

import * as React from 'react';

import type { DeploymentView } from '../../state/deployment';
import type { Problem } from '../../state/watched';

interface Deciding {
  busy: boolean;
  problem: Problem | null;
  /** Gives whether it was done. */
  decide: (doing: () => Promise<unknown>) => Promise<boolean>;
}

export function useDecision(view: DeploymentView): Deciding {
  const [busy, setBusy] = React.useState(false);
  const [problem, setProblem] = React.useState<Problem | null>(null);
  const decide = async (doing: () => Promise<unknown>) => {
    setBusy(true);
    const found = await view.decide(doing);
    setProblem(found);
    setBusy(false);
    return found === null;
  };
  return { busy, problem, decide };
}
