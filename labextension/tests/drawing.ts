import type * as React from 'react';
import { flushSync } from 'react-dom';
import { createRoot } from 'react-dom/client';

/** What React draws of it, in the page, so that keys and clicks reach it. */
export function drawn(element: React.ReactElement): HTMLElement {
  const place = document.createElement('div');
  document.body.replaceChildren(place);
  const root = createRoot(place);
  flushSync(() => root.render(element));
  return place;
}

/** Does something to it, and waits until it is drawn anew. */
export function press(on: Element | null | undefined, key: string): void {
  flushSync(() => on?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true })));
}
