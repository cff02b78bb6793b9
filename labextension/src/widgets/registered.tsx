/** The card of a version that was just registered: its proof, what lies with it, and what to press next. */

import * as React from 'react';

import type { Version } from '../api/types';
import { counted, shortly, sizeInWords } from '../state/proposing';
import type { Registering } from '../state/registering';
import { languageInWords } from '../state/words';
import type { RegisterActions } from './registering';
import { Press } from './sheet';

interface CardParts {
  registering: Registering;
  actions: RegisterActions;
}

export function RegisteredCard({ registering, actions }: CardParts): React.JSX.Element | null {
  const { version } = registering.seen;
  const heading = React.useRef<HTMLHeadingElement>(null);
  React.useEffect(() => heading.current?.focus(), []);
  if (!version) {
    return null;
  }
  const rejected = version.state === 'rejected';
  return (
    <div className="kr-Registered">
      <h2 ref={heading} tabIndex={-1}>
        <span className={`kr-Verdict ${rejected ? 'kr-bad' : 'kr-good'}`} aria-hidden="true">
          {rejected ? '✕' : '✓'}
        </span>
        <span className="kr-Told">{version.model}</span> version {version.number}{' '}
        {rejected ? 'is rejected' : 'is registered'}
      </h2>
      <p className="kr-Line">
        <span className="kr-Told">{version.class}</span>
        <span>·</span>
        <span>{languageInWords(version.language)}</span>
        <span>·</span>
        <span>{sizeInWords(version.size_bytes)}</span>
      </p>
      {rejected ? <Rejection version={version} /> : <Proven version={version} />}
      <dl className="kr-Captured">{factsOf(version).map(captured)}</dl>
      <Warnings warnings={version.warnings} />
      {rejected ? (
        <RejectedFoot registering={registering} actions={actions} />
      ) : (
        <Foot registering={registering} version={version} actions={actions} />
      )}
    </div>
  );
}

function Rejection({ version }: { version: Version }): React.JSX.Element {
  return (
    <div className="kr-Problem" role="alert">
      <p className="kr-Told">
        {version.reason || 'A fresh process did not give the same answers.'}
      </p>
      {version.remedy && <p className="kr-Told">{version.remedy}</p>}
      <p>It is kept as rejected, so that it can be looked at; nothing will serve it.</p>
    </div>
  );
}

function Proven({ version }: { version: Version }): React.JSX.Element | null {
  const { proof } = version;
  if (!proof) {
    return null;
  }
  return (
    <p className="kr-Proof">
      <strong>Proven.</strong> A fresh process gave the same {counted(proof.rows, 'answer')} as your
      notebook; {differenceInWords(proof.max_difference)}. That took {proof.elapsed_s.toFixed(1)} s.
      {!proof.batch_safe &&
        ' Its answer for a row depends on the rows asked with it, so each request is asked alone.'}
    </p>
  );
}

function differenceInWords(difference: number): string {
  return difference === 0
    ? 'no number differs at all'
    : `the largest difference is ${difference.toPrecision(2)}`;
}

type NamedFact = readonly [name: string, words: string, more?: string];

/** Enough of "sha256:…" to tell two apart by eye; the whole is on the model's page. */
const SHOWN_DIGEST = 19;

const SHOWN_PACKAGES = 6;

function factsOf(version: Version): NamedFact[] {
  const { data, git, definitions, notebook, metrics, signature } = version;
  const needed = version.packages.filter(found => found.needed);
  const shown = needed.slice(0, SHOWN_PACKAGES).map(found => `${found.name} ${found.version}`);
  const left = needed.length - shown.length;
  const facts: (NamedFact | null)[] = [
    ['Takes', signature.inputs.map(({ name }) => name).join(', ')],
    definitions.length > 0 ? ['Your own code', definitions.join(', ')] : null,
    needed.length > 0
      ? ['Packages', `${shown.join(', ')}${left > 0 ? ` and ${left} more` : ''}`]
      : [
          'Packages',
          `none needed beside ${languageInWords(version.language)} ${version.runtime.version}`
        ],
    data
      ? [
          'Data',
          `${counted(data.rows, 'row')} × ${counted(data.columns, 'column')}`,
          data.digest.slice(0, SHOWN_DIGEST)
        ]
      : null,
    notebook ? ['Notebook', notebook.split('/').at(-1) ?? notebook, 'kept as it was saved'] : null,
    git ? ['Commit', git.commit.slice(0, 10), git.dirty ? 'with changes not committed' : ''] : null,
    Object.keys(metrics).length > 0
      ? [
          'Metrics',
          Object.entries(metrics)
            .map(([name, value]) => `${name} ${shortly(value)}`)
            .join(', ')
        ]
      : null
  ];
  return facts.filter(fact => fact !== null);
}

function captured([name, words, more]: NamedFact): React.JSX.Element {
  return (
    <div key={name} className="kr-Fact">
      <dt>{name}</dt>
      <dd>
        <span className="kr-Told">{words}</span>
        {more && <span className="kr-Quiet"> {more}</span>}
      </dd>
    </div>
  );
}

function Warnings({ warnings }: { warnings: readonly string[] }): React.JSX.Element | null {
  if (warnings.length === 0) {
    return null;
  }
  return (
    <section className="kr-Warnings" aria-label="Warnings">
      <h3>Worth knowing</h3>
      <ul>
        {warnings.map(warning => (
          <li key={warning} className="kr-Told">
            {warning}
          </li>
        ))}
      </ul>
    </section>
  );
}

function RejectedFoot({ registering, actions }: CardParts): React.JSX.Element {
  return (
    <div className="kr-Foot">
      <Press onClick={actions.close}>Close</Press>
      <Press primary onClick={() => registering.again()}>
        Change and register again
      </Press>
    </div>
  );
}

function Foot({
  registering,
  version,
  actions
}: CardParts & { version: Version }): React.JSX.Element {
  const { champion, deployment } = registering.seen;
  const { model, number } = version;
  return (
    <>
      {!deployment && (
        <p className="kr-Quiet" id="kr-no-call">
          There is no address to call yet: deploy it first.
        </p>
      )}
      <div className="kr-Foot">
        <Press onClick={() => actions.run('kronkers:open-model', { model, version: number })}>
          Open its page
        </Press>
        <Press
          disabled={!deployment}
          describedBy={deployment ? undefined : 'kr-no-call'}
          onClick={() => actions.run('kronkers:copy-call', { deployment: deployment ?? '' })}
        >
          Copy call
        </Press>
        {champion !== null && champion !== number && (
          <Press
            onClick={() =>
              actions.run('kronkers:compare', { model, before: champion, after: number })
            }
          >
            Compare with champion
          </Press>
        )}
        <Press primary onClick={() => actions.run('kronkers:deploy', { model, version: number })}>
          Deploy
        </Press>
      </div>
    </>
  );
}
