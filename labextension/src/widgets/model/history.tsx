/** Every move of the model's aliases, and the way back. */

import * as React from 'react';

import type { AliasMove } from '../../api/types';
import { exactMoment, momentInWords } from '../../state/times';
import type { ViewProps } from './page';
import { Long } from './parts';

const FIRST = 100;

export function History({ view, facts, doors }: ViewProps): React.JSX.Element {
  const [all, setAll] = React.useState(false);
  const { moves, model } = facts;
  if (moves.length === 0) {
    return (
      <div className="kr-Empty">
        <p>No alias of {view.name} was ever set. Once one is, every move of it is kept here.</p>
      </div>
    );
  }
  const shown = all ? moves : moves.slice(0, FIRST);
  return (
    <>
      <div className="kr-Frame">
        <table className="kr-Table">
          <thead>
            <tr>
              <th scope="col">When</th>
              <th scope="col">Alias</th>
              <th scope="col">From</th>
              <th scope="col">To</th>
              <th scope="col">Who</th>
              <th scope="col">Why</th>
              <th scope="col">
                <span className="kr-Heard">What you can do</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map(move => (
              <MoveRow
                key={move.seq}
                move={move}
                now={model.aliases[move.alias] ?? null}
                show={number => view.go({ tab: 'versions', chosen: number })}
                putBack={() => doors.putBack(move)}
              />
            ))}
          </tbody>
        </table>
      </div>
      {moves.length > FIRST && !all && (
        <button type="button" className="kr-Link" onClick={() => setAll(true)}>
          {moves.length - FIRST} older moves
        </button>
      )}
    </>
  );
}

interface MoveProps {
  move: AliasMove;
  /** Where the alias points today. */
  now: number | null;
  show: (number: number) => void;
  putBack: () => void;
}

function MoveRow({ move, now, show, putBack }: MoveProps): React.JSX.Element {
  return (
    <tr>
      <td>
        <time dateTime={move.at} title={exactMoment(move.at)}>
          {momentInWords(move.at)}
        </time>
      </td>
      <th scope="row">{move.alias}</th>
      <Pointed number={move.before} show={show} />
      <Pointed number={move.after} show={show} />
      <td>
        <bdi>{move.by.slice(0, 80)}</bdi>
        {move.origin === 'outside' && <span className="kr-Badge kr-busy">outside Kronkers</span>}
      </td>
      <td>
        {move.why ? (
          <Long text={move.why} most={200} />
        ) : (
          <span className="kr-Quiet">not said</span>
        )}
      </td>
      <td className="kr-number">
        {move.before === now ? (
          <span className="kr-Quiet">It is there now.</span>
        ) : (
          <button
            type="button"
            className="kr-Button kr-small"
            title={backInWords(move)}
            aria-label={backInWords(move)}
            onClick={putBack}
          >
            Put it back
          </button>
        )}
      </td>
    </tr>
  );
}

/** "Put it back: champion to version 3". */
function backInWords({ alias, before }: AliasMove): string {
  return `Put it back: ${alias} to ${before === null ? 'no version, as it was before' : `version ${before}`}`;
}

function Pointed({ number, show }: { number: number | null; show: (number: number) => void }) {
  return (
    <td>
      {number === null ? (
        <span className="kr-Quiet">none</span>
      ) : (
        <button type="button" className="kr-Link" onClick={() => show(number)}>
          version {number}
        </button>
      )}
    </td>
  );
}
