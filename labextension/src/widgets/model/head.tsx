/** The head of a model's page: what it is, whose it is, what answers with it. */

import * as React from 'react';

import { changeModel } from '../../api/models';
import { RequestFailed } from '../../api/request';
import type { Model } from '../../api/types';
import { aliasNames, meantVersion } from '../../state/model';
import { counted, exactMoment, momentInWords } from '../../state/times';
import { asProblem, type Problem } from '../../state/watched';
import { languageInWords, wordingOf } from '../../state/words';
import { ProblemNotice } from '../notice';
import type { ViewProps } from './page';
import { Long } from './parts';

export function Head(props: ViewProps): React.JSX.Element {
  const [editing, setEditing] = React.useState(false);
  const edited = React.useRef(false);
  const { model } = props.facts;
  return (
    <header className="kr-ModelHead">
      {model.archived_at && <Archived at={model.archived_at} />}
      {editing ? (
        <WordsForm
          {...props}
          done={() => {
            edited.current = true;
            setEditing(false);
          }}
        />
      ) : (
        <Words {...props} edited={edited.current} edit={() => setEditing(true)} />
      )}
      <Aliases {...props} />
      <ServedBy {...props} />
    </header>
  );
}

function Archived({ at }: { at: string }): React.JSX.Element {
  return (
    <p className="kr-ModelNote" role="status">
      <b>Archived</b> on {momentInWords(at)}. It is in no list and gets no new versions; what is
      deployed goes on answering.
    </p>
  );
}

interface WordsProps extends ViewProps {
  /** Whether the person comes back from editing: where they left, they go on. */
  edited: boolean;
  edit: () => void;
}

function Words(props: WordsProps): React.JSX.Element {
  const { model } = props.facts;
  return (
    <>
      <div className="kr-Head">
        <div className="kr-ModelTitles">
          <h1>
            <bdi>{model.title || model.name}</bdi>
          </h1>
          <Facts {...props} />
        </div>
        <Actions {...props} />
      </div>
      <div className="kr-ModelAbout">
        {model.description ? (
          <Long text={model.description} most={400} />
        ) : (
          <span className="kr-Quiet">No description yet.</span>
        )}{' '}
        <button
          type="button"
          className="kr-Link"
          // biome-ignore lint/a11y/noAutofocus: only after the form that stood here was closed
          autoFocus={props.edited}
          onClick={props.edit}
        >
          {model.description ? 'Edit title and description' : 'Say what it is for'}
        </button>
      </div>
    </>
  );
}

function Facts({ facts }: ViewProps): React.JSX.Element {
  const { model, versions } = facts;
  const language = versions[0]?.language;
  return (
    <p className="kr-Line kr-ModelFacts">
      {model.title && <b>{model.name}</b>}
      {language && <span>{languageInWords(language)}</span>}
      <span>
        owned by <bdi>{(model.owner || model.created_by).slice(0, 80)}</bdi>
      </span>
      <span>{counted(model.version_count, 'version')}</span>
      <time dateTime={model.created_at} title={exactMoment(model.created_at)}>
        since {momentInWords(model.created_at)}
      </time>
    </p>
  );
}

function Actions({ facts, view, doors }: ViewProps): React.JSX.Element {
  const version = meantVersion(facts, view.place.chosen);
  const args = { model: view.name, ...(version ? { version: version.number } : {}) };
  return (
    <div className="kr-Actions">
      <button
        type="button"
        className="kr-Button"
        disabled={version === null}
        onClick={() => doors.run('kronkers:set-alias', args)}
      >
        Set alias
      </button>
      <button
        type="button"
        className="kr-Button kr-primary"
        disabled={version === null}
        onClick={() => doors.run('kronkers:deploy', args)}
      >
        Deploy
      </button>
    </div>
  );
}

interface Words {
  title: string;
  description: string;
}

/** Sends the revision that was on the page when editing began: who was faster is not overwritten. */
function WordsForm({
  facts,
  view,
  doors,
  done
}: ViewProps & { done: () => void }): React.JSX.Element {
  const [from, setFrom] = React.useState<Model>(facts.model);
  const [words, setWords] = React.useState<Words>(facts.model);
  const [problem, setProblem] = React.useState<Problem | null>(null);
  const [saving, setSaving] = React.useState(false);
  const save = async (event: React.FormEvent) => {
    event.preventDefault();
    setSaving(true);
    try {
      const { title, description } = words;
      await changeModel(doors.request, view.name, { title, description }, from.revision);
      await view.facts.refresh();
      done();
    } catch (reason) {
      await view.facts.refresh();
      setFrom(view.facts.seen.value?.model ?? from);
      setProblem(isStale(reason) ? FASTER : asProblem(reason));
      setSaving(false);
    }
  };
  return (
    <form className="kr-WordsForm" aria-label="Title and description" onSubmit={save}>
      {problem && <ProblemNotice problem={problem} />}
      {problem === FASTER && <Newest model={from} take={setWords} />}
      <label className="kr-Field">
        <span>Title</span>
        <input
          type="text"
          maxLength={200}
          value={words.title}
          placeholder={view.name}
          // biome-ignore lint/a11y/noAutofocus: the form stands where its button was pressed
          autoFocus
          onChange={({ target }) => setWords({ ...words, title: target.value })}
        />
      </label>
      <label className="kr-Field">
        <span>Description</span>
        <textarea
          rows={4}
          maxLength={10000}
          value={words.description}
          onChange={({ target }) => setWords({ ...words, description: target.value })}
        />
        <small>What it predicts, for whom, and what it must not be used for.</small>
      </label>
      <div className="kr-Actions">
        <button type="submit" className="kr-Button kr-primary" disabled={saving}>
          {saving ? 'Saving…' : 'Save'}
        </button>
        <button type="button" className="kr-Button" onClick={done}>
          Cancel
        </button>
      </div>
    </form>
  );
}

const FASTER: Problem = {
  message: 'Somebody changed the title or the description while you were writing.',
  remedy:
    'Your words are still here and are not saved. Compare them with the newest, then press Save again.'
};

function isStale(reason: unknown): boolean {
  return reason instanceof RequestFailed && (reason.status === 412 || reason.status === 409);
}

function Newest({
  model,
  take
}: {
  model: Model;
  take: (words: Words) => void;
}): React.JSX.Element {
  return (
    <div className="kr-Card">
      <p>
        <b>The newest:</b> <bdi>{model.title || 'no title'}</bdi>
      </p>
      <Long text={model.description || 'No description.'} most={400} />
      <p>
        <button type="button" className="kr-Button kr-small" onClick={() => take(model)}>
          Take the newest
        </button>
      </p>
    </div>
  );
}

function Aliases({ facts, view }: ViewProps): React.JSX.Element | null {
  const aliases = aliasNames(facts.model).map(alias => ({
    alias,
    number: facts.model.aliases[alias] as number
  }));
  if (facts.versions.length === 0) {
    return null;
  }
  return (
    <div className="kr-HeadRow">
      <span className="kr-HeadName">Aliases</span>
      {aliases.length === 0 && (
        <span className="kr-Quiet">
          None yet. The version that should be used is called champion by custom.
        </span>
      )}
      {aliases.map(({ alias, number }) => (
        <button
          key={alias}
          type="button"
          className="kr-Badge kr-Pressable"
          title={`Show version ${number}`}
          onClick={() => view.go({ tab: 'versions', chosen: number })}
        >
          {alias} <b>{number}</b>
        </button>
      ))}
    </div>
  );
}

function ServedBy({ facts, doors }: ViewProps): React.JSX.Element | null {
  const { deployments } = facts;
  if (facts.versions.length === 0) {
    return null;
  }
  return (
    <div className="kr-HeadRow">
      <span className="kr-HeadName">Served by</span>
      {deployments.length === 0 && <span className="kr-Quiet">No deployment yet.</span>}
      {deployments.map(deployment => {
        const { words, tone } = wordingOf(deployment);
        const { name, live } = deployment;
        return (
          <span key={name} className="kr-Served">
            <span className={`kr-Dot kr-${tone}`} aria-hidden="true" />
            <button
              type="button"
              className="kr-Link"
              onClick={() => doors.run('kronkers:open-deployment', { deployment: name })}
            >
              {name}
            </button>
            <span className="kr-Quiet">
              {words}
              {live === null ? '' : ` with version ${live}`}
            </span>
          </span>
        );
      })}
    </div>
  );
}
