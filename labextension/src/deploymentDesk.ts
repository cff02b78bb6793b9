/** Decisions about a deployment, and its calls. Loaded when the first is asked for. */

import { Clipboard, Notification } from '@jupyterlab/apputils';

import { changeDeployment, listCalls, promote, rollBack } from './api/deployments';
import type { Request } from './api/request';
import type { Deployment } from './api/types';
import {
  type Around,
  lookAround,
  type Plan,
  promotePlan,
  rollBackPlan,
  stopPlan
} from './state/plans';
import { asProblem } from './state/watched';
import { decide } from './widgets/deployment/deciding';

const SHORTLY_MS = 4_000;

interface Decision {
  plan: (around: Around) => Plan;
  send: (request: Request, name: string, why: string, revision: number) => Promise<Deployment>;
  done: (deployment: Deployment) => string;
}

export type Decided = 'roll back' | 'promote' | 'stop';

const DECISIONS: Record<Decided, Decision> = {
  'roll back': {
    plan: rollBackPlan,
    send: rollBack,
    done: ({ name, follows }) => `${name} goes back to version ${follows}.`
  },
  promote: {
    plan: promotePlan,
    send: promote,
    done: ({ name, follows }) => `${name} goes on with version ${follows}.`
  },
  stop: {
    plan: stopPlan,
    send: (request, name, _why, revision) =>
      changeDeployment(request, name, { wanted: 'stopped' }, revision),
    done: ({ name }) => `${name} is stopped.`
  }
};

/** Says what will change, and does it if the person agrees. */
export async function decideAbout(request: Request, name: string, which: Decided): Promise<void> {
  const { plan, send, done } = DECISIONS[which];
  try {
    const decided = await decide({
      look: async () => plan(await lookAround(request, name)),
      send: (why, revision) => send(request, name, why, revision)
    });
    if (decided) {
      Notification.success(done(decided), { autoClose: SHORTLY_MS });
    }
  } catch (reason) {
    tell(reason);
  }
}

export async function copyCall(request: Request, name: string, language: string): Promise<void> {
  try {
    const [call] = (await listCalls(request, name, language)).items;
    Clipboard.copyToSystem(call?.code ?? '');
    Notification.success('The call is copied.', { autoClose: SHORTLY_MS });
  } catch (reason) {
    tell(reason);
  }
}

function tell(reason: unknown): void {
  const { message, remedy } = asProblem(reason);
  Notification.error([message, remedy].filter(Boolean).join(' '));
}
