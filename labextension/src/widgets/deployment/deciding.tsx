/**
 * A dialog that says what a decision will change, and carries it out.
 *
 *   look ─▶ say ─▶ cancelled
 *    ▲        └──▶ carried out ─▶ done
 *    └── someone was faster, or it was refused: the newest is said, and why
 */

import { Dialog, ReactWidget } from '@jupyterlab/apputils';
import * as React from 'react';

import type { Deployment } from '../../api/types';
import { isStale } from '../../state/deployment';
import type { Plan } from '../../state/plans';
import { asProblem, type Problem } from '../../state/watched';
import { ProblemNotice } from '../notice';

interface Decision {
  look: () => Promise<Plan>;
  send: (why: string, revision: number) => Promise<Deployment>;
}

const FASTER: Problem = {
  message: 'It was changed by someone else meanwhile, so nothing was done.',
  remedy: 'Below is what would change now.'
};

/** Gives what became of it; null if the person left it as it was. Rejects if it could not even be looked at. */
export async function decide({ look, send }: Decision): Promise<Deployment | null> {
  let problem: Problem | null = null;
  let why = '';
  for (;;) {
    const plan = await look();
    const body = new PlanBody(plan, problem, why);
    if (!(await said(plan, body))) {
      return null;
    }
    why = body.why;
    try {
      // What was said must still be so: an alias moves without the deployment's revision.
      if (!alike(plan, await look())) {
        problem = FASTER;
        continue;
      }
      return await send(why, plan.revision);
    } catch (reason) {
      problem = isStale(reason) ? FASTER : asProblem(reason);
    }
  }
}

function alike(plan: Plan, now: Plan): boolean {
  return plan.revision === now.revision && plan.button === now.button;
}

async function said(plan: Plan, body: PlanBody): Promise<boolean> {
  const leave = Dialog.cancelButton({ label: plan.button ? 'Cancel' : 'Close' });
  const buttons = plan.button ? [leave, Dialog.okButton({ label: plan.button })] : [leave];
  const focused = plan.asksWhy ? { focusNodeSelector: 'textarea' } : {};
  const dialog = new Dialog({ title: plan.title, body, buttons, ...focused });
  return (await dialog.launch()).button.accept;
}

class PlanBody extends ReactWidget {
  constructor(
    private readonly plan: Plan,
    private readonly problem: Problem | null,
    /** What the person has given as reason. */
    public why: string
  ) {
    super();
    this.addClass('kr-Plan');
  }

  protected override render(): React.JSX.Element {
    return (
      <>
        {this.problem && <ProblemNotice problem={this.problem} />}
        <ul>
          {this.plan.words.map(words => (
            <li key={words}>{words}</li>
          ))}
        </ul>
        {this.plan.asksWhy && (
          <label className="kr-Field">
            <span>Why</span>
            <textarea
              rows={3}
              maxLength={2000}
              defaultValue={this.why}
              onChange={({ target }) => {
                this.why = target.value;
              }}
            />
            <small>Kept in the history, for whoever asks later.</small>
          </label>
        )}
      </>
    );
  }
}
