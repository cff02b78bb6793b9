/** All that is known of one version. */

import * as React from 'react';

import type { Field, Package, Version } from '../../api/types';
import { fileName } from '../../state/lineage';
import {
  bytesInWords,
  counted,
  countInWords,
  exactMoment,
  momentInWords,
  numberInWords
} from '../../state/times';
import { languageInWords } from '../../state/words';
import type { ViewProps } from './page';
import { AliasBadges, Fact, Long, StateBadge } from './parts';

interface VersionProps extends ViewProps {
  version: Version;
}

export function VersionFacts(props: VersionProps): React.JSX.Element {
  const { version, facts } = props;
  const { number } = version;
  return (
    <section className="kr-Card kr-VersionFacts" aria-label={`Version ${number}`}>
      <h2>
        Version {number} <StateBadge version={version} />{' '}
        <AliasBadges facts={facts} number={number} />
      </h2>
      {version.state === 'rejected' && <Rejected version={version} />}
      <VersionActions {...props} />
      {version.note && (
        <p className="kr-NoteText">
          <Long text={version.note} most={300} />
        </p>
      )}
      <Warnings warnings={version.warnings} />
      <Made version={version} />
      <Numbers title="Metrics" values={version.metrics} />
      <Params params={version.params} />
      <Columns title="Inputs" fields={version.signature.inputs} />
      <Columns title="Outputs" fields={version.signature.outputs} />
      <Packages packages={version.packages} />
    </section>
  );
}

function Rejected({ version }: { version: Version }): React.JSX.Element {
  return (
    <div className="kr-Problem">
      <p>
        <Long text={version.reason || 'It was rejected.'} most={600} />
      </p>
      {version.remedy && (
        <p>
          <Long text={version.remedy} most={600} />
        </p>
      )}
    </div>
  );
}

function VersionActions({ view, facts, doors, version }: VersionProps): React.JSX.Element {
  const args = { model: view.name, version: version.number };
  const able = version.state !== 'rejected';
  const { champion } = facts.model.aliases;
  const other = champion !== undefined && champion !== version.number ? champion : null;
  const before = other ?? facts.versions.find(({ number }) => number < version.number)?.number;
  return (
    <div className="kr-Actions">
      {able && (
        <>
          <Small press={() => doors.run('kronkers:deploy', args)}>Deploy</Small>
          <Small press={() => doors.run('kronkers:set-alias', args)}>Set alias</Small>
        </>
      )}
      {before !== undefined && (
        <Small press={() => view.go({ tab: 'differences', before, after: version.number })}>
          Compare with {other === null ? before : `champion ${before}`}
        </Small>
      )}
    </div>
  );
}

function Small({ press, children }: { press: () => void; children: React.ReactNode }) {
  return (
    <button type="button" className="kr-Button kr-small" onClick={press}>
      {children}
    </button>
  );
}

function Warnings({ warnings }: { warnings: readonly string[] }): React.JSX.Element | null {
  return warnings.length === 0 ? null : (
    <ul className="kr-VersionWarnings" aria-label="Warnings">
      {warnings.map(warning => (
        <li key={warning}>
          <Long text={warning} most={300} />
        </li>
      ))}
    </ul>
  );
}

function Made({ version }: { version: Version }): React.JSX.Element {
  const { proof, data, git, target, runtime, notebook } = version;
  return (
    <dl>
      <Fact name="Class">
        <Long text={version.class} most={120} />
      </Fact>
      <Fact name="Language">
        {languageInWords(version.language)} {runtime.version}
        {version.kernel && ` (kernel ${version.kernel})`}
      </Fact>
      <Fact name="Registered">
        <time dateTime={version.created_at} title={exactMoment(version.created_at)}>
          {momentInWords(version.created_at)}
        </time>{' '}
        by <bdi>{version.created_by.slice(0, 80)}</bdi>
      </Fact>
      <Fact name="Proof">
        {proof
          ? `A fresh process gave ${counted(proof.rows, 'answer')} again, at most ${numberInWords(proof.max_difference)} apart, in ${numberInWords(Number(proof.elapsed_s.toPrecision(2)))} s.`
          : 'None: no fresh process gave its answers again.'}
      </Fact>
      {data && (
        <Fact name="Data">
          {countInWords(data.rows)} rows, {counted(data.columns, 'column')}
          {target.length > 0 && <> for {target.join(', ').slice(0, 120)}</>}
          <code className="kr-FullDigest">{data.digest}</code>
        </Fact>
      )}
      {notebook && (
        <Fact name="Notebook">
          <bdi title={notebook}>{fileName(notebook)}</bdi>
        </Fact>
      )}
      {git && (
        <Fact name="Git">
          <code>{git.commit.slice(0, 12)}</code>
          {git.branch && ` on ${git.branch}`}
          {git.dirty && ', with uncommitted changes'}
        </Fact>
      )}
      {version.definitions.length > 0 && (
        <Fact name="Carries">
          <Long text={version.definitions.join(', ')} most={200} />
        </Fact>
      )}
      <Fact name="Size">{bytesInWords(version.size_bytes)}</Fact>
      {version.digest && (
        <Fact name="Signed">
          <code className="kr-FullDigest">{version.digest}</code>
        </Fact>
      )}
    </dl>
  );
}

function Numbers({ title, values }: { title: string; values: Record<string, number> }) {
  const found = Object.entries(values);
  return found.length === 0 ? null : (
    <Folded title={title} count={found.length} open>
      <dl>
        {found.map(([name, value]) => (
          <Fact key={name} name={name}>
            {numberInWords(value)}
          </Fact>
        ))}
      </dl>
    </Folded>
  );
}

function Params({ params }: { params: Version['params'] }): React.JSX.Element | null {
  const found = Object.entries(params);
  return found.length === 0 ? null : (
    <Folded title="Parameters" count={found.length}>
      <dl>
        {found.map(([name, value]) => (
          <Fact key={name} name={name}>
            <Long text={String(value)} most={200} />
          </Fact>
        ))}
      </dl>
    </Folded>
  );
}

function Columns({ title, fields }: { title: string; fields: readonly Field[] }) {
  return (
    <Folded title={title} count={fields.length}>
      <dl>
        {fields.map(field => (
          <Fact key={field.name} name={field.name}>
            {field.type}
            {field.levels && <Long text={` of ${field.levels.join(', ')}`} most={200} />}
            {field.missing && ', may be missing'}
          </Fact>
        ))}
      </dl>
    </Folded>
  );
}

function Packages({ packages }: { packages: readonly Package[] }): React.JSX.Element | null {
  const sorted = [...packages].sort((a, b) => Number(b.needed) - Number(a.needed));
  return packages.length === 0 ? null : (
    <Folded title="Packages" count={packages.length}>
      <ul className="kr-Packages">
        {sorted.map(({ name, version, needed }) => (
          <li key={name} className={needed ? '' : 'kr-Quiet'}>
            {name} {version}
            {needed && <span className="kr-Quiet"> needed</span>}
          </li>
        ))}
      </ul>
    </Folded>
  );
}

interface FoldedProps {
  title: string;
  count: number;
  open?: boolean;
  children: React.ReactNode;
}

/** Its content is made when it is first opened: a thousand packages cost nothing until then. */
function Folded({ title, count, open = false, children }: FoldedProps): React.JSX.Element {
  const [opened, setOpened] = React.useState(open);
  return (
    <details
      className="kr-Folded"
      open={open}
      onToggle={({ currentTarget }) => setOpened(opened || currentTarget.open)}
    >
      <summary>
        {title} <span className="kr-Quiet">{count}</span>
      </summary>
      {opened && children}
    </details>
  );
}
