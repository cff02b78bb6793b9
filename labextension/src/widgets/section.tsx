import * as React from 'react';

interface SectionProps {
  title: string;
  count: number;
  /** Shown instead of the list when `count` is 0. */
  empty: React.ReactNode;
  children: React.ReactNode;
}

/** A titled list with its size, or words about why it is empty. */
export function Section({ title, count, empty, children }: SectionProps): React.JSX.Element {
  const id = `kr-${title.toLowerCase()}`;
  return (
    <section className="kr-Section" aria-labelledby={id}>
      <h2 id={id}>
        {title} <span className="kr-Count">{count}</span>
      </h2>
      {count === 0 ? <div className="kr-Empty">{empty}</div> : <ul>{children}</ul>}
    </section>
  );
}

/** One line of facts inside an opened item. */
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
