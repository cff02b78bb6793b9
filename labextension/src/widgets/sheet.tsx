/** A dialog that goes through several steps without being closed: its buttons stand in its body. */

import { Dialog } from '@jupyterlab/apputils';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { ISignal } from '@lumino/signaling';
import * as React from 'react';

const REACHED =
  'a[href], button:not(:disabled), input:not(:disabled), select:not(:disabled), textarea:not(:disabled), summary';

export class Sheet extends Dialog<void> {
  constructor(title: string, body: ReactWidget) {
    super({ title, body, buttons: [], hasClose: true });
    this.addClass('kr-Sheet');
    this.node.setAttribute('aria-label', title);
    this.node.tabIndex = -1;
    void this.ready.then(() => this.node.focus());
  }

  /** A Dialog takes Enter for its own buttons, and a click beside it closes it with all that was typed. */
  override handleEvent(event: Event): void {
    if (event.type === 'keydown' && (event as KeyboardEvent).key !== 'Escape') {
      this.keepInside(event as KeyboardEvent);
    } else if (event.type === 'click' && event.target === this.node) {
      event.stopPropagation();
    } else if (event.type !== 'contextmenu') {
      super.handleEvent(event);
    }
  }

  /** Tab goes round. */
  private keepInside(event: KeyboardEvent): void {
    if (event.key !== 'Tab') {
      return;
    }
    const shown = [...this.node.querySelectorAll<HTMLElement>(REACHED)];
    const reached = shown.filter(node => node.offsetParent !== null);
    const [from, to] = event.shiftKey ? [reached[0], reached.at(-1)] : [reached.at(-1), reached[0]];
    if (document.activeElement === from || !this.node.contains(document.activeElement)) {
      event.preventDefault();
      to?.focus();
    }
  }
}

/** A body of React parts. */
export class SheetBody extends ReactWidget {
  constructor(private readonly parts: () => React.JSX.Element) {
    super();
    this.addClass('kr-SheetBody');
  }

  protected override render(): React.JSX.Element {
    return this.parts();
  }
}

/** What `thing` shows now; draws again when it changes, at once, so that inputs keep their cursor. */
export function useSeen<T>(thing: { readonly seen: T; readonly changed: ISignal<unknown, T> }): T {
  const [, draw] = React.useReducer((count: number) => count + 1, 0);
  React.useEffect(() => {
    const hear = () => draw();
    thing.changed.connect(hear);
    hear();
    return () => void thing.changed.disconnect(hear);
  }, [thing]);
  return thing.seen;
}

/** The part that had the focus may be gone after a step; then the dialog has it, so that Escape and Tab go on. */
export function useFocusKept(step: string): React.RefObject<HTMLDivElement> {
  const root = React.useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: it looks after each step
  React.useEffect(() => {
    if (document.activeElement === document.body) {
      root.current?.closest<HTMLElement>('.kr-Sheet')?.focus();
    }
  }, [step]);
  return root;
}

interface Ids {
  'aria-labelledby': string;
  'aria-describedby': string;
  'aria-invalid'?: true;
}

/** An input under its label. What is wrong with it stands in the place of its help. */
export function Field({
  label,
  help,
  fault,
  children
}: {
  label: string;
  help: string;
  fault?: string | undefined;
  children: ((ids: Ids) => React.ReactNode) | [(ids: Ids) => React.ReactNode, React.ReactNode];
}): React.JSX.Element {
  const [control, beside] = Array.isArray(children) ? children : [children];
  const id = React.useId();
  const ids = { 'aria-labelledby': `${id}l`, 'aria-describedby': `${id}h` };
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is what `children` gives
    <label className="kr-Field">
      <span id={`${id}l`}>{label}</span>
      {control(fault ? { ...ids, 'aria-invalid': true } : ids)}
      {beside}
      <small id={`${id}h`} className={fault ? 'kr-Fault' : ''} aria-live="polite">
        {fault ?? help}
      </small>
    </label>
  );
}

interface TextFieldProps {
  label: string;
  help: string;
  fault?: string | undefined;
  value: string | number;
  put: (text: string) => void;
  /** More than one: a text of several lines. */
  rows?: number;
  /** A whole number between these two. */
  range?: readonly [least: number, most: number];
  /** Names to choose from while typing. */
  list?: readonly string[];
}

/** A text, or a whole number, under its label. */
export function TextField(props: TextFieldProps): React.JSX.Element {
  const { label, help, fault, value, put, rows, range, list } = props;
  const names = React.useId();
  const type = (event: { target: { value: string } }) => put(event.target.value);
  return (
    <Field label={label} help={help} fault={fault}>
      {ids =>
        rows ? (
          <textarea {...ids} rows={rows} value={value} onChange={type} />
        ) : (
          <input
            {...ids}
            {...(range ? { type: 'number', min: range[0], max: range[1] } : {})}
            value={value}
            onChange={type}
            autoComplete="off"
            spellCheck={false}
            list={list && names}
          />
        )
      }
      {list && (
        <datalist id={names}>
          {list.map(name => (
            <option key={name} value={name} />
          ))}
        </datalist>
      )}
    </Field>
  );
}

interface PressProps {
  onClick: () => void;
  primary?: boolean;
  disabled?: boolean;
  describedBy?: string | undefined;
  children: React.ReactNode;
}

export function Press(props: PressProps): React.JSX.Element {
  return (
    <button
      type="button"
      className={`kr-Button${props.primary ? ' kr-primary' : ''}`}
      onClick={props.onClick}
      disabled={props.disabled}
      aria-describedby={props.describedBy}
    >
      {props.children}
    </button>
  );
}

/** One of several to choose from. */
export function Choice({
  group,
  checked,
  onChange,
  children
}: {
  group: string;
  checked: boolean;
  onChange: () => void;
  children: React.ReactNode;
}): React.JSX.Element {
  return (
    <label className="kr-Choice">
      <input type="radio" name={`kr-${group}`} checked={checked} onChange={onChange} />
      {children}
    </label>
  );
}

/** Seconds since `began`, moving. */
export function Elapsed({
  began,
  until
}: {
  began: number;
  until?: number | undefined;
}): React.JSX.Element {
  const [now, tick] = React.useState(Date.now());
  React.useEffect(() => {
    if (until === undefined) {
      const timer = setInterval(() => tick(Date.now()), 100);
      return () => clearInterval(timer);
    }
    return undefined;
  }, [until]);
  const seconds = Math.max(0, (until ?? now) - began) / 1000;
  return <span className="kr-Elapsed">{seconds.toFixed(1)} s</span>;
}

/** What goes on, step by step: those before `at` are done. */
export function Steps<S extends string>({
  steps,
  at,
  began
}: {
  steps: readonly (readonly [S, string])[];
  at: S;
  began: Partial<Record<S, number>>;
}): React.JSX.Element {
  const place = steps.findIndex(([step]) => step === at);
  return (
    <>
      <p className="kr-Heard" role="status">
        {steps[place]?.[1]}
      </p>
      <ol className="kr-Steps">
        {steps.map(([step, words], index) => {
          const start = began[step];
          const next = steps.slice(index + 1).map(([later]) => began[later]);
          const end = next.find(moment => moment !== undefined);
          const state = index < place ? 'done' : index === place ? 'now' : 'later';
          return (
            <li
              key={step}
              className={`kr-${state}`}
              aria-current={state === 'now' ? 'step' : undefined}
            >
              <span className="kr-Mark" aria-hidden="true">
                {state === 'done' ? '✓' : ''}
              </span>
              <span>{words}</span>
              {start !== undefined && state !== 'later' && <Elapsed began={start} until={end} />}
            </li>
          );
        })}
      </ol>
    </>
  );
}
