/** Small things that the views of a model share. */

import * as React from 'react';

import type { Version } from '../../api/types';
import { aliasesOf, type ModelFacts } from '../../state/model';

/** Text of people, which may be as long as it likes: its beginning, and the rest when asked for. */
export function Long({ text, most }: { text: string; most: number }): React.JSX.Element {
  const [whole, setWhole] = React.useState(false);
  const long = text.length > most + 80;
  return (
    <span className="kr-Prose">
      <bdi>{long && !whole ? `${text.slice(0, most)}…` : text}</bdi>
      {long && (
        <>
          {' '}
          <button
            type="button"
            className="kr-Link"
            aria-expanded={whole}
            onClick={() => setWhole(!whole)}
          >
            {whole ? 'Show less' : 'Show all'}
          </button>
        </>
      )}
    </span>
  );
}

export function StateBadge({ version }: { version: Version }): React.JSX.Element {
  const rejected = version.state === 'rejected';
  return (
    <span className={`kr-Badge ${rejected ? 'kr-bad' : 'kr-good'}`}>
      <span aria-hidden="true">{rejected ? '✕ ' : '✓ '}</span>
      {version.state}
    </span>
  );
}

export function AliasBadges({
  facts,
  number
}: {
  facts: ModelFacts;
  number: number;
}): React.JSX.Element {
  return (
    <>
      {aliasesOf(facts.model, number).map(alias => (
        <span key={alias} className="kr-Badge">
          {alias}
        </span>
      ))}
    </>
  );
}

interface VersionSelectProps {
  label: string;
  facts: ModelFacts;
  number: number;
  choose: (number: number) => void;
}

/** A version of the model, by number; aliases and states stand beside it. */
export function VersionSelect({
  label,
  facts,
  number,
  choose
}: VersionSelectProps): React.JSX.Element {
  return (
    <label className="kr-Field kr-VersionSelect">
      <span>{label}</span>
      <select value={number} onChange={({ target }) => choose(Number(target.value))}>
        {facts.versions.map(version => (
          <option key={version.number} value={version.number}>
            {versionInWords(facts, version)}
          </option>
        ))}
      </select>
    </label>
  );
}

export function versionInWords(facts: ModelFacts, version: Version): string {
  const also = [
    ...aliasesOf(facts.model, version.number),
    ...(version.state === 'rejected' ? ['rejected'] : [])
  ];
  return `Version ${version.number}${also.length > 0 ? ` (${also.join(', ')})` : ''}`;
}

/** One fact in a list of them: <dl><Fact …/></dl>. */
export function Fact({
  name,
  children
}: {
  name: string;
  children: React.ReactNode;
}): React.JSX.Element {
  return (
    <div className="kr-Fact">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
