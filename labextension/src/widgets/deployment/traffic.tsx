/** Traffic of the last ten minutes as sparklines, a card for each version, side by side. */

import * as React from 'react';

import type { Deployment } from '../../api/types';
import { countInWords } from '../../state/times';
import {
  areaOf,
  errorSentence,
  lineOf,
  msInWords,
  nothing,
  rateInWords,
  rateSentence,
  type Series,
  seriesOf,
  shareInWords,
  timeSentence,
  topOf
} from '../../state/traffic';
import { ProblemNotice } from '../notice';
import { useSeen } from '../seen';
import type { PartProps } from './page';

export function TrafficNow({ view, deployment }: PartProps): React.JSX.Element {
  const { value, problem } = useSeen(view.traffic);
  const all = shown(value ? seriesOf(value) : [], deployment);
  const quiet = all.every(({ asked }) => asked === 0);
  // One scale for times, so that cards side by side can be compared.
  const top = topOf(...all.map(({ p99_ms }) => p99_ms));
  return (
    <section aria-label="Traffic">
      <h2>
        Traffic <span className="kr-Quiet kr-Aside">in the last ten minutes</span>
      </h2>
      {problem && !value && (
        <ProblemNotice problem={problem} onRetry={() => void view.traffic.refresh()} />
      )}
      {quiet && (
        <p className="kr-Empty">
          Nobody has asked it in the last ten minutes.{' '}
          <button type="button" className="kr-Link" onClick={() => view.turn('try')}>
            Try it
          </button>{' '}
          sends a first request.
        </p>
      )}
      <div className="kr-Cards">
        {all.map(series => (
          <VersionTraffic
            key={`${series.use} ${series.version}`}
            series={series}
            deployment={deployment}
            top={top}
            at={value?.at ?? ''}
          />
        ))}
      </div>
    </section>
  );
}

/** Those that would be asked now, then those that were. */
function shown(all: Series[], { live, canary_state }: Deployment): Series[] {
  const there = (use: Series['use'], version: number) =>
    all.some(series => series.use === use && series.version === version);
  const stable = live !== null && !there('stable', live) ? [nothing('stable', live)] : [];
  const canary =
    canary_state && !there('canary', canary_state.number)
      ? [nothing('canary', canary_state.number)]
      : [];
  const isNow = ({ use, version }: Series) =>
    version === (use === 'stable' ? live : canary_state?.number);
  const known = [...stable, ...all, ...canary];
  return [...known.filter(isNow), ...known.filter(series => !isNow(series))];
}

interface VersionTrafficProps {
  series: Series;
  deployment: Deployment;
  /** Of the axis of times, in milliseconds. */
  top: number;
  at: string;
}

function VersionTraffic({ series, deployment, top, at }: VersionTrafficProps): React.JSX.Element {
  const { requests, errors, p50_ms, p99_ms, asked, failed } = series;
  const most = topOf(requests);
  // A few errors among many requests must be seen.
  const errorTop = Math.max(most / 10, ...errors);
  return (
    <article className="kr-Card kr-Traffic" aria-label={cardName(series)}>
      <h3>
        {series.version === null ? 'No version' : `Version ${series.version}`}
        <span className="kr-Badge">{roleOf(series, deployment)}</span>
      </h3>
      <Measure name="Requests per second" value={rateInWords(series.rate)}>
        <Spark at={at} sentence={rateSentence(series)}>
          <path className="kr-area" d={areaOf(requests, most, WIDTH, HEIGHT)} />
          <path className="kr-line" d={lineOf(requests, most, WIDTH, HEIGHT)} />
        </Spark>
      </Measure>
      <Measure
        name="Time to answer, p50"
        value={ms(series.recent_p50_ms)}
        more={<Slowest {...series} />}
      >
        <Spark at={at} sentence={timeSentence(series)}>
          <path className="kr-line kr-faint" d={lineOf(p99_ms, top, WIDTH, HEIGHT)} />
          <path className="kr-line" d={lineOf(p50_ms, top, WIDTH, HEIGHT)} />
        </Spark>
      </Measure>
      <Measure name="Errors" value={asked === 0 ? '–' : shareInWords(failed / asked)}>
        <Spark at={at} sentence={errorSentence(series)}>
          <path className="kr-area kr-bad" d={areaOf(errors, errorTop, WIDTH, HEIGHT)} />
          <path className="kr-line kr-bad" d={lineOf(errors, errorTop, WIDTH, HEIGHT)} />
        </Spark>
      </Measure>
      <p className="kr-Quiet kr-Asked">
        {countInWords(asked)} requests, {failed === 0 ? 'none' : countInWords(failed)} failed
      </p>
    </article>
  );
}

function cardName({ use, version }: Series): string {
  return version === null
    ? 'Traffic that no version answered'
    : `Traffic of version ${version}, ${use}`;
}

/** What it is to callers now; versions that were live a moment ago are shown with what they did. */
function roleOf({ use, version }: Series, { live, canary_state }: Deployment): string {
  if (version === null) {
    return 'refused before a version was asked';
  }
  if (use === 'canary' && version === canary_state?.number) {
    return `canary, ${canary_state.percent} %`;
  }
  if (use === 'stable' && version === live) {
    return canary_state
      ? `stable, ${Math.round((100 - canary_state.percent) * 10) / 10} %`
      : 'stable';
  }
  return use === 'canary' ? 'was canary' : 'was live';
}

function Slowest({ recent_p99_ms }: Series): React.JSX.Element {
  return <span className="kr-Quiet">p99 {ms(recent_p99_ms)}</span>;
}

function ms(value: number | null): string {
  return value === null ? '–' : msInWords(value);
}

interface MeasureProps {
  name: string;
  value: string;
  more?: React.ReactNode;
  children: React.ReactNode;
}

function Measure({ name, value, more, children }: MeasureProps): React.JSX.Element {
  return (
    <div className="kr-Gauge">
      <div>
        <span className="kr-Quiet kr-Label">{name}</span>
        <span className="kr-Value">
          <b>{value}</b> {more}
        </span>
      </div>
      {children}
    </div>
  );
}

const WIDTH = 300;
const HEIGHT = 36;

interface SparkProps {
  /** What it shows, for those who do not see it. */
  sentence: string;
  /** The time of its right end; another time lets it glide on by one step. */
  at: string;
  children: React.ReactNode;
}

function Spark({ sentence, at, children }: SparkProps): React.JSX.Element {
  return (
    <span className="kr-Spark" role="img" aria-label={sentence} title={sentence}>
      <svg
        key={at}
        viewBox={`0 -2 ${WIDTH} ${HEIGHT + 4}`}
        preserveAspectRatio="none"
        aria-hidden="true"
      >
        {children}
      </svg>
    </span>
  );
}
