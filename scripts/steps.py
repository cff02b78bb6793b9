"""Steps that run side by side, each as soon as those it needs are done.

    waiting ──▶ running ──▶ done        what it makes is there, from its present inputs
                       ├──▶ absent      could not be had here; said in words, and nothing that can do without it stops
                       └──▶ failed      steps that need it are not tried

A step that is done leaves a stamp, the digest of its inputs. The next time it is skipped while the stamp fits and
what it makes is still there.
"""

from __future__ import annotations

import hashlib
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from scripts.machine import ROOT, TOOLS, Trouble, say

STAMPS = TOOLS / "stamps"
LOGS = TOOLS / "logs"
HEARTBEAT_S = 15.0


@dataclass(frozen=True)
class Step:
    """One thing to have.

    make: makes it, printing into the log it is given; raises Trouble.
    needs: steps without which this one is not tried. after: those it only waits for.
    there: whether it is there already, without looking at stamps. Must be quick.
    inputs: files and folders whose content decides whether it must be made anew.
    facts: what else decides it, asked when the step's turn has come.
    optional: true if people can do without it.
    """

    name: str
    make: Callable[[Path], None]
    there: Callable[[], bool]
    needs: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    inputs: tuple[Path, ...] = ()
    facts: Callable[[], str] | None = None
    optional: bool = False

    @property
    def log(self) -> Path:
        return LOGS / f"{self.name.replace(' ', '-')}.log"

    @property
    def stamp(self) -> Path:
        return STAMPS / self.name.replace(" ", "-")

    def is_done(self) -> bool:
        if not (self.inputs or self.facts):
            return self.there()
        return self.stamp.exists() and self.stamp.read_text() == self.digest() and self.there()

    def digest(self) -> str:
        return digest_of(self.inputs, self.facts() if self.facts else "")

    def sign(self) -> None:
        self.stamp.parent.mkdir(parents=True, exist_ok=True)
        self.stamp.write_text(self.digest())


@dataclass
class Outcome:
    """What became of the steps."""

    done: set[str] = field(default_factory=set)
    absent: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    made: set[str] = field(default_factory=set)


def digest_of(paths: Iterable[Path], facts: str = "") -> str:
    """One digest over names and content of all files below the paths."""
    found = hashlib.sha256(facts.encode())
    for path in paths:
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in files:
            if file.is_file() and "__pycache__" not in file.parts:
                found.update(str(file.relative_to(ROOT)).encode() + b"\0")
                found.update(hashlib.sha256(file.read_bytes()).digest())
    return found.hexdigest()


def run_all(steps: Sequence[Step]) -> Outcome:
    """Runs every step that can be run and says one line for each as it ends."""
    return Crew(steps).work()


class Crew:
    """A thread for each step; the lock guards the outcome and the lines people read."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self.steps = steps
        self.width = max(len(step.name) for step in steps)
        self.outcome = Outcome()
        self.running: dict[str, float] = {}
        self.turn = threading.Condition()

    def work(self) -> Outcome:
        threads = [threading.Thread(target=self.take, args=(step,), daemon=True) for step in self.steps]
        for thread in threads:
            thread.start()
        beat = time.monotonic()
        for thread in threads:
            while thread.is_alive():
                thread.join(max(0.0, HEARTBEAT_S - (time.monotonic() - beat)))
                beat = self.say_what_runs(beat)
        return self.outcome

    def take(self, step: Step) -> None:
        if not self.may_start(step):
            return self.close(step, self.outcome.failed, "–", "not tried, because a step before it failed")
        if step.is_done():
            return self.close(step, self.outcome.done, "✓", "already there")
        started = self.open(step)
        try:
            step.make(step.log)
            step.sign()
        except Exception as trouble:  # noqa: BLE001  a thread's door: whatever it is, the others must hear of it
            mark, where = ("–", self.outcome.absent) if step.optional else ("✗", self.outcome.failed)
            return self.close(step, where, mark, in_words(trouble))
        self.outcome.made.add(step.name)
        return self.close(step, self.outcome.done, "✓", f"{time.monotonic() - started:6.1f} s")

    def may_start(self, step: Step) -> bool:
        """Waits for those before it; whether none that it needs failed. An absent one does not hold it back."""
        before = {*step.needs, *step.after} & {other.name for other in self.steps}
        with self.turn:
            self.turn.wait_for(lambda: before <= self.outcome.done | self.outcome.absent | self.outcome.failed)
            return not self.outcome.failed.intersection(step.needs)

    def open(self, step: Step) -> float:
        step.log.parent.mkdir(parents=True, exist_ok=True)
        step.log.unlink(missing_ok=True)
        with self.turn:
            self.running[step.name] = time.monotonic()
            return self.running[step.name]

    def close(self, step: Step, where: set[str], mark: str, words: str) -> None:
        with self.turn:
            self.running.pop(step.name, None)
            where.add(step.name)
            say(f"  {mark} {step.name:<{self.width}}  {words}")
            self.turn.notify_all()

    def say_what_runs(self, said_at: float) -> float:
        """Says what is under way if nothing was said for a while; when it was last said."""
        now = time.monotonic()
        if now - said_at < HEARTBEAT_S:
            return said_at
        with self.turn:
            parts = [f"{name} ({now - start:.0f} s)" for name, start in self.running.items()]
        if parts:
            say(f"  … at work: {', '.join(parts)}")
        return now


def in_words(trouble: Exception) -> str:
    if not isinstance(trouble, Trouble):
        return "".join(traceback.format_exception(trouble))
    return f"{trouble}\n    what helps: {trouble.remedy}" if trouble.remedy else str(trouble)


def end(outcome: Outcome) -> int:
    """Exit status: 0 if nothing failed."""
    if outcome.failed:
        sys.stderr.write(f"Failed: {', '.join(sorted(outcome.failed))}.\n")
    return 1 if outcome.failed else 0
