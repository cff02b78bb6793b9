/** What differs between any two versions of a model. */

import * as React from 'react';

import type { Diff } from '../../api/types';
import { revealed } from '../../state/cells';
import {
  type CodeLine,
  codeLines,
  type Difference,
  type Group,
  groupsOf
} from '../../state/differences';
import { shownPair } from '../../state/model';
import { shortDigest } from '../../state/times';
import type { Seen } from '../../state/watched';
import { ProblemNotice } from '../notice';
import type { ViewProps } from './page';
import { Long, VersionSelect } from './parts';

/** The server ends a longer diff here. */
const MOST_LINES = 2_000;

export function Differences(props: ViewProps): React.JSX.Element {
  const { view, facts } = props;
  const pair = shownPair(facts, view.place);
  if (!pair) {
    return (
      <p className="kr-Quiet">
        There is one version so far. Register the next and see here what changed.
      </p>
    );
  }
  const [before, after] = pair;
  return (
    <div className="kr-Differences">
      <div className="kr-VersionPair">
        <VersionSelect
          label="Before"
          facts={facts}
          number={before}
          choose={number => view.go({ before: number, after })}
        />
        <button
          type="button"
          className="kr-Button"
          aria-label="Swap before and after"
          title="Swap before and after"
          onClick={() => view.go({ before: after, after: before })}
        >
          ⇄
        </button>
        <VersionSelect
          label="After"
          facts={facts}
          number={after}
          choose={number => view.go({ before, after: number })}
        />
      </div>
      {before === after ? (
        <p className="kr-Quiet">A version does not differ from itself. Choose two.</p>
      ) : (
        <Answer {...props} before={before} after={after} />
      )}
    </div>
  );
}

interface PairProps extends ViewProps {
  before: number;
  after: number;
}

function Answer(props: PairProps): React.JSX.Element {
  const watched = props.view.diff(props.before, props.after);
  const { phase, value, problem }: Seen<Diff> = watched.seen;
  return (
    <>
      <p className="kr-Heard" role="status">
        {phase === 'loading' ? 'Comparing…' : ''}
      </p>
      {problem && <ProblemNotice problem={problem} onRetry={() => void watched.refresh()} />}
      {value && <DiffView {...props} diff={value} />}
    </>
  );
}

function DiffView(props: PairProps & { diff: Diff }): React.JSX.Element {
  const { diff, before, after } = props;
  const groups = React.useMemo(() => groupsOf(diff), [diff]);
  if (groups.length === 0 && diff.code.length === 0) {
    return (
      <p className="kr-ModelNote">
        Nothing differs: metrics, parameters, data, signature, environment, packages and code are
        alike in version {before} and version {after}.
      </p>
    );
  }
  return (
    <>
      {groups.map(group => (
        <GroupView key={group.title} group={group} before={before} after={after} />
      ))}
      <Code {...props} />
    </>
  );
}

interface GroupProps {
  group: Group;
  before: number;
  after: number;
}

const MANY = 12;

function GroupView({ group, before, after }: GroupProps): React.JSX.Element {
  const { title, differences } = group;
  const [all, setAll] = React.useState(false);
  const shown = all ? differences : differences.slice(0, MANY);
  const more = differences.length - MANY;
  return (
    <section aria-label={title}>
      <h2>
        {title} <span className="kr-Quiet">{differences.length}</span>
      </h2>
      <div className="kr-Frame">
        <table className="kr-Table kr-DiffTable">
          <thead>
            <tr>
              <th scope="col">What</th>
              <th scope="col">Version {before}</th>
              <th scope="col">Version {after}</th>
              {title === 'Metrics' && <th scope="col">Difference</th>}
            </tr>
          </thead>
          <tbody>
            {shown.map(difference => (
              <DifferenceRow
                key={difference.name}
                difference={difference}
                metric={title === 'Metrics'}
              />
            ))}
          </tbody>
        </table>
      </div>
      {more > 0 && (
        <button type="button" className="kr-Link" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? 'Show fewer' : `${more} more`}
        </button>
      )}
    </section>
  );
}

function DifferenceRow({ difference, metric }: { difference: Difference; metric: boolean }) {
  return (
    <tr>
      <th scope="row">
        <Long text={difference.name} most={120} />
      </th>
      <Value text={difference.before} />
      <Value text={difference.after} />
      {metric && <td>{difference.apart}</td>}
    </tr>
  );
}

const DIGEST = /^(sha256:)?[0-9a-f]{40,64}( with changes)?$/;

function Value({ text }: { text: string }): React.JSX.Element {
  if (text === '') {
    return <td className="kr-Quiet">not there</td>;
  }
  if (DIGEST.test(text)) {
    return (
      <td title={text}>
        <code>{shortDigest(text)}</code>
        {text.endsWith(' with changes') && ' with changes'}
      </td>
    );
  }
  return (
    <td>
      <Long text={text} most={200} />
    </td>
  );
}

function Code({ diff, facts, before, after }: PairProps & { diff: Diff }): React.JSX.Element {
  const lines = React.useMemo(() => codeLines(diff.code), [diff]);
  const without = [before, after].filter(
    number => facts.versions.find(version => version.number === number)?.notebook === null
  );
  return (
    <section aria-label="Code">
      <h2>Code</h2>
      {without.length > 0 && (
        <p className="kr-Quiet">
          No notebook was recorded for {without.map(number => `version ${number}`).join(' and ')}.
        </p>
      )}
      {lines.length === 0 && without.length === 0 && (
        <p className="kr-Quiet">The code cells of the two notebooks are alike.</p>
      )}
      {lines.length > 0 && <CodeLines lines={lines} before={before} after={after} />}
      {diff.code.length >= MOST_LINES && (
        <p className="kr-Quiet">The rest is left out: these are the first 2,000 lines.</p>
      )}
    </section>
  );
}

interface CodeProps {
  lines: readonly CodeLine[];
  before: number;
  after: number;
}

function CodeLines({ lines, before, after }: CodeProps): React.JSX.Element {
  return (
    <section
      className="kr-CodeDiff"
      aria-label={`Lines only in version ${before} are marked −, only in version ${after} +`}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard
      tabIndex={0}
    >
      {lines.map((line, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines have no name but their place, and never move
        <Line key={at} line={line} />
      ))}
    </section>
  );
}

const MARKS = { same: ' ', added: '+', removed: '−', hunk: '' };
const TAGS = { same: 'span', added: 'ins', removed: 'del', hunk: 'b' } as const;

function Line({ line }: { line: CodeLine }): React.JSX.Element {
  const Tag = TAGS[line.kind];
  return (
    <div className={`kr-CodeLine kr-${line.kind}`}>
      <span className="kr-LineNumber" aria-hidden="true">
        {line.before ?? ''}
      </span>
      <span className="kr-LineNumber" aria-hidden="true">
        {line.after ?? ''}
      </span>
      <span className="kr-DiffMark">{MARKS[line.kind]}</span>
      <Tag>{revealed(line.text)}</Tag>
    </div>
  );
}
