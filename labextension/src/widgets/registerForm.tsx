/** The form of *Register model*: which model, with which data, under which name. */

import * as React from 'react';

import type { Candidates, Preview } from '../api/types';
import type { Next } from '../state/notebook';
import { counted, hasAll, type Measure, sizeInWords, targetsFor } from '../state/proposing';
import type { Registering, Seen } from '../state/registering';
import type { Choice as Wish } from '../state/registration';
import { ProblemNotice } from './notice';
import type { RegisterActions } from './registering';
import { Choice, Field, Press, TextField } from './sheet';

export const NEXT: Record<Next, string> = {
  kernel: 'Choose a kernel…',
  restart: 'Restart and run all cells',
  run: 'Run all cells'
};

interface Parts {
  registering: Registering;
  actions: RegisterActions;
}

export function RegisterForm({ registering, actions }: Parts): React.JSX.Element {
  const { candidates, choice, problem, next } = registering.seen;
  const form = React.useRef<HTMLFormElement>(null);
  React.useEffect(() => {
    form.current?.querySelector<HTMLElement>('input:checked')?.focus();
  }, []);
  if (!candidates) {
    return <p role="status">…</p>;
  }
  const choose = (change: Partial<Wish>) => registering.choose(change);
  const ready = Object.keys(registering.faults).length === 0;
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    void registering.register();
  };
  return (
    <form className="kr-Form" ref={form} onSubmit={submit} noValidate>
      {problem && <ProblemNotice problem={problem} />}
      {problem && next && <Press onClick={() => actions.next(next)}>{NEXT[next]}</Press>}
      {candidates.busy && (
        <p className="kr-Quiet" role="status">
          The kernel runs a cell. That is no hindrance: it was asked beside it.
        </p>
      )}
      <Models registering={registering} candidates={candidates} />
      <div className="kr-Pair">
        <DataField registering={registering} candidates={candidates} />
        <TargetField registering={registering} candidates={candidates} />
      </div>
      <SignaturePreview seen={registering.seen} />
      <NameField registering={registering} />
      <div className="kr-Pair">
        <TextField
          label="Description"
          help="What the model is for, for those who look for one."
          rows={2}
          value={choice.description}
          put={description => choose({ description })}
        />
        <TextField
          label="Note"
          help="What is new in this version."
          rows={2}
          value={choice.note}
          put={note => choose({ note })}
        />
      </div>
      <Metrics registering={registering} />
      <details className="kr-More" open={choice.predict !== '' || choice.needs !== ''}>
        <summary>More</summary>
        <div className="kr-Pair">
          <TextField
            label="Predict with"
            help="A function (model, data) of the notebook, where the model has no predict."
            value={choice.predict}
            put={predict => choose({ predict })}
          />
          <TextField
            label="Needs"
            help="Names of the notebook, or packages, to carry along that are not found by themselves."
            value={choice.needs}
            put={needs => choose({ needs })}
          />
        </div>
      </details>
      <div className="kr-Foot">
        <Press onClick={actions.close}>Cancel</Press>
        <button type="submit" className="kr-Button kr-primary" disabled={!ready}>
          Register version {nextNumber(registering)}
        </button>
      </div>
    </form>
  );
}

function nextNumber({ existing }: Registering): number {
  return (existing?.latest_number ?? existing?.latest?.number ?? 0) + 1;
}

interface FieldParts {
  registering: Registering;
  candidates: Candidates;
}

function Models({ registering, candidates }: FieldParts): React.JSX.Element {
  const { variable } = registering.seen.choice;
  return (
    <fieldset className="kr-Choices">
      <legend>Model</legend>
      {candidates.models.map(model => (
        <Choice
          key={model.name}
          group="model"
          checked={model.name === variable}
          onChange={() => registering.choose({ variable: model.name })}
        >
          <span className="kr-Told kr-ChoiceName">{model.name}</span>
          <span className="kr-Told">{model.class}</span>
          <span className="kr-Quiet kr-Told kr-ChoiceFacts">
            {[
              registering.whereDefined(model),
              model.size_bytes == null ? '' : sizeInWords(model.size_bytes),
              featuresInWords(model.features)
            ]
              .filter(Boolean)
              .join(' · ')}
          </span>
        </Choice>
      ))}
    </fieldset>
  );
}

const SHOWN_FEATURES = 6;

function featuresInWords(features: string[] | null | undefined): string {
  if (!features || features.length === 0) {
    return '';
  }
  const shown = features.slice(0, SHOWN_FEATURES).join(', ');
  const left = features.length - SHOWN_FEATURES;
  return `fitted on ${shown}${left > 0 ? ` and ${left} more` : ''}`;
}

function DataField({ registering, candidates }: FieldParts): React.JSX.Element {
  const { data } = registering.seen.choice;
  const model = registering.chosen;
  const empty = candidates.data.length === 0;
  return (
    <Field
      label="Data"
      help={
        empty
          ? 'The notebook holds no table of rows. Keep the rows the model was fitted on under a name, then look again.'
          : 'The rows it was fitted on. Names and types of the inputs are read off them.'
      }
    >
      {ids => (
        <select
          {...ids}
          value={data}
          onChange={event => registering.choose({ data: event.target.value })}
        >
          {(data === '' || empty) && <option value="">{empty ? 'none found' : 'Choose…'}</option>}
          {candidates.data.map(table => (
            <option key={table.name} value={table.name}>
              {`${table.name} · ${counted(table.rows, 'row')} × ${counted(table.columns.length, 'column')}`}
              {model && hasAll(table, model) ? ' · has all its features' : ''}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

function TargetField({ registering, candidates }: FieldParts): React.JSX.Element {
  const { data, target } = registering.seen.choice;
  const table = candidates.data.find(({ name }) => name === data);
  const targets = table
    ? targetsFor(table, registering.chosen ?? undefined, candidates)
    : { columns: [], beside: [] };
  return (
    <Field label="Target" help="What it was fitted to; never an input.">
      {ids => (
        <select
          {...ids}
          value={target}
          onChange={event => registering.choose({ target: event.target.value })}
          disabled={!table}
        >
          <option value="">none: all columns are inputs</option>
          <Options label={`Columns of ${data}`} names={targets.columns} />
          <Options label="Of the notebook" names={targets.beside} />
        </select>
      )}
    </Field>
  );
}

function Options({
  label,
  names
}: {
  label: string;
  names: readonly string[];
}): React.JSX.Element | null {
  return names.length === 0 ? null : (
    <optgroup label={label}>
      {names.map(name => (
        <option key={name} value={name}>
          {name}
        </option>
      ))}
    </optgroup>
  );
}

const SHOWN_FIELDS = 12;

function SignaturePreview({ seen }: { seen: Seen }): React.JSX.Element {
  const { preview, previewing, previewProblem } = seen;
  return (
    <section className="kr-Signature" aria-label="Signature" aria-busy={previewing}>
      {previewProblem ? (
        <ProblemNotice problem={previewProblem} />
      ) : preview ? (
        <Fields preview={preview} />
      ) : (
        <p className="kr-Quiet">
          {previewing ? 'Reading the signature…' : 'The signature is shown once data are chosen.'}
        </p>
      )}
    </section>
  );
}

function Fields({ preview }: { preview: Preview }): React.JSX.Element {
  return (
    <>
      <dl>
        <FieldList title="Takes" fields={preview.inputs} />
        <FieldList title="Gives" fields={preview.outputs} />
      </dl>
      {preview.notes.map(note => (
        <p key={note} className="kr-Quiet kr-Told">
          {note}
        </p>
      ))}
    </>
  );
}

function FieldList({
  title,
  fields
}: {
  title: string;
  fields: Preview['inputs'];
}): React.JSX.Element | null {
  if (fields.length === 0) {
    return null;
  }
  const left = fields.length - SHOWN_FIELDS;
  return (
    <div className="kr-Fact">
      <dt>{title}</dt>
      <dd>
        {fields.slice(0, SHOWN_FIELDS).map(field => (
          <span key={field.name} className="kr-Typed">
            <span className="kr-Told">{field.name}</span>{' '}
            <span className="kr-Quiet">
              {field.levels ? counted(field.levels.length, 'level') : field.type}
              {field.missing ? ', may be missing' : ''}
            </span>
          </span>
        ))}
        {left > 0 && <span className="kr-Quiet">and {left} more</span>}
      </dd>
    </div>
  );
}

function NameField({ registering }: { registering: Registering }): React.JSX.Element {
  const { choice, models } = registering.seen;
  const fault = registering.faults.name;
  const { existing } = registering;
  return (
    <TextField
      label="Name"
      fault={fault}
      help={
        existing
          ? `Becomes version ${nextNumber(registering)} of ${choice.name}, which is there already.`
          : `A new model: this becomes version 1 of ${choice.name}.`
      }
      value={choice.name}
      put={name => registering.choose({ name })}
      list={models.map(({ name }) => name)}
    />
  );
}

function Metrics({ registering }: { registering: Registering }): React.JSX.Element {
  const { metrics } = registering.seen.choice;
  const fault = registering.faults.metrics;
  const change = (at: number, part: Partial<Measure>) =>
    registering.choose({
      metrics: metrics.map((one, k) => (k === at ? { ...one, ...part } : one))
    });
  const add = () =>
    registering.choose({ metrics: [...metrics, { name: '', value: '', taken: true }] });
  return (
    <fieldset className="kr-Choices">
      <legend>Metrics</legend>
      {metrics.length === 0 && (
        <p className="kr-Quiet">None found. Numbers under names such as rmse or auc are.</p>
      )}
      {metrics.map((measure, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: rows are only added at the end, and names are being typed
        <div key={at} className="kr-Measure">
          <input
            type="checkbox"
            aria-label={`Keep ${measure.name || 'this metric'}`}
            checked={measure.taken}
            onChange={event => change(at, { taken: event.target.checked })}
          />
          <input
            aria-label={`Name of metric ${at + 1}`}
            value={measure.name}
            onChange={event => change(at, { name: event.target.value })}
            spellCheck={false}
          />
          <input
            aria-label={`Value of ${measure.name || `metric ${at + 1}`}`}
            inputMode="decimal"
            value={measure.value}
            onChange={event => change(at, { value: event.target.value })}
          />
        </div>
      ))}
      {fault && (
        <p className="kr-Fault" role="alert">
          {fault}
        </p>
      )}
      <button type="button" className="kr-Button kr-small" onClick={add}>
        Add a metric
      </button>
    </fieldset>
  );
}
