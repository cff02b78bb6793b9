/** The call as a program, in each language, ready to be pasted. */

import * as React from 'react';

import { createToken } from '../../api/tokens';
import type { CallSnippet } from '../../api/types';
import { CopyButton } from '../copy';
import { ProblemNotice } from '../notice';
import { useSeen } from '../seen';
import type { PartProps } from './page';
import { useDecision } from './useDecision';

const LANGUAGES: Record<CallSnippet['language'], string> = {
  curl: 'curl',
  python: 'Python',
  r: 'R',
  julia: 'Julia'
};

export function Calls(props: PartProps): React.JSX.Element {
  const { view, deployment } = props;
  const { value, problem } = useSeen(view.calls);
  const [chosen, setChosen] = React.useState(0);
  if (!value) {
    return problem ? (
      <ProblemNotice problem={problem} onRetry={() => void view.calls.refresh()} />
    ) : (
      <p className="kr-Quiet" role="status">
        Writing the calls…
      </p>
    );
  }
  const call = value.items[chosen] ?? value.items[0];
  return (
    <>
      <fieldset className="kr-Ways">
        <legend className="kr-Heard">Language</legend>
        {value.items.map((item, at) => (
          <label key={titleOf(item)} className="kr-Way">
            <input
              type="radio"
              name={`kr-call-${deployment.name}`}
              checked={item === call}
              onChange={() => setChosen(at)}
            />
            <span>{titleOf(item)}</span>
          </label>
        ))}
      </fieldset>
      {call && (
        <div className="kr-Call">
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: code that scrolls must be reached by keyboard */}
          <section className="kr-CallCode" tabIndex={0} aria-label={`Call in ${titleOf(call)}`}>
            <pre className="kr-Code">{call.code}</pre>
          </section>
          <CopyButton text={call.code} what="call" />
        </div>
      )}
      <Token {...props} />
    </>
  );
}

function titleOf({ language, title }: CallSnippet): string {
  return title || LANGUAGES[language];
}

/** A call reads its token from the environment; a new one may call this deployment and nothing else. */
function Token({ view, deployment }: PartProps): React.JSX.Element {
  const { name } = deployment;
  const [secret, setSecret] = React.useState('');
  const { busy, problem, decide } = useDecision(view);
  const make = () =>
    decide(async () => {
      const wish = { name: `calls of ${name}`, deployments: [name] };
      setSecret((await createToken(view.request, wish)).secret);
    });
  const line = `export KRONKERS_TOKEN=${secret}`;
  return (
    <section className="kr-Token" aria-label="Token">
      <p className="kr-Quiet">
        The call reads its token from the environment variable <code>KRONKERS_TOKEN</code>, so that
        a program can be shown to others.
      </p>
      {problem && <ProblemNotice problem={problem} />}
      {secret ? (
        <div role="status">
          <p>
            This token may call {name} for 90 days and nothing else. It is shown this once: put it
            into your shell or your secrets now.
          </p>
          <div className="kr-Address">
            <code>{line}</code>
            <CopyButton text={line} what="line" small />
          </div>
        </div>
      ) : (
        <button type="button" className="kr-Button" disabled={busy} onClick={() => void make()}>
          {busy ? 'Making it…' : 'Make a token'}
        </button>
      )}
    </section>
  );
}
