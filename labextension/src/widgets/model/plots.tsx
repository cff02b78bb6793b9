/** Each metric over the versions, as a small picture with a sentence; the table below holds the same numbers. */

import * as React from 'react';

import { HEIGHT, nearest, type Plot, type Point, pathOf, plotOf, WIDTH } from '../../state/plot';
import { numberInWords } from '../../state/times';
import type { ViewProps } from './page';

const FIRST = 4;
/** More than this many and the line alone says more than its points. */
const MOST_DOTS = 60;
/** And from here on it is drawn fine, or it would be a ribbon. */
const MANY = 200;

interface PlotsProps extends ViewProps {
  metrics: readonly string[];
  shown: number | null;
}

export function Plots({ facts, view, metrics, shown }: PlotsProps): React.JSX.Element | null {
  const [all, setAll] = React.useState(false);
  const plots = React.useMemo(
    () => metrics.map(name => plotOf(name, facts.versions)).filter(plot => plot !== null),
    [metrics, facts.versions]
  );
  if (plots.length === 0) {
    return (
      <p className="kr-Quiet kr-NoMetrics">
        No version has metrics yet. Name them as you register and they are drawn here.
      </p>
    );
  }
  return (
    <section className="kr-Plots" aria-label="Metrics over versions">
      {plots.slice(0, all ? undefined : FIRST).map(plot => (
        <PlotView
          key={plot.name}
          plot={plot}
          shown={shown}
          choose={number => view.go({ chosen: number })}
        />
      ))}
      {plots.length > FIRST && (
        <button type="button" className="kr-Link" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? 'Fewer metrics' : `All ${plots.length} metrics`}
        </button>
      )}
    </section>
  );
}

interface PlotProps {
  plot: Plot;
  shown: number | null;
  choose: (number: number) => void;
}

function PlotView({ plot, shown, choose }: PlotProps): React.JSX.Element {
  const [under, setUnder] = React.useState<Point | null>(null);
  const { points } = plot;
  const chosen = points.find(({ number }) => number === shown) ?? null;
  const told = under ?? chosen ?? (points.at(-1) as Point);
  const pointAt = (event: React.MouseEvent<SVGSVGElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    return nearest(points, ((event.clientX - box.left) / box.width) * WIDTH);
  };
  return (
    <figure className="kr-Plot">
      <figcaption>
        <b title={plot.name}>{plot.name}</b>
        <span>
          {numberInWords(told.value)} <span className="kr-Quiet">in {told.number}</span>
        </span>
      </figcaption>
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: the table below is the same for the keyboard */}
      <svg
        role="img"
        aria-label={plot.sentence}
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        onMouseMove={event => setUnder(pointAt(event))}
        onMouseLeave={() => setUnder(null)}
        onClick={event => {
          const point = pointAt(event);
          if (point) {
            choose(point.number);
          }
        }}
      >
        <line className="kr-PlotBase" x1="0" x2={WIDTH} y1={HEIGHT - 1} y2={HEIGHT - 1} />
        <path
          className={points.length > MANY ? 'kr-PlotLine kr-fine' : 'kr-PlotLine'}
          d={pathOf(points)}
        />
        {points.length <= MOST_DOTS && points.map(point => <Dot key={point.number} at={point} />)}
        {chosen && <Dot at={chosen} kind="kr-chosen" />}
        {under && <Dot at={under} kind="kr-under" />}
      </svg>
      <p className="kr-PlotRange kr-Quiet" aria-hidden="true">
        <span>{numberInWords(plot.lowest)} lowest</span>
        <span>{numberInWords(plot.highest)} highest</span>
      </p>
    </figure>
  );
}

/** A line of no length with round ends: a dot that stays round however the picture is stretched. */
function Dot({ at, kind = '' }: { at: Point; kind?: string }): React.JSX.Element {
  return <path className={`kr-PlotDot ${kind}`} d={`M${at.x} ${at.y}h0`} />;
}
