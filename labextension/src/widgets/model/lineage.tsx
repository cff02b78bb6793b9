/** Where a version comes from and where it went: a picture, and below it the same as facts. */

import * as React from 'react';

import type { Deployment, Version } from '../../api/types';
import { BOX, type Box, fitting, type Opens, pictureOf, servedBy } from '../../state/lineage';
import { shownVersion } from '../../state/model';
import { exactMoment } from '../../state/times';
import { languageInWords, wordingOf } from '../../state/words';
import type { ViewProps } from './page';
import { Fact, VersionSelect } from './parts';

/** What four boxes beside each other need. */
const WIDE_PX = 940;

export function LineageView(props: ViewProps): React.JSX.Element | null {
  const { view, facts } = props;
  const version = shownVersion(facts, view.place.chosen);
  const [frame, wide] = useIsWide();
  if (!version) {
    return null;
  }
  const served = servedBy(version, facts.deployments);
  return (
    <div className="kr-LineageView">
      <VersionSelect
        label="Version"
        facts={facts}
        number={version.number}
        choose={number => view.go({ chosen: number })}
      />
      <div ref={frame} className="kr-LineageFrame">
        <PictureView {...props} version={version} served={served} wide={wide} />
      </div>
      <InWords {...props} version={version} served={served} />
    </div>
  );
}

function useIsWide(): [React.RefObject<HTMLDivElement>, boolean] {
  const ref = React.useRef<HTMLDivElement>(null);
  const [wide, setWide] = React.useState(true);
  React.useLayoutEffect(() => {
    const frame = ref.current;
    if (!frame || typeof ResizeObserver === 'undefined') {
      return;
    }
    const look = () => setWide(frame.clientWidth >= WIDE_PX);
    look();
    const sizes = new ResizeObserver(look);
    sizes.observe(frame);
    return () => sizes.disconnect();
  }, []);
  return [ref, wide];
}

interface LineageProps extends ViewProps {
  version: Version;
  served: readonly Deployment[];
}

function PictureView(props: LineageProps & { wide: boolean }): React.JSX.Element {
  const { version, served, wide } = props;
  const picture = React.useMemo(() => pictureOf(version, served, wide), [version, served, wide]);
  const { width, height } = picture;
  return (
    <div className="kr-Lineage" style={{ width, height }}>
      <svg role="img" aria-label={picture.sentence} width={width} height={height}>
        <defs>
          <marker
            id="kr-arrow"
            viewBox="0 0 8 8"
            refX="7"
            refY="4"
            markerWidth="7"
            markerHeight="7"
            orient="auto"
          >
            <path className="kr-ArrowHead" d="M0 0 8 4 0 8z" />
          </marker>
        </defs>
        {picture.arrows.map(({ path }) => (
          <path key={path} className="kr-Arrow" d={path} markerEnd="url(#kr-arrow)" />
        ))}
        {picture.boxes.map(box => (
          <BoxView key={`${box.kind} ${box.title}`} box={box} />
        ))}
      </svg>
      {picture.boxes.map(
        box =>
          box.opens && (
            <BoxButton key={`${box.kind} ${box.title}`} {...props} box={box} opens={box.opens} />
          )
      )}
    </div>
  );
}

const LETTERS = 26;

function BoxView({ box }: { box: Box }): React.JSX.Element {
  return (
    <g className={`kr-Box kr-${box.kind}`} transform={`translate(${box.x} ${box.y})`}>
      <rect width={BOX.width} height={BOX.height} rx="6" />
      <text className="kr-BoxTitle" x="12" y="23">
        {fitting(box.title, LETTERS - 4)}
      </text>
      {box.lines.slice(0, 3).map((line, at) => (
        <text key={line} x="12" y={42 + at * 16}>
          {fitting(line, LETTERS)}
        </text>
      ))}
    </g>
  );
}

/** SVG has no buttons: one lies over each box that opens something. */
function BoxButton({ box, opens, view, doors }: LineageProps & { box: Box; opens: Opens }) {
  const press = () => {
    if ('deployment' in opens) {
      doors.run('kronkers:open-deployment', opens);
    } else if ('notebook' in opens) {
      view.go({ tab: 'notebook', chosen: opens.notebook });
    } else {
      view.go({ tab: 'versions', chosen: opens.version });
    }
  };
  const what = 'deployment' in opens ? `deployment ${box.title}` : box.title.toLowerCase();
  return (
    <button
      type="button"
      className="kr-BoxButton"
      aria-label={`Open ${what}`}
      title={[box.title, ...box.lines].join('\n')}
      style={{ left: box.x, top: box.y, width: BOX.width, height: BOX.height }}
      onClick={press}
    />
  );
}

function InWords({ version, served, doors }: LineageProps): React.JSX.Element {
  const { data, git, notebook, target, runtime } = version;
  return (
    <section aria-label="The same in words">
      <h2>The same in words</h2>
      <dl>
        <Fact name="Data">
          {data ? `${data.rows.toLocaleString('en-GB')} rows, digest ` : 'was not recorded'}
          {data && <code className="kr-FullDigest">{data.digest}</code>}
        </Fact>
        {target.length > 0 && <Fact name="Target">{target.join(', ')}</Fact>}
        <Fact name="Notebook">
          <bdi>{notebook ?? 'was not recorded'}</bdi>
        </Fact>
        <Fact name="Git">
          {git ? <Commit git={git} /> : 'The notebook was in no git repository.'}
        </Fact>
        <Fact name="Version">
          {version.number}, registered {exactMoment(version.created_at)} by{' '}
          <bdi>{version.created_by}</bdi>, {languageInWords(version.language)} {runtime.version} on{' '}
          {runtime.platform || 'an unknown machine'}
        </Fact>
        <Fact name="Deployments">
          {served.length === 0 && 'None serves this version.'}
          {served.map(deployment => (
            <span key={deployment.name} className="kr-Served">
              <button
                type="button"
                className="kr-Link"
                onClick={() =>
                  doors.run('kronkers:open-deployment', { deployment: deployment.name })
                }
              >
                {deployment.name}
              </button>{' '}
              {wordingOf(deployment).words}
            </span>
          ))}
        </Fact>
      </dl>
    </section>
  );
}

function Commit({ git }: { git: NonNullable<Version['git']> }): React.JSX.Element {
  return (
    <>
      <code className="kr-FullDigest">{git.commit}</code>
      {git.branch && ` on ${git.branch}`}
      {git.dirty ? ', with changes that are not in it' : ', with nothing else changed'}
    </>
  );
}
