/** The dialog *Register model*: what the kernel holds, the form, the way of it, the card of what came out. */

import * as React from 'react';

import type { Next } from '../state/notebook';
import type { Registering, Seen } from '../state/registering';
import { languageInWords } from '../state/words';
import { ProblemNotice } from './notice';
import { RegisteredCard } from './registered';
import { NEXT, RegisterForm } from './registerForm';
import { Press, Steps, useFocusKept, useSeen } from './sheet';

export interface RegisterActions {
  /** Do what gets on when nothing can be registered. */
  next: (next: Next) => void;
  /** A command of another part, with the dialog closed. */
  run: (command: string, args: Record<string, string | number>) => void;
  close: () => void;
}

interface Parts {
  registering: Registering;
  actions: RegisterActions;
}

const STEPS = [
  ['capture', 'Capture: the kernel writes down the model, its code and a sample of answers'],
  ['upload', 'Upload: the capture is handed over'],
  ['proof', 'Proof: a fresh process must give the same answers']
] as const;

export function RegisterView({ registering, actions }: Parts): React.JSX.Element {
  const seen = useSeen(registering);
  const root = useFocusKept(seen.phase);
  return (
    <div
      className="kr-Register"
      ref={root}
      aria-busy={seen.phase === 'looking' || seen.phase === 'sending'}
    >
      {partOf(registering, seen, actions)}
    </div>
  );
}

function partOf(registering: Registering, seen: Seen, actions: RegisterActions): React.JSX.Element {
  switch (seen.phase) {
    case 'looking':
      return <Looking />;
    case 'waiting':
      return <Waiting registering={registering} />;
    case 'stuck':
      return <Stuck registering={registering} seen={seen} actions={actions} />;
    case 'sending':
      return <Sending seen={seen} close={actions.close} />;
    case 'done':
      return <RegisteredCard registering={registering} actions={actions} />;
    default:
      return <RegisterForm registering={registering} actions={actions} />;
  }
}

function Looking(): React.JSX.Element {
  return (
    <p className="kr-Wait" role="status">
      Looking into the kernel…
    </p>
  );
}

function Waiting({ registering }: { registering: Registering }): React.JSX.Element {
  const language = languageInWords(registering.notebook.kernel?.language.toLowerCase() ?? '');
  return (
    <div className="kr-Wait">
      <div role="status">
        <p>
          <strong>The kernel runs a cell.</strong>
        </p>
        <p>
          {language || 'It'} answers when the cell has ended. This goes on by itself; nothing of the
          notebook is stopped.
        </p>
      </div>
      <div className="kr-Actions">
        <Press onClick={() => registering.cancel()}>Stop waiting</Press>
      </div>
    </div>
  );
}

function Stuck({ registering, seen, actions }: Parts & { seen: Seen }): React.JSX.Element {
  const { problem, next } = seen;
  return (
    <div className="kr-Wait">
      {problem && <ProblemNotice problem={problem} />}
      <div className="kr-Actions">
        {next && (
          <Press primary onClick={() => actions.next(next)}>
            {NEXT[next]}
          </Press>
        )}
        <Press onClick={() => void registering.look()}>Look again</Press>
        <Press onClick={actions.close}>Close</Press>
      </div>
    </div>
  );
}

function Sending({ seen, close }: { seen: Seen; close: () => void }): React.JSX.Element {
  const { step, began, choice } = seen;
  return (
    <div className="kr-Wait">
      <p>
        <strong className="kr-Told">{choice.variable}</strong> becomes{' '}
        <strong className="kr-Told">{choice.name}</strong>.
      </p>
      <Steps steps={STEPS} at={step} began={began} />
      <div className="kr-Actions">
        <Press onClick={close}>Go on in the background</Press>
      </div>
    </div>
  );
}
