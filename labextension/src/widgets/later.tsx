import * as React from 'react';

import { ProblemNotice } from './notice';

/** A view whose code comes when it is shown first, so that JupyterLab does not wait for it when it starts. */
export function later<P extends object>(
  load: () => Promise<React.ComponentType<P>>
): (props: P) => React.JSX.Element {
  const view = React.lazy(async () => {
    try {
      return { default: await load() };
    } catch {
      return { default: NotLoaded as React.ComponentType<P> };
    }
  });
  const View = view as unknown as React.ComponentType<P>;
  return props => (
    <React.Suspense fallback={null}>
      <View {...props} />
    </React.Suspense>
  );
}

/** Another release was installed while JupyterLab stood open, or the server is gone. */
function NotLoaded(): React.JSX.Element {
  const message = 'This page could not be loaded.';
  return <ProblemNotice problem={{ message, remedy: 'Reload JupyterLab in the browser.' }} />;
}
