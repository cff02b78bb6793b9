/** The dialogs *Register model* that are open or were closed. Loaded when the first one is asked for. */

import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { IStateDB } from '@jupyterlab/statedb';
import * as React from 'react';

import type { IKronkers } from './kronkers';
import { OpenNotebook } from './notebooks';
import type { Next } from './state/notebook';
import { Registering } from './state/registering';
import { type RegisterActions, RegisterView } from './widgets/registering';
import { Sheet, SheetBody } from './widgets/sheet';

const REMEMBERED = 'jupyter-kronkers:registered-as';

/** What is being registered, by notebook: a dialog that was closed opens again with what was typed. */
export class Desk {
  private readonly _open = new WeakMap<NotebookPanel, Registering>();
  private _sheet: Sheet | null = null;

  constructor(
    private readonly app: JupyterFrontEnd,
    private readonly kronkers: IKronkers,
    private readonly states: IStateDB | null
  ) {}

  async open(panel: NotebookPanel): Promise<void> {
    if (this._sheet) {
      return;
    }
    const registering = this._open.get(panel) ?? (await this.begin(panel));
    if (registering.seen.phase !== 'sending' && registering.seen.phase !== 'done') {
      void registering.look();
    }
    await this.show(panel, registering);
    if (registering.seen.phase === 'done') {
      this.end(panel, registering);
    } else if (registering.seen.phase === 'sending') {
      this.tellLater(panel, registering);
    }
  }

  private async begin(panel: NotebookPanel): Promise<Registering> {
    const { request, changes } = this.kronkers;
    const notebook = new OpenNotebook(panel);
    const names = (await this.states?.fetch(REMEMBERED)) as Record<string, string> | undefined;
    const made = new Registering(request, changes.happened, notebook, names?.[notebook.path]);
    this._open.set(panel, made);
    return made;
  }

  private async show(panel: NotebookPanel, registering: Registering): Promise<void> {
    const actions: RegisterActions = {
      next: next => void this.goOn(panel, registering, next),
      run: (command, args) => {
        this._sheet?.reject();
        void this.app.commands.execute(command, args);
      },
      close: () => this._sheet?.reject()
    };
    const body = new SheetBody(() => React.createElement(RegisterView, { registering, actions }));
    const sheet = new Sheet('Register model', body);
    this._sheet = sheet;
    try {
      await sheet.launch();
    } finally {
      this._sheet = null;
    }
  }

  /** Commands that ask something in a dialog of their own need ours closed; it opens again behind them. */
  private async goOn(panel: NotebookPanel, registering: Registering, next: Next): Promise<void> {
    const { commands, shell } = this.app;
    if (next === 'run') {
      void registering.lookAfter(commands.execute('notebook:run-all-cells'));
      return;
    }
    if (next === 'restart') {
      const restarted = panel.sessionContext.restartKernel();
      const ran = restarted.then(() => commands.execute('notebook:run-all-cells'));
      void registering.lookAfter(ran);
      return;
    }
    this._sheet?.reject();
    shell.activateById(panel.id);
    await commands.execute('notebook:change-kernel');
    await this.open(panel);
  }

  private end(panel: NotebookPanel, registering: Registering): void {
    const { version } = registering.seen;
    if (version) {
      void this.remember(registering.notebook.path, version.model);
    }
    this._open.delete(panel);
    registering.dispose();
  }

  private async remember(path: string, name: string): Promise<void> {
    const names = (await this.states?.fetch(REMEMBERED)) as Record<string, string> | undefined;
    await this.states?.save(REMEMBERED, { ...names, [path]: name });
  }

  /** The dialog was closed while the model was being registered: says how that ended. */
  private tellLater(panel: NotebookPanel, registering: Registering): void {
    const show = { label: 'Show', callback: () => void this.open(panel) };
    const hear = () => {
      const { phase, version, problem } = registering.seen;
      if (phase === 'sending' || phase === 'waiting') {
        return;
      }
      registering.changed.disconnect(hear);
      if (this._sheet) {
        return;
      }
      if (phase === 'done' && version) {
        const verdict = version.state === 'rejected' ? 'is rejected' : 'is registered';
        const words = `${version.model} version ${version.number} ${verdict}.`;
        const tell = version.state === 'rejected' ? Notification.warning : Notification.success;
        tell(words, { actions: [show], autoClose: 10_000 });
      } else if (problem) {
        Notification.error(`${problem.message} ${problem.remedy}`, { actions: [show] });
      }
    };
    registering.changed.connect(hear);
  }
}
