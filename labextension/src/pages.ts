/** Pages in the main area, one per name, that are there again after a reload. */

import type { ILayoutRestorer, JupyterFrontEnd } from '@jupyterlab/application';
import { MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { ISignal } from '@lumino/signaling';
import type { Widget } from '@lumino/widgets';

import { kronkersIcon } from './widgets/icons';

export interface PageKind<T extends Widget> {
  /** The command that opens one, such as `kronkers:open-model`. */
  command: string;
  /** What the command is called in the palette. */
  label: string;
  /** One sentence, shown where the command is offered as a card. */
  caption?: string;
  /** From the command's arguments, the name of what is shown: one page for each. Empty: nothing to open. */
  nameOf: (args: ReadonlyPartialJSONObject) => string;
  title: (name: string) => string;
  make: (name: string) => T;
  /** A page that was open already, is new or was restored is shown with these arguments. */
  turn?: (page: T, args: ReadonlyPartialJSONObject) => void;
  /** The arguments that `turn` should get after a reload, and the signal that they have changed. */
  kept?: (page: T) => ReadonlyPartialJSONObject;
  keptChanged?: (page: T) => ISignal<unknown, unknown>;
}

/**
 * Adds the command, and what brings its pages back when JupyterLab starts again: it is then called with
 * `{ name, ...kept }`, so `nameOf` takes `name` beside its own argument. The command gives back the page.
 */
export function addPages<T extends Widget>(
  app: JupyterFrontEnd,
  restorer: ILayoutRestorer | null,
  kind: PageKind<T>
): void {
  const namespace = kind.command.replace(':', '-');
  const tracker = new WidgetTracker<MainAreaWidget<T>>({ namespace });
  const open = (args: ReadonlyPartialJSONObject) => {
    const name = kind.nameOf(args);
    if (!name) {
      return undefined;
    }
    const id = `${namespace}-${name}`;
    let page = tracker.find(found => found.id === id);
    if (!page) {
      page = framed(kind, name, id);
      app.shell.add(page, 'main');
      keep(kind, page, tracker);
    }
    kind.turn?.(page.content, args);
    app.shell.activateById(id);
    return page;
  };
  app.commands.addCommand(kind.command, {
    label: kind.label,
    caption: kind.caption ?? '',
    icon: kronkersIcon,
    execute: open,
    describedBy: { args: null }
  });
  void restorer?.restore(tracker, {
    command: kind.command,
    args: page => ({ ...kind.kept?.(page.content), name: nameIn(page, namespace) }),
    name: page => nameIn(page, namespace)
  });
}

function framed<T extends Widget>(kind: PageKind<T>, name: string, id: string): MainAreaWidget<T> {
  const content = kind.make(name);
  const page = new MainAreaWidget({ content });
  // Its own buttons stand in the page; an empty bar above it would only be a line.
  page.toolbar.hide();
  page.id = id;
  page.title.label = kind.title(name);
  page.title.icon = kronkersIcon;
  page.title.closable = true;
  return page;
}

function keep<T extends Widget>(
  kind: PageKind<T>,
  page: MainAreaWidget<T>,
  tracker: WidgetTracker<MainAreaWidget<T>>
): void {
  void tracker.add(page);
  kind.keptChanged?.(page.content).connect(() => void tracker.save(page));
}

function nameIn(page: Widget, namespace: string): string {
  return page.id.slice(namespace.length + 1);
}
