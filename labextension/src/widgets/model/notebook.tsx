/** The notebook as it was when a version was registered: what was written, to be read. */

import * as React from 'react';

import { type Cell, cellsOf, revealed } from '../../state/cells';
import { shownVersion } from '../../state/model';
import { counted, countInWords } from '../../state/times';
import { ProblemNotice } from '../notice';
import type { ViewProps } from './page';
import { VersionSelect } from './parts';

export function NotebookView({ view, facts, doors }: ViewProps): React.JSX.Element | null {
  const version = shownVersion(facts, view.place.chosen);
  if (!version) {
    return null;
  }
  const { number } = version;
  return (
    <div className="kr-NotebookView">
      <VersionSelect
        label="Version"
        facts={facts}
        number={number}
        choose={chosen => view.go({ chosen })}
      />
      {version.notebook === null ? (
        <p className="kr-Quiet">
          Version {number} was registered without a notebook, from a console or a script.
        </p>
      ) : (
        <Kept
          view={view}
          number={number}
          restore={() =>
            doors.run('kronkers:restore-notebook', { model: view.name, version: number })
          }
        />
      )}
    </div>
  );
}

interface KeptProps {
  view: ViewProps['view'];
  number: number;
  restore: () => void;
}

function Kept({ view, number, restore }: KeptProps): React.JSX.Element {
  const watched = view.notebook(number);
  const { phase, value, problem } = watched.seen;
  return (
    <>
      <p className="kr-Heard" role="status">
        {phase === 'loading' ? 'Reading the notebook…' : ''}
      </p>
      {problem && <ProblemNotice problem={problem} onRetry={() => void watched.refresh()} />}
      {value && (
        <>
          <div className="kr-Head kr-NotebookHead">
            <p>
              <b>
                <bdi>{value.name}</bdi>
              </b>{' '}
              <span className="kr-Quiet">
                as it was when version {number} was registered; outputs are left out
              </span>
            </p>
            <button type="button" className="kr-Button" onClick={restore}>
              Restore
            </button>
          </div>
          <Cells content={value.content} />
        </>
      )}
    </>
  );
}

const FIRST = 200;

function Cells({ content }: { content: object }): React.JSX.Element {
  const cells = React.useMemo(() => cellsOf(content), [content]);
  const [all, setAll] = React.useState(false);
  if (cells.length === 0) {
    return <p className="kr-Quiet">The notebook has no cells.</p>;
  }
  return (
    <>
      <ol className="kr-KeptCells" aria-label="Cells of the notebook">
        {(all ? cells : cells.slice(0, FIRST)).map((cell, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: cells have no name but their place, and never move
          <CellView key={at} cell={cell} />
        ))}
      </ol>
      {cells.length > FIRST && !all && (
        <button type="button" className="kr-Link" onClick={() => setAll(true)}>
          {counted(cells.length - FIRST, 'more cell')}
        </button>
      )}
    </>
  );
}

const KINDS = { code: 'Code', markdown: 'Text', raw: 'Raw' };

function CellView({ cell }: { cell: Cell }): React.JSX.Element {
  return (
    <li className={`kr-KeptCell kr-${cell.kind}`}>
      <span className="kr-KeptPrompt">
        {cell.kind === 'code' ? `[${cell.ran ?? ' '}]` : KINDS[cell.kind]}
      </span>
      <pre>
        {revealed(cell.source)}
        {cell.left > 0 && (
          <i>{`\n… and ${countInWords(cell.left)} more characters, which Restore brings too`}</i>
        )}
      </pre>
    </li>
  );
}
