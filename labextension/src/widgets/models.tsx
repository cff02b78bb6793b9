import * as React from 'react';

import type { Model } from '../api/types';
import { agoInWords } from '../state/ago';
import {
  type Choice,
  chosenModels,
  isNarrow,
  languagesOf,
  type Order,
  ownersOf
} from '../state/choice';
import type { Seen } from '../state/watched';
import { aliasesInOrder, languageInWords } from '../state/words';
import { Part } from './part';
import { Rows } from './rows';

/** Runs a command of JupyterLab. */
export type Run = (command: string, args?: Record<string, string | number>) => void;

interface ModelListProps {
  seen: Seen<readonly Model[]>;
  choice: Choice;
  onChoose: (change: Partial<Choice>) => void;
  onRetry: () => void;
  run: Run;
}

export function ModelList({
  seen,
  choice,
  onChoose,
  onRetry,
  run
}: ModelListProps): React.JSX.Element {
  const models = seen.value ?? [];
  const shown = React.useMemo(() => chosenModels(models, choice), [models, choice]);
  return (
    <Part
      seen={seen}
      noun="model"
      count={models.length}
      shown={shown.length}
      empty={<NoModels run={run} />}
      head={<Filters models={models} choice={choice} onChoose={onChoose} />}
      onShowAll={
        isNarrow(choice) ? () => onChoose({ search: '', language: '', owner: '' }) : undefined
      }
      onRetry={onRetry}
    >
      <Rows
        label="Models"
        items={shown}
        nameOf={model => model.name}
        draw={model => <ModelRow model={model} order={choice.order} />}
        onOpen={model => run('kronkers:open-model', { model: model.name })}
        action={{
          title: 'Deploy',
          labelOf: model => `Deploy ${model.name}`,
          onDo: model => run('kronkers:deploy', { model: model.name })
        }}
      />
    </Part>
  );
}

function NoModels({ run }: { run: Run }): React.JSX.Element {
  return (
    <>
      <p>
        No models yet. Open a notebook, fit a model, press “Register model” in its toolbar. Or in
        code:
      </p>
      <code>kronkers.register(model, "my-model", data=X)</code>
      <div className="kr-Actions">
        <button
          type="button"
          className="kr-Button kr-primary"
          onClick={() => run('kronkers:start')}
        >
          Show me how
        </button>
      </div>
    </>
  );
}

const ORDERS: [Order, string][] = [
  ['name', 'By name'],
  ['trained', 'Last trained first'],
  ['health', 'Trouble first']
];

interface FiltersProps {
  models: readonly Model[];
  choice: Choice;
  onChoose: (change: Partial<Choice>) => void;
}

/** Each is there only where it has something to choose from. */
function Filters({ models, choice, onChoose }: FiltersProps): React.JSX.Element | null {
  const languages = languagesOf(models);
  const owners = ownersOf(models);
  if (models.length < 2) {
    return null;
  }
  const named = (values: string[], all: string, word: (value: string) => string) =>
    [['', all], ...values.map(value => [value, word(value)])] as [string, string][];
  return (
    <div className="kr-Filters">
      {(languages.length > 1 || choice.language) && (
        <Select
          label="Language"
          value={choice.language}
          options={named(languages, 'All languages', languageInWords)}
          onChange={language => onChoose({ language })}
        />
      )}
      {(owners.length > 1 || choice.owner) && (
        <Select
          label="Owner"
          value={choice.owner}
          options={named(owners, 'All owners', owner => owner)}
          onChange={owner => onChoose({ owner })}
        />
      )}
      <Select
        label="Order"
        value={choice.order}
        options={ORDERS}
        onChange={order => onChoose({ order: order as Order })}
      />
    </div>
  );
}

interface SelectProps {
  label: string;
  value: string;
  options: readonly [string, string][];
  onChange: (value: string) => void;
}

function Select({ label, value, options, onChange }: SelectProps): React.JSX.Element {
  return (
    <label className="kr-Field">
      <span className="kr-Heard">{label}</span>
      <select value={value} title={label} onChange={event => onChange(event.target.value)}>
        {options.map(([option, words]) => (
          <option key={option} value={option}>
            {words}
          </option>
        ))}
      </select>
    </label>
  );
}

function ModelRow({ model, order }: { model: Model; order: Order }): React.JSX.Element {
  return (
    <>
      <span className="kr-RowHead">
        <span className="kr-Name kr-Told" title={titleOf(model)}>
          {model.name}
        </span>
        <Aliases model={model} />
      </span>
      <span className="kr-RowLine">
        <span
          className={`kr-Dot kr-${model.health}`}
          title={model.health_words}
          aria-hidden="true"
        />
        <span className="kr-Heard">{model.health_words}</span>
        <span className="kr-Told">{line(model, order)}</span>
      </span>
    </>
  );
}

function titleOf({ name, title }: Model): string {
  return title ? `${name}: ${title}` : name;
}

/** Trouble in words; else language, version, when it was trained and by whom. */
function line(model: Model, order: Order): string {
  const { health, health_words, language, latest_number, trained_at, owner } = model;
  if (latest_number === null || language === null) {
    return 'no version yet';
  }
  if (health === 'bad' || (health === 'busy' && order === 'health')) {
    return health_words;
  }
  const trained = trained_at ? agoInWords(trained_at, new Date()) : '';
  return [languageInWords(language), `version ${latest_number}`, trained, owner]
    .filter(Boolean)
    .join(' · ');
}

/** All of them where there is room; else the first and how many more, which the tooltip and a screen reader tell. */
function Aliases({ model }: { model: Model }): React.JSX.Element | null {
  const aliases = aliasesInOrder(model.aliases).map(([alias, number]) => `${alias} ${number}`);
  const badges = model.latest_state === 'rejected' ? ['rejected', ...aliases] : aliases;
  if (badges.length === 0) {
    return null;
  }
  const [first, ...others] = badges;
  return (
    <span className="kr-Badges" title={badges.join(', ')}>
      <span className={`kr-Badge${first === 'rejected' ? ' kr-bad' : ''}`}>{first}</span>
      {others.map(badge => (
        <span key={badge} className="kr-Badge kr-Other">
          {badge}
        </span>
      ))}
      {others.length > 0 && (
        <span className="kr-Badge kr-More" aria-hidden="true">
          +{others.length}
        </span>
      )}
    </span>
  );
}
