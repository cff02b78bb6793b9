/** The living processes, and how many there should be. */

import * as React from 'react';

import { changeDeployment } from '../../api/deployments';
import type { Deployment, Replica } from '../../api/types';
import { agoInWords } from '../../state/ago';
import { bytesInWords, counted, countInWords, momentInWords } from '../../state/times';
import { ProblemNotice } from '../notice';
import { useSeen } from '../seen';
import type { PartProps } from './page';
import { useDecision } from './useDecision';

const STATES: Record<string, string> = {
  starting: 'starting',
  idle: 'waits for requests',
  busy: 'answers',
  spare: 'stands by',
  ending: 'ends'
};

export function Replicas(props: PartProps): React.JSX.Element {
  const { view, deployment } = props;
  const { value, problem } = useSeen(view.replicas);
  return (
    <section aria-label="Replicas">
      <h2>
        Replicas <span className="kr-Quiet kr-Aside">{wishInWords(deployment)}</span>
      </h2>
      {problem && !value && (
        <ProblemNotice problem={problem} onRetry={() => void view.replicas.refresh()} />
      )}
      {value && value.length > 0 && <Processes replicas={value} />}
      {value?.length === 0 && <p className="kr-Empty">{noneInWords(deployment)}</p>}
      <Scale key={`${deployment.replicas} ${deployment.spares}`} {...props} />
    </section>
  );
}

function wishInWords({ replicas, spares, memory_bytes }: Deployment): string {
  const memory = memory_bytes > 0 ? ` · ${bytesInWords(memory_bytes)} in all` : '';
  return `${countInWords(replicas)} wished${spares > 0 ? `, ${counted(spares, 'spare')}` : ''}${memory}`;
}

function noneInWords({ state }: Deployment): string {
  return state === 'idle'
    ? 'No process runs while it sleeps.'
    : 'No process runs for it now. The state above says why.';
}

function Processes({ replicas }: { replicas: readonly Replica[] }): React.JSX.Element {
  const now = new Date();
  return (
    <div className="kr-Frame">
      <table className="kr-Table">
        <thead>
          <tr>
            <th scope="col">Process</th>
            <th scope="col">Version</th>
            <th scope="col">Role</th>
            <th scope="col">State</th>
            <th scope="col" className="kr-number">
              Memory
            </th>
            <th scope="col" className="kr-number">
              Answered
            </th>
            <th scope="col">Since</th>
          </tr>
        </thead>
        <tbody>
          {replicas.map(replica => (
            <tr key={`${replica.pid} ${replica.started_at}`}>
              <th scope="row">{replica.pid ?? '–'}</th>
              <td>{replica.version}</td>
              <td>{replica.warm && replica.role === 'live' ? 'warm' : replica.role}</td>
              <td>{STATES[replica.state] ?? replica.state}</td>
              <td className="kr-number">
                {replica.memory_bytes > 0 ? bytesInWords(replica.memory_bytes) : '–'}
              </td>
              <td className="kr-number">{countInWords(replica.answered)}</td>
              <td title={momentInWords(replica.started_at)}>
                {agoInWords(replica.started_at, now)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The button says what it will do, and does it only then. */
function Scale({ view, deployment }: PartProps): React.JSX.Element {
  const [replicas, setReplicas] = React.useState(String(deployment.replicas));
  const [spares, setSpares] = React.useState(String(deployment.spares));
  const { busy, problem, decide } = useDecision(view);
  const wish = { replicas: Number(replicas), spares: Number(spares) };
  const same = wish.replicas === deployment.replicas && wish.spares === deployment.spares;
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    void decide(() => changeDeployment(view.request, view.name, wish, deployment.revision));
  };
  return (
    <>
      {problem && <ProblemNotice problem={problem} />}
      <form className="kr-Scale" aria-label="How many processes" onSubmit={submit}>
        <label className="kr-Field">
          <span>Replicas</span>
          <input
            type="number"
            min={1}
            max={64}
            required
            value={replicas}
            onChange={({ target }) => setReplicas(target.value)}
          />
          <small>that answer</small>
        </label>
        <label className="kr-Field">
          <span>Spares</span>
          <input
            type="number"
            min={0}
            max={8}
            required
            value={spares}
            onChange={({ target }) => setSpares(target.value)}
          />
          <small>that stand by for one that dies</small>
        </label>
        <button type="submit" className="kr-Button" disabled={busy || same}>
          {busy ? 'Changing…' : same ? 'As it is' : scaleInWords(wish)}
        </button>
      </form>
    </>
  );
}

function scaleInWords({ replicas, spares }: { replicas: number; spares: number }): string {
  const also = spares > 0 ? ` and ${counted(spares, 'spare')}` : '';
  return `Run ${counted(replicas, 'replica')}${also}`;
}
