import * as React from 'react';

import type { Deployment } from '../api/types';
import { chosenDeployments } from '../state/choice';
import type { Seen } from '../state/watched';
import { servedInWords, wordingOf } from '../state/words';
import type { Run } from './models';
import { Part } from './part';
import { Rows } from './rows';

interface DeploymentListProps {
  seen: Seen<readonly Deployment[]>;
  search: string;
  onShowAll: () => void;
  onRetry: () => void;
  run: Run;
}

export function DeploymentList(props: DeploymentListProps): React.JSX.Element {
  const { seen, search, onShowAll, onRetry, run } = props;
  const deployments = seen.value ?? [];
  const shown = chosenDeployments(deployments, search);
  return (
    <Part
      seen={seen}
      noun="deployment"
      count={deployments.length}
      shown={shown.length}
      empty={<NoDeployments />}
      onShowAll={search.trim() ? onShowAll : undefined}
      onRetry={onRetry}
    >
      <Rows
        label="Deployments"
        items={shown}
        nameOf={deployment => deployment.name}
        draw={deployment => <DeploymentRow deployment={deployment} />}
        onOpen={deployment => run('kronkers:open-deployment', { deployment: deployment.name })}
        action={{
          title: 'Copy call',
          labelOf: deployment => `Copy call of ${deployment.name}`,
          onDo: deployment => run('kronkers:copy-call', { deployment: deployment.name })
        }}
      />
    </Part>
  );
}

function NoDeployments(): React.JSX.Element {
  return (
    <p>
      Nothing is deployed yet. Press “Deploy” beside a model, and programs can ask it for
      predictions.
    </p>
  );
}

function DeploymentRow({ deployment }: { deployment: Deployment }): React.JSX.Element {
  const { words, tone } = wordingOf(deployment);
  const { name, live, reason, remedy } = deployment;
  return (
    <>
      <span className="kr-RowHead">
        <span className="kr-Name kr-Told" title={name}>
          {name}
        </span>
        {live !== null && (
          <span className="kr-Badges">
            <span className="kr-Badge" title={`Version ${live} answers`}>
              version {live}
            </span>
          </span>
        )}
      </span>
      <span className="kr-RowLine" title={[reason, remedy].filter(Boolean).join(' ')}>
        <span className={`kr-Dot kr-${tone}`} aria-hidden="true" />
        <span className="kr-Told">
          <span className="kr-State">{words}</span>
          {` · ${reason || share(deployment)}`}
        </span>
      </span>
    </>
  );
}

function share(deployment: Deployment): string {
  const { canary_state, percent } = deployment;
  const canary = canary_state ? ` · ${percent} % to version ${canary_state.number}` : '';
  return `${servedInWords(deployment)}${canary}`;
}
