import * as React from 'react';

import type { Model } from '../api/types';
import { languageInWords } from '../state/words';
import { Fact, Section } from './section';

export function ModelList({ models }: { models: readonly Model[] }): React.JSX.Element {
  return (
    <Section title="Models" count={models.length} empty={<NoModels />}>
      {models.map(model => (
        <ModelItem key={model.name} model={model} />
      ))}
    </Section>
  );
}

function NoModels(): React.JSX.Element {
  return (
    <>
      <p>No models yet. In a notebook:</p>
      <code>kronkers.register(model, "my-model", data=X)</code>
    </>
  );
}

/** Closed: name, language, latest version, aliases. Open: the rest. `summary` is what the keyboard reaches. */
function ModelItem({ model }: { model: Model }): React.JSX.Element {
  const { latest } = model;
  return (
    <li>
      <details className="kr-Item">
        <summary>
          <span className="kr-Name">{model.name}</span>
          <span className="kr-Line">
            {latest
              ? `${languageInWords(latest.language)} · version ${latest.number}`
              : 'no version yet'}
            {latest?.state === 'rejected' && <span className="kr-Badge kr-bad">rejected</span>}
            <Aliases aliases={model.aliases} />
          </span>
        </summary>
        <dl>
          {model.title && <Fact name="Title">{model.title}</Fact>}
          {model.description && <Fact name="About">{model.description}</Fact>}
          <Fact name="Versions">{model.version_count}</Fact>
        </dl>
      </details>
    </li>
  );
}

function Aliases({ aliases }: { aliases: Record<string, number> }): React.JSX.Element {
  const badges = Object.entries(aliases).sort(([a], [b]) => a.localeCompare(b));
  return (
    <>
      {badges.map(([alias, number]) => (
        <span key={alias} className="kr-Badge" title={`${alias} is version ${number}`}>
          {alias} {number}
        </span>
      ))}
    </>
  );
}
