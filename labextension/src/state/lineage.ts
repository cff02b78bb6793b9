/** Where a version comes from and where it went, as boxes that a picture can be made of. */

import type { Deployment, Version } from '../api/types';
import { countInWords, shortDigest } from './times';
import { languageInWords, wordingOf } from './words';

export type Opens = { notebook: number } | { version: number } | { deployment: string };

export interface Box {
  kind: 'data' | 'notebook' | 'version' | 'deployment' | 'missing';
  title: string;
  lines: readonly string[];
  /** What a press on it opens; null: nothing. */
  opens: Opens | null;
  x: number;
  y: number;
}

export interface Arrow {
  path: string;
}

export interface Picture {
  boxes: readonly Box[];
  arrows: readonly Arrow[];
  width: number;
  height: number;
  sentence: string;
}

export const BOX = { width: 196, height: 84 };
const GAP = { along: 44, beside: 16 };
const EDGE = 2;

type Fact = Omit<Box, 'x' | 'y'>;

/** data → notebook → version → deployments; from left to right, or downwards where there is no room. */
export function pictureOf(
  version: Version,
  deployments: readonly Deployment[],
  across: boolean
): Picture {
  const line = [dataBox(version), notebookBox(version), versionBox(version)];
  const served = deployments.map(deployment => deploymentBox(deployment, version.number));
  const ends = served.length > 0 ? served : [NOT_SERVED];
  const place = across ? placedAcross : placedDown;
  const placed = place(line, ends);
  return { ...placed, sentence: sentenceOf(line, served) };
}

/** Deployments that answer with the version, should answer with it, or try it. */
export function servedBy(version: Version, deployments: readonly Deployment[]): Deployment[] {
  return deployments.filter(deployment => usesOf(deployment, version.number).length > 0);
}

function usesOf(deployment: Deployment, number: number): string[] {
  const { live, follows, canary, canary_state, shadow, shadow_state } = deployment;
  const uses = [
    live === number ? 'answers with it' : follows === number ? 'is to answer with it' : '',
    canary === number || canary_state?.number === number ? 'tries it as canary' : '',
    shadow === number || shadow_state?.number === number ? 'tries it as shadow' : ''
  ];
  return uses.filter(Boolean);
}

function dataBox({ data, target }: Version): Fact {
  if (!data) {
    return missing('Data', 'was not recorded');
  }
  const columns = data.columns === 1 ? 'column' : 'columns';
  const size = `${countInWords(data.rows)} rows, ${countInWords(data.columns)} ${columns}`;
  const wanted = target.length > 0 ? `target ${target.join(', ')}` : 'no target named';
  const lines = [size, wanted, `digest ${shortDigest(data.digest)}`];
  return { kind: 'data', title: 'Data', lines, opens: null };
}

function notebookBox({ notebook, git, number }: Version): Fact {
  if (!notebook && !git) {
    return missing('Notebook', 'was not recorded');
  }
  const name = notebook ? fileName(notebook) : 'no notebook';
  const commit = git ? `commit ${shortDigest(git.commit)}` : 'not in git';
  const dirty = git?.dirty ? 'with uncommitted changes' : (git?.branch ?? '');
  const lines = [name, commit, dirty].filter(Boolean);
  return {
    kind: 'notebook',
    title: 'Notebook',
    lines,
    opens: notebook ? { notebook: number } : null
  };
}

function versionBox(version: Version): Fact {
  const title = `Version ${version.number}`;
  const lines = [version.class, `${languageInWords(version.language)} ${version.runtime.version}`];
  return {
    kind: 'version',
    title,
    lines: [...lines, version.state === 'rejected' ? '✕ rejected' : '✓ proven'],
    opens: { version: version.number }
  };
}

function deploymentBox(deployment: Deployment, number: number): Fact {
  const { words, tone } = wordingOf(deployment);
  const { alias, version } = deployment;
  const wish = alias === null ? `serves version ${version} for good` : `follows ${alias}`;
  return {
    kind: 'deployment',
    title: deployment.name,
    lines: [...(tone === 'good' ? [] : [words]), ...usesOf(deployment, number), wish],
    opens: { deployment: deployment.name }
  };
}

function missing(title: string, line: string): Fact {
  return { kind: 'missing', title, lines: [line], opens: null };
}

const NOT_SERVED = missing('Deployment', 'none serves this version');

interface Placed {
  boxes: Box[];
  arrows: Arrow[];
  width: number;
  height: number;
}

function placedAcross(line: readonly Fact[], ends: readonly Fact[]): Placed {
  const tall = ends.length * BOX.height + (ends.length - 1) * GAP.beside;
  const middle = EDGE + (tall - BOX.height) / 2;
  const x = (column: number) => EDGE + column * (BOX.width + GAP.along);
  const chain = line.map((fact, column) => ({ ...fact, x: x(column), y: middle }));
  const fan = ends.map((fact, row) => ({
    ...fact,
    x: x(line.length),
    y: EDGE + row * (BOX.height + GAP.beside)
  }));
  return {
    boxes: [...chain, ...fan],
    arrows: between(chain, fan).map(([from, to]) => ({ path: rightwards(from, to) })),
    width: x(line.length) + BOX.width + EDGE,
    height: tall + 2 * EDGE
  };
}

function placedDown(line: readonly Fact[], ends: readonly Fact[]): Placed {
  const step = BOX.height + GAP.beside * 2;
  const chain = line.map((fact, row) => ({ ...fact, x: EDGE, y: EDGE + row * step }));
  const below = ends.map((fact, row) => ({
    ...fact,
    x: EDGE,
    y: EDGE + line.length * step + row * (BOX.height + GAP.beside)
  }));
  const bottom = below.at(-1) ?? { y: 0 };
  return {
    boxes: [...chain, ...below],
    // To the first deployment only: the others stand below it, in the same column.
    arrows: between(chain, below.slice(0, 1)).map(([from, to]) => ({ path: downwards(from, to) })),
    width: BOX.width + 2 * EDGE,
    height: bottom.y + BOX.height + EDGE
  };
}

function between(chain: readonly Box[], ends: readonly Box[]): [Box, Box][] {
  const along = chain.slice(1).map((box, at): [Box, Box] => [chain[at] as Box, box]);
  const last = chain.at(-1) as Box;
  return [...along, ...ends.map((end): [Box, Box] => [last, end])];
}

function rightwards(from: Box, to: Box): string {
  const [x, y] = [from.x + BOX.width, from.y + BOX.height / 2];
  const [end, level] = [to.x - 3, to.y + BOX.height / 2];
  const half = (x + end) / 2;
  return `M${x} ${y}C${half} ${y} ${half} ${level} ${end} ${level}`;
}

function downwards(from: Box, to: Box): string {
  const x = from.x + BOX.width / 2;
  return `M${x} ${from.y + BOX.height}L${x} ${to.y - 3}`;
}

function sentenceOf([data, notebook, version]: readonly Fact[], served: readonly Fact[]): string {
  const said = (fact: Fact | undefined) => `${fact?.title}: ${fact?.lines.join(', ')}`;
  const names = served.map(({ title }) => title).join(', ');
  return `${said(data)}. ${said(notebook)}. ${said(version)}. Deployments: ${names || 'none'}.`;
}

export function fileName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
}

/** As many characters as go into a line of a box. */
export function fitting(text: string, most: number): string {
  const letters = [...text];
  return letters.length > most ? `${letters.slice(0, most - 1).join('')}…` : text;
}
