/** Of a long list of equally high rows, those that are in view: a thousand rows cost what thirty cost. */

import * as React from 'react';

/** Rows `first` to `last` (not included) are drawn; `before` and `after` are the pixels that the others would take. */
export interface Window {
  first: number;
  last: number;
  before: number;
  after: number;
}

/** Rows that are drawn above and below those in view, so that scrolling never meets an empty place. */
const BEYOND = 8;

export function windowOf(count: number, rowPx: number, top: number, heightPx: number): Window {
  const first = Math.min(Math.max(0, Math.floor(top / rowPx) - BEYOND), count);
  const last = Math.min(count, Math.ceil((Math.max(0, top) + heightPx) / rowPx) + BEYOND);
  return { first, last, before: first * rowPx, after: (count - last) * rowPx };
}

/**
 * The window of `count` rows inside the nearest element that scrolls. `ref` goes to what holds the rows (a list, a
 * table's body); draw a spacer of `before` pixels, the rows, a spacer of `after`.
 */
export function useWindow<T extends HTMLElement>(
  count: number,
  rowPx: number
): Window & { ref: React.RefObject<T> } {
  const ref = React.useRef<T>(null);
  const [[top, height], setPlace] = React.useState([0, window.innerHeight]);
  React.useLayoutEffect(() => {
    const list = ref.current;
    const scroller = list && scrollerOf(list);
    if (!list || !scroller) {
      return;
    }
    const look = () => {
      const above = list.getBoundingClientRect().top - scroller.getBoundingClientRect().top;
      setPlace(([top, height]) => {
        const moved = Math.abs(-above - (top as number)) >= rowPx;
        const sized = scroller.clientHeight !== height;
        return moved || sized ? [-above, scroller.clientHeight] : [top as number, height as number];
      });
    };
    look();
    scroller.addEventListener('scroll', look, { passive: true });
    const lookTwice = () => {
      look();
      // What was hidden and is shown again may get its place back after it got its size, and no event tells.
      requestAnimationFrame(look);
    };
    const sizes = typeof ResizeObserver === 'undefined' ? null : new ResizeObserver(lookTwice);
    sizes?.observe(scroller);
    return () => {
      scroller.removeEventListener('scroll', look);
      sizes?.disconnect();
    };
  }, [rowPx]);
  return { ref, ...windowOf(count, rowPx, top as number, height as number) };
}

function scrollerOf(element: HTMLElement): HTMLElement | null {
  let found = element.parentElement;
  while (found && !/auto|scroll/.test(getComputedStyle(found).overflowY)) {
    found = found.parentElement;
  }
  return found;
}
