/** The call as a program, in each language, ready to be pasted. */

import * as React from 'react';

import type { CallSnippet } from '../../api/types';
import { CopyButton } from '../copy';
import { ProblemNotice } from '../notice';
import { useSeen } from '../seen';
import type { PartProps } from './page';

const LANGUAGES: Record<CallSnippet['language'], string> = {
  curl: 'curl',
  python: 'Python',
  r: 'R',
  julia: 'Julia'
};

export function Calls({ view, deployment }: PartProps): React.JSX.Element {
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
      <fieldset className="kr-Choices">
        <legend className="kr-Heard">Language</legend>
        {value.items.map((item, at) => (
          <label key={titleOf(item)} className="kr-Choice">
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
      <p className="kr-Quiet">
        It reads a token from the environment variable <code>TOKEN</code>. Make one that may call
        this deployment and nothing else; it is shown once:
      </p>
      <TokenCommand name={deployment.name} />
    </>
  );
}

function titleOf({ language, title }: CallSnippet): string {
  return title || LANGUAGES[language];
}

function TokenCommand({ name }: { name: string }): React.JSX.Element {
  const command = `jupyter kronkers tokens create ${name}-caller --deployment ${name}`;
  return (
    <div className="kr-Address">
      <code>{command}</code>
      <CopyButton text={command} what="command" small />
    </div>
  );
}
