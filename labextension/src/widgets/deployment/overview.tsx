/** How it is doing: traffic, what runs beside it, and its processes. */

import * as React from 'react';

import { Beside } from './beside';
import type { PartProps } from './page';
import { Replicas } from './replicas';
import { TrafficNow } from './traffic';

export function Overview(props: PartProps): React.JSX.Element {
  return (
    <>
      <TrafficNow {...props} />
      <Beside {...props} />
      <Replicas {...props} />
    </>
  );
}
