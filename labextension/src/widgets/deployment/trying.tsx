/** Try it: a form made from the signature, with an example filled in; the real endpoint answers. */

import * as React from 'react';

import { predict } from '../../api/deployments';
import { RequestFailed } from '../../api/request';
import type { DeploymentExample, FaultFound, Field, Tried } from '../../api/types';
import { msInWords } from '../../state/traffic';
import {
  bodyOf,
  bodyOfJson,
  byField,
  choicesOf,
  type Entry,
  entryOf,
  jsonOf,
  kindInWords,
  kindOf,
  placeInWords
} from '../../state/trying';
import { asProblem, type Problem } from '../../state/watched';
import { CopyButton } from '../copy';
import { ProblemNotice } from '../notice';
import { useSeen } from '../seen';
import type { PartProps } from './page';

export function TryIt(props: PartProps): React.JSX.Element {
  const { view, deployment } = props;
  const { value, problem } = useSeen(view.example);
  if (deployment.wanted === 'stopped') {
    return <p className="kr-Empty">It is stopped and answers nobody. Press Start, then try it.</p>;
  }
  if (!value) {
    return problem ? (
      <ProblemNotice problem={problem} onRetry={() => void view.example.refresh()} />
    ) : (
      <p className="kr-Quiet" role="status">
        Looking for an example…
      </p>
    );
  }
  return <Trying key={fingerprint(value)} {...props} example={value} />;
}

/** Another version with the same inputs keeps what was typed. */
function fingerprint({ fields }: DeploymentExample): string {
  return JSON.stringify(fields);
}

interface Outcome {
  tried: Tried | null;
  problem: Problem | null;
  faults: readonly FaultFound[];
}

const NOTHING: Outcome = { tried: null, problem: null, faults: [] };

function Trying({
  view,
  deployment,
  example
}: PartProps & { example: DeploymentExample }): React.JSX.Element {
  const [asJson, setAsJson] = React.useState(false);
  const [entries, setEntries] = React.useState(() => entriesOf(example));
  const [json, setJson] = React.useState(() => jsonOf(example.columns, example.rows));
  const [version, setVersion] = React.useState('');
  const [outcome, setOutcome] = React.useState<Outcome>(NOTHING);
  const [asking, setAsking] = React.useState(false);
  const form = React.useRef<HTMLFormElement>(null);
  const names = example.fields.map(({ name }) => name);
  const { fields, rest } = byField(outcome.faults, asJson ? [] : names);
  const hasCanary = deployment.canary_state !== null;

  const submit = async (event: React.FormEvent) => {
    event.preventDefault();
    const use = hasCanary ? version : '';
    const made = asJson ? bodyOfJson(json, use) : bodyOf(example.fields, entries, use);
    if (!('body' in made)) {
      setOutcome('faults' in made ? { ...NOTHING, ...made } : failed(made.problem));
      return;
    }
    setAsking(true);
    setOutcome(await ask(() => predict(view.request, view.name, made.body)));
    setAsking(false);
  };
  React.useEffect(() => {
    if (outcome.faults.length > 0) {
      form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
    }
  }, [outcome]);

  return (
    <div className="kr-Try">
      <form ref={form} onSubmit={event => void submit(event)} noValidate aria-label="Try it">
        <div className="kr-TryHead">
          <label>
            <input
              type="checkbox"
              checked={asJson}
              onChange={({ target }) => {
                setAsJson(target.checked);
                setOutcome(NOTHING);
              }}
            />{' '}
            Several rows, as JSON
          </label>
          <button
            type="button"
            className="kr-Link"
            onClick={() => {
              setEntries(entriesOf(example));
              setJson(jsonOf(example.columns, example.rows));
              setOutcome(NOTHING);
            }}
          >
            Fill in the example again
          </button>
        </div>
        {asJson ? (
          <label className="kr-Field">
            <span>Rows</span>
            <textarea
              rows={Math.min(18, Math.max(8, json.split('\n').length))}
              spellCheck={false}
              value={json}
              aria-invalid={outcome.problem !== null || rest.length > 0}
              onChange={({ target }) => setJson(target.value)}
            />
            <small>A list of objects, one for each row. A missing value is null.</small>
          </label>
        ) : (
          <div className="kr-Fields">
            {example.fields.map((field, at) => (
              <FieldInput
                key={field.name}
                field={field}
                entry={entries[at] as Entry}
                fault={fields.get(field.name) ?? ''}
                change={entry =>
                  setEntries(entries.map((old, index) => (index === at ? entry : old)))
                }
              />
            ))}
          </div>
        )}
        <div className="kr-TryFoot">
          <button type="submit" className="kr-Button kr-primary" disabled={asking}>
            {asking ? 'Asking…' : 'Predict'}
          </button>
          {hasCanary && <Which version={version} choose={setVersion} />}
        </div>
      </form>
      <div aria-live="polite">
        {outcome.problem && <ProblemNotice problem={outcome.problem} />}
        {rest.length > 0 && <Faults faults={outcome.faults} names={asJson ? [] : names} />}
        {outcome.tried && <Answer tried={outcome.tried} />}
      </div>
    </div>
  );
}

function entriesOf({ fields, columns, rows }: DeploymentExample): Entry[] {
  return fields.map(({ name }) => entryOf(rows[0]?.[columns.indexOf(name)]));
}

function failed(message: string): Outcome {
  return { ...NOTHING, problem: { message, remedy: '' } };
}

async function ask(doing: () => Promise<Tried>): Promise<Outcome> {
  try {
    return { ...NOTHING, tried: await doing() };
  } catch (reason) {
    const faults = reason instanceof RequestFailed ? reason.faults : [];
    // Where each fault stands at its field, the whole sentence would say it twice.
    return faults.length > 0 ? { ...NOTHING, faults } : { ...NOTHING, problem: asProblem(reason) };
  }
}

function Which({
  version,
  choose
}: {
  version: string;
  choose: (version: string) => void;
}): React.JSX.Element {
  return (
    <label className="kr-Field kr-Inline">
      <span>Asked is</span>
      <select value={version} onChange={({ target }) => choose(target.value)}>
        <option value="">whoever is next, as for everybody</option>
        <option value="stable">the stable version</option>
        <option value="canary">the canary</option>
      </select>
    </label>
  );
}

interface FieldInputProps {
  field: Field;
  entry: Entry;
  fault: string;
  change: (entry: Entry) => void;
}

function FieldInput({ field, entry, fault, change }: FieldInputProps): React.JSX.Element {
  const id = React.useId();
  const described = `${id}-about${fault ? ` ${id}-fault` : ''}`;
  const shared = {
    id,
    disabled: entry.missing && field.missing === true,
    'aria-describedby': described,
    'aria-invalid': fault !== ''
  };
  const type = (text: string) => change({ text, missing: false });
  return (
    <div className="kr-Field">
      <label htmlFor={id} className="kr-Told kr-FieldName">
        {field.name}
      </label>
      {kindOf(field) === 'choice' ? (
        <select {...shared} value={entry.text} onChange={({ target }) => type(target.value)}>
          {/* What is not among the choices can be seen, and is refused in words. */}
          {!choicesOf(field).some(([value]) => value === entry.text) && (
            <option value={entry.text}>{entry.text}</option>
          )}
          {choicesOf(field).map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
      ) : (
        <input
          {...shared}
          type="text"
          inputMode={inputModeOf(field)}
          autoComplete="off"
          spellCheck={false}
          value={entry.text}
          onChange={({ target }) => type(target.value)}
        />
      )}
      <small id={`${id}-about`}>
        {kindInWords(field)}
        {field.missing ? ', may be missing' : ''}
      </small>
      {field.missing && (
        <label className="kr-Missing">
          <input
            type="checkbox"
            checked={entry.missing}
            onChange={({ target }) => change({ ...entry, missing: target.checked })}
          />{' '}
          missing<span className="kr-Heard"> {field.name}</span>
        </label>
      )}
      {fault && (
        <span id={`${id}-fault`} className="kr-Fault kr-Told" role="alert">
          {fault}
        </span>
      )}
    </div>
  );
}

function inputModeOf(field: Field): 'decimal' | 'numeric' | 'text' {
  const modes = { number: 'decimal', integer: 'numeric' } as const;
  const kind = kindOf(field);
  return kind === 'number' || kind === 'integer' ? modes[kind] : 'text';
}

/** Faults that stand at no field of the form. */
function Faults({
  faults,
  names
}: {
  faults: readonly FaultFound[];
  names: readonly string[];
}): React.JSX.Element {
  const left = faults.filter(fault => byField([fault], names).rest.length > 0);
  return (
    <div className="kr-Problem" role="alert">
      <ul className="kr-FaultList">
        {left.map(({ field, problem }) => (
          <li key={`${field} ${problem}`}>
            <b>{placeInWords(field)}</b> {problem}
          </li>
        ))}
      </ul>
    </div>
  );
}

function Answer({ tried }: { tried: Tried }): React.JSX.Element {
  const { columns, rows, version, elapsed_ms, prediction_id } = tried;
  return (
    <section className="kr-Card kr-Answer" aria-label="Answer">
      <div className="kr-Frame">
        <table className="kr-Table">
          <thead>
            <tr>
              {rows.length > 1 && <th scope="col">Row</th>}
              {columns.map(name => (
                <th key={name} scope="col" className="kr-Told">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: rows of an answer have no other name
              <tr key={at}>
                {rows.length > 1 && <th scope="row">{at + 1}</th>}
                {row.map((cell, column) => (
                  <td key={columns[column]} className="kr-Told">
                    {cell === null ? <span className="kr-Quiet">missing</span> : String(cell)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p className="kr-Line">
        <span>
          Answered by <b>version {version}</b> in <b>{msInWords(elapsed_ms)}</b>
        </span>
        <span>
          · prediction <code>{prediction_id}</code>
        </span>
        <CopyButton text={prediction_id} what="id" small />
      </p>
    </section>
  );
}
