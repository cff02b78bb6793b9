import * as React from 'react';

import type { Deployment } from '../api/types';
import { wordingOf } from '../state/words';
import { Fact, Section } from './section';

interface DeploymentListProps {
  deployments: readonly Deployment[];
}

export function DeploymentList({ deployments }: DeploymentListProps): React.JSX.Element {
  return (
    <Section title="Deployments" count={deployments.length} empty={<NoDeployments />}>
      {deployments.map(deployment => (
        <DeploymentItem key={deployment.name} deployment={deployment} />
      ))}
    </Section>
  );
}

function NoDeployments(): React.JSX.Element {
  return (
    <>
      <p>Nothing is deployed yet. In a terminal:</p>
      <code>jupyter kronkers deployments create NAME MODEL</code>
    </>
  );
}

function DeploymentItem({ deployment }: { deployment: Deployment }): React.JSX.Element {
  const { words, tone } = wordingOf(deployment);
  return (
    <li>
      <details className="kr-Item">
        <summary>
          <span className="kr-Name">{deployment.name}</span>
          <span className="kr-Line">
            <span className={`kr-Dot kr-${tone}`} aria-hidden="true" />
            <span className="kr-State">{words}</span>
            <span>{servedBy(deployment)}</span>
          </span>
        </summary>
        <dl>
          <Fact name="Serves">{wanted(deployment)}</Fact>
          {deployment.reason && <Fact name="Why">{deployment.reason}</Fact>}
          {deployment.remedy && <Fact name="What to do">{deployment.remedy}</Fact>}
        </dl>
      </details>
    </li>
  );
}

/** "bike-demand/3", or the model alone while no version answers. */
function servedBy({ model, live }: Deployment): string {
  return live === null ? model : `${model}/${live}`;
}

function wanted({ model, alias, version }: Deployment): string {
  return alias === null ? `version ${version} of ${model}` : `the ${alias} of ${model}`;
}
