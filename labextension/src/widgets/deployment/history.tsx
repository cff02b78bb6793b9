/** What was decided about it: by whom, when and why. */

import * as React from 'react';

import type { DeploymentView } from '../../state/deployment';
import { exactMoment, momentInWords } from '../../state/times';
import { ProblemNotice } from '../notice';
import { useSeen } from '../seen';

export function History({ view }: { view: DeploymentView }): React.JSX.Element {
  const { value, problem } = useSeen(view.decisions);
  return (
    <>
      {problem && <ProblemNotice problem={problem} onRetry={() => void view.decisions.refresh()} />}
      {!value && !problem && (
        <p className="kr-Quiet" role="status">
          Reading the history…
        </p>
      )}
      {value && (
        <div className="kr-Frame">
          <table className="kr-Table kr-History">
            <thead>
              <tr>
                <th scope="col">When</th>
                <th scope="col">Who</th>
                <th scope="col">What</th>
                <th scope="col">Why</th>
              </tr>
            </thead>
            <tbody>
              {value.map(({ at, by, words, why }) => (
                <tr key={`${at} ${words}`}>
                  <th scope="row">
                    <time dateTime={at} title={exactMoment(at)}>
                      {momentInWords(at)}
                    </time>
                  </th>
                  <td className="kr-Told">{by}</td>
                  <td className="kr-Told">{words}</td>
                  <td className="kr-Told">
                    {why || <span className="kr-Quiet">no reason given</span>}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}
