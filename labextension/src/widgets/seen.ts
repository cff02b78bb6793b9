/** What a `Watched` has seen, in a component that is drawn anew when that changes. */

import * as React from 'react';

import type { Seen, Watched } from '../state/watched';

export function useSeen<T>(watched: Watched<T>): Seen<T> {
  const subscribe = React.useCallback(
    (heed: () => void) => {
      const slot = () => heed();
      watched.changed.connect(slot);
      return () => void watched.changed.disconnect(slot);
    },
    [watched]
  );
  return React.useSyncExternalStore(subscribe, () => watched.seen);
}
