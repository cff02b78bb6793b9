/** The versions of a model: each metric over them, all of them in a table, the chosen one beside it. */

import * as React from 'react';

import type { Version } from '../../api/types';
import { shownVersion } from '../../state/model';
import { metricColumn, type Order, ordered, turned } from '../../state/ordering';
import { metricNames } from '../../state/plot';
import { exactMoment, momentInWords, numberInWords } from '../../state/times';
import { useWindow } from '../windowed';
import type { ViewProps } from './page';
import { AliasBadges, StateBadge } from './parts';
import { Plots } from './plots';
import { VersionFacts } from './version';

const ROW_PX = 30;

export function Versions(props: ViewProps): React.JSX.Element {
  const { view, facts } = props;
  const metrics = React.useMemo(() => metricNames(facts.versions), [facts.versions]);
  const shown = shownVersion(facts, view.place.chosen);
  return (
    <div className="kr-Versions">
      <Plots {...props} metrics={metrics} shown={shown?.number ?? null} />
      <div className="kr-VersionsSplit">
        <VersionTable {...props} metrics={metrics} shown={shown?.number ?? null} />
        {shown && <VersionFacts {...props} version={shown} />}
      </div>
    </div>
  );
}

interface Column {
  id: string;
  title: string;
  number?: boolean;
}

function columnsOf(metrics: readonly string[]): Column[] {
  return [
    { id: 'number', title: 'Version', number: true },
    { id: 'state', title: 'State' },
    { id: 'aliases', title: 'Aliases' },
    ...metrics.map(name => ({ id: metricColumn(name), title: name, number: true })),
    { id: 'created', title: 'Registered' },
    { id: 'by', title: 'By' },
    { id: 'class', title: 'Class' },
    { id: 'proof', title: 'Proof' },
    { id: 'note', title: 'Note' }
  ];
}

interface TableProps extends ViewProps {
  metrics: readonly string[];
  shown: number | null;
}

function VersionTable({ view, facts, metrics, shown }: TableProps): React.JSX.Element {
  const [order, setOrder] = React.useState<Order>({ column: 'number', falling: true });
  const columns = React.useMemo(() => columnsOf(metrics), [metrics]);
  const rows = React.useMemo(
    () => ordered(facts.versions, order, facts.model),
    [facts.versions, facts.model, order]
  );
  const { ref, first, last, before, after } = useWindow<HTMLTableSectionElement>(
    rows.length,
    ROW_PX
  );
  return (
    <section
      className="kr-VersionsFrame"
      aria-label="Table of versions"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard
      tabIndex={0}
    >
      <table className="kr-Table kr-VersionsTable" aria-rowcount={rows.length + 1}>
        <thead>
          <tr aria-rowindex={1}>
            {columns.map(column => (
              <ColumnHead
                key={column.id}
                column={column}
                order={order}
                press={() => setOrder(turned(order, column.id))}
              />
            ))}
          </tr>
        </thead>
        <tbody ref={ref}>
          <Spacer height={before} span={columns.length} />
          {rows.slice(first, last).map((version, at) => (
            <Row
              key={version.number}
              version={version}
              facts={facts}
              metrics={metrics}
              index={first + at + 2}
              shown={version.number === shown}
              choose={() => view.go({ chosen: version.number })}
            />
          ))}
          <Spacer height={after} span={columns.length} />
        </tbody>
      </table>
    </section>
  );
}

function Spacer({ height, span }: { height: number; span: number }): React.JSX.Element | null {
  return height === 0 ? null : (
    <tr className="kr-Spacer">
      <td colSpan={span} style={{ height }} />
    </tr>
  );
}

interface ColumnHeadProps {
  column: Column;
  order: Order;
  press: () => void;
}

function ColumnHead({ column, order, press }: ColumnHeadProps): React.JSX.Element {
  const here = order.column === column.id;
  const sort = here ? (order.falling ? 'descending' : 'ascending') : 'none';
  return (
    <th scope="col" aria-sort={sort} className={column.number ? 'kr-number' : ''}>
      <button type="button" className="kr-Sort" title={column.title} onClick={press}>
        <span>{column.title}</span>
        <span aria-hidden="true">{here ? (order.falling ? '▾' : '▴') : ''}</span>
      </button>
    </th>
  );
}

interface RowProps {
  version: Version;
  facts: ViewProps['facts'];
  metrics: readonly string[];
  index: number;
  shown: boolean;
  choose: () => void;
}

function Row({ version, facts, metrics, index, shown, choose }: RowProps): React.JSX.Element {
  const { number, proof } = version;
  return (
    <tr aria-rowindex={index} className={shown ? 'kr-chosen' : ''}>
      <th scope="row" className="kr-number">
        <button
          type="button"
          className="kr-RowButton"
          aria-pressed={shown}
          aria-label={`Version ${number}`}
          onClick={choose}
        >
          {number}
        </button>
      </th>
      <td title={version.reason}>
        <StateBadge version={version} />
        {version.reason && <bdi className="kr-RowReason">{version.reason.slice(0, 200)}</bdi>}
      </td>
      <td>
        <AliasBadges facts={facts} number={number} />
      </td>
      {metrics.map(name => (
        <td key={name} className="kr-number">
          {valueIn(version.metrics[name])}
        </td>
      ))}
      <td>
        <time dateTime={version.created_at} title={exactMoment(version.created_at)}>
          {momentInWords(version.created_at)}
        </time>
      </td>
      <Words text={version.created_by} />
      <Words text={version.class} />
      <td>
        {proof
          ? `${proof.rows} rows in ${numberInWords(Number(proof.elapsed_s.toPrecision(2)))} s`
          : ''}
      </td>
      <Words text={version.note} />
    </tr>
  );
}

function valueIn(value: number | null | undefined): string {
  return value === undefined || value === null ? '' : numberInWords(value);
}

/** One line of it; the whole stands beside the table once the version is chosen. */
function Words({ text }: { text: string }): React.JSX.Element {
  return (
    <td>
      <bdi>{text.slice(0, 120)}</bdi>
    </td>
  );
}
