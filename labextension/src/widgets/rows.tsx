/** A long list of rows that open something: only those in view are drawn, and arrow keys walk through all of them. */

import * as React from 'react';

import { useWindow } from './windowed';

/** As high as two lines; base and panel styles hold to it. */
export const ROW_PX = 46;
const PAGE_ROWS = 10;

interface RowsProps<T> {
  label: string;
  items: readonly T[];
  nameOf: (item: T) => string;
  /** What a row shows. */
  draw: (item: T) => React.ReactNode;
  onOpen: (item: T) => void;
  /** A further thing to do with a row: shown when it is pointed at or has the focus. */
  action?: { title: string; labelOf: (item: T) => string; onDo: (item: T) => void };
}

export function Rows<T>(props: RowsProps<T>): React.JSX.Element {
  const { label, items, nameOf } = props;
  const { ref, first, last } = useWindow<HTMLUListElement>(items.length, ROW_PX);
  const [present, setPresent] = React.useState('');
  const walked = React.useRef(false);
  const found = items.findIndex(item => nameOf(item) === present);
  const at = Math.max(0, found);

  React.useLayoutEffect(() => {
    if (walked.current) {
      walked.current = false;
      const row = ref.current?.querySelector<HTMLElement>('.kr-Row[tabindex="0"]');
      row?.scrollIntoView?.({ block: 'nearest' });
      row?.focus({ preventScroll: true });
    }
  });

  const walk = (event: React.KeyboardEvent) => {
    const to = goal(event.key, at, items.length);
    const item = items[to];
    if (item !== undefined) {
      event.preventDefault();
      walked.current = true;
      setPresent(nameOf(item));
    }
  };
  const drawn = range(first, last);
  // The row with the focus stays, wherever the list was scrolled to.
  if (items.length > 0 && (at < first || at >= last)) {
    drawn.push(at);
  }
  return (
    <ul
      ref={ref}
      className="kr-Rows"
      aria-label={label}
      style={{ height: items.length * ROW_PX }}
      onKeyDown={walk}
    >
      {drawn.map(index => (
        <Row
          key={nameOf(items[index] as T)}
          {...props}
          item={items[index] as T}
          index={index}
          isPresent={index === at}
          onPresent={setPresent}
        />
      ))}
    </ul>
  );
}

interface RowProps<T> extends RowsProps<T> {
  item: T;
  index: number;
  isPresent: boolean;
  onPresent: (name: string) => void;
}

function Row<T>({ items, item, index, isPresent, ...props }: RowProps<T>): React.JSX.Element {
  const { nameOf, draw, onOpen, onPresent, action } = props;
  const reach = isPresent ? 0 : -1;
  return (
    <li
      style={{ top: index * ROW_PX }}
      aria-setsize={items.length}
      aria-posinset={index + 1}
      onFocus={() => onPresent(nameOf(item))}
    >
      <button type="button" className="kr-Row" tabIndex={reach} onClick={() => onOpen(item)}>
        {draw(item)}
      </button>
      {action && (
        <button
          type="button"
          className="kr-Button kr-small kr-RowAction"
          tabIndex={reach}
          aria-label={action.labelOf(item)}
          onClick={() => action.onDo(item)}
        >
          {action.title}
        </button>
      )}
    </li>
  );
}

/** The row that a key leads to; -1 for a key that leads nowhere. */
export function goal(key: string, at: number, count: number): number {
  const goals: Record<string, number> = {
    ArrowDown: at + 1,
    ArrowUp: at - 1,
    PageDown: Math.min(at + PAGE_ROWS, count - 1),
    PageUp: Math.max(at - PAGE_ROWS, 0),
    Home: 0,
    End: count - 1
  };
  const to = goals[key] ?? -1;
  return to < count ? to : -1;
}

function range(first: number, last: number): number[] {
  return Array.from({ length: Math.max(0, last - first) }, (_, step) => first + step);
}
