"""A progress bar over a whole run: the questions done, the explanation at work, the time left.

The time left is the work left times the seconds that such work takes: those measured in this run as
soon as there are any, else those of the demo (`SECONDS`), scaled by how fast this run has been.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from solver.text.plural import counted
from solver.text.record_names import record_name

Jobs = Sequence[tuple[str, int]]

SECONDS = {
    "activation": 0.02,
    "attention": 2.5,  # BERT is loaded with the first of its records
    "claims": 0.27,
    "corpus_search": 0.0025,
    "embedding_trials": 0.0005,
    "embeddings": 0.05,
    "filter_trace": 0.3,
    "hidden_states": 0.04,
    "integrated_gradients": 0.0035,
    "integrated_path": 0.03,
    "lime": 0.006,
    "lime_known_model": 1.3,
    "masked_words": 0.08,
    "picture": 0.03,
    "regions": 0.08,
    "repeats": 0.08,
    "saliency": 0.04,
    "saliency_derivative": 0.03,
    "similarity_picture": 0.35,
    "smoothgrad": 0.015,
    "smoothgrad_trace": 0.06,
}
"""Seconds a network pass of each kind takes on the demo, on one core of a busy machine; of a
repeat, a decision; of claims, a record that a test resamples."""

OTHER_SECONDS = 0.05  # a pass of the demo's network
SAMPLED = ("claims", "lime", "smoothgrad")
"""Kinds that stop when their claims are decided, the tests of these among them: passes left out
then say nothing of the speed."""

_STEADY = 1.5
"""Passes worth so many expected seconds count beside the measured ones: a first may be slow."""


class ExplainProgress:
    """Counts network passes and keeps the seconds of each explanation; draws when watched.

    Attributes:
        seconds: by id, how long each explanation took.
    """

    def __init__(self, bar: Any = None, clock: Callable[[], float] = time.monotonic) -> None:
        self.bar, self.clock = bar, clock
        self.seconds: dict[str, float] = {}
        self.task: Any = None
        self.current = ""
        self.left: dict[str, int] = {}
        self.later: list[dict[str, int]] = []
        self.waiting: dict[str, set[str]] = {}
        self.asked = 0
        self.spent: dict[str, float] = {}
        self.passes: dict[str, float] = {}
        self.announced: dict[str, float] = {}
        self.made: dict[str, int] = {}
        self.began = self.last = clock()
        self.started = False

    def coming(self, needs: Mapping[str, Sequence[str]], stages: Sequence[Jobs]) -> None:
        """Take the records each question needs, and the jobs of the stages after the first."""
        self.waiting = {question: set(names) for question, names in needs.items()}
        self.asked = len(self.waiting)
        self.later = [{name: max(passes, 1) for name, passes in jobs} for jobs in stages]

    def start(self, jobs: list[tuple[str, int]]) -> None:
        """Begin a stage with the ids to come and the passes each will probably make."""
        self._tick()
        # The first stage was never among `later`.
        if self.started and self.later:
            self.later.pop(0)
        self.started = True
        # With other seeds a mean stops about where it stopped before.
        self.left = {name: self.made.pop(name, max(passes, 1)) for name, passes in jobs}
        known = {name for names in self.waiting.values() for name in names} - set(self.left)
        repeated = any(name.startswith("repeats/") for name in self.left)
        self.waiting = (
            {name.partition("/")[2]: {name} for name in self.left}
            if repeated
            else {one: names - known for one, names in self.waiting.items() if names - known}
        )
        self.asked = max(self.asked, len(self.waiting))
        if self.bar is not None and self.task is None and (self.left or self.later):
            self.task = self.bar.add_task("", total=1.0, now="")
        self._draw()

    def begin(self, identifier: str) -> None:
        """Show which explanation is being computed."""
        self._tick()
        self.current = identifier
        self._draw()

    def advance(self, passes: int) -> None:
        """Count passes of the current explanation."""
        self._tick()
        left = self.left.get(self.current, 0)
        if _kind(self.current) not in SAMPLED:
            # No more than were announced: the bar would run ahead of the record.
            passes = min(passes, left)
        else:
            # Counted whole: how far a mean went is known only when it stops.
            self.made[self.current] = self.made.get(self.current, 0) + passes
        self._count(self.passes, passes)
        self._count(self.announced, passes)
        self.left[self.current] = max(left - passes, 0)
        self._draw()

    def finish(self, identifier: str, seconds: float) -> None:
        """Keep how long an explanation took."""
        self._tick()
        self.seconds[identifier] = seconds
        rest = self.left.pop(identifier, 0)
        self.current = identifier
        self._count(self.announced, rest)
        if _kind(identifier) not in SAMPLED:
            self._count(self.passes, rest)
        for stage in self.later:
            if identifier in stage:
                # Where this one stopped early, its repeat in a later stage will too.
                stage[identifier] = self.made.get(identifier, stage[identifier])
        for names in self.waiting.values():
            names.discard(identifier)
        self.waiting = {one: names for one, names in self.waiting.items() if names}
        self._draw()

    def end(self) -> None:
        """Fill the bar: the run is over, however much was expected of it."""
        self.left, self.later = {}, []
        if self.task is not None:
            self.bar.update(self.task, completed=1.0, total=1.0, description="", now="")

    def seconds_left(self) -> float:
        """Return the seconds the rest of the run will probably take."""
        work: dict[str, float] = {}
        for stage in (self.left, *self.later):
            for name, passes in stage.items():
                work[_kind(name)] = work.get(_kind(name), 0.0) + passes
        speed = self._speed()
        since = self.clock() - self.last  # counted down between two events
        return max(sum(n * self._rate(kind, speed) for kind, n in work.items()) - since, 0.0)

    def _speed(self) -> float:
        """Seconds of this run over those expected for the work done."""
        expected = sum(_expected(kind) * done for kind, done in self.passes.items())
        spent = sum(self.spent.get(kind, 0.0) for kind in self.passes)
        # A fifth of a second of each, so that the first record, which loads things, does not
        # decide.
        return (spent + 0.2) / (expected + 0.2)

    def _rate(self, kind: str, speed: float) -> float:
        """Seconds of a pass of a kind: as measured, steadied by the expected ones at first.

        Passes that were announced and not made, since the explanation stopped early, count as done.
        """
        expected = _expected(kind) * speed
        done, spent = self.announced.get(kind, 0.0), self.spent.get(kind, 0.0)
        steady = _STEADY / _expected(kind)
        return (spent + steady * expected) / (done + steady)

    def _count(self, counts: dict[str, float], passes: int) -> None:
        kind = _kind(self.current)
        counts[kind] = counts.get(kind, 0.0) + passes

    def _tick(self) -> None:
        """Give the time since the last event to the kind at work."""
        now = self.clock()
        kind = _kind(self.current)
        self.spent[kind] = self.spent.get(kind, 0.0) + now - self.last
        self.last = now

    def _draw(self) -> None:
        if self.task is None:
            return
        left, gone = self.seconds_left(), self.clock() - self.began
        stage, _, name = self.current.partition("/")
        if self.asked:
            done = self.asked - len(self.waiting)
            verb = "repeated" if stage == "repeats" else "measured"
            said = f"{done} of {counted(self.asked, 'question')} {verb}"
        else:
            said = ""
        now = name if stage == "repeats" else record_name(self.current)[0]
        if stage == "claims":
            now = "are the claims decided?"
        # By time, not by records: one of LIME takes as long as a hundred maps.
        part = gone / ((gone + left) or 1.0)
        self.bar.update(self.task, completed=part, description=said, now=now)

    def by_method(self) -> str:
        """Return a line with the seconds by kind of explanation, and in all."""
        kinds: dict[str, float] = {}
        for identifier, seconds in self.seconds.items():
            kind = identifier.split("/", 1)[0]
            kinds[kind] = kinds.get(kind, 0.0) + seconds
        parts = [f"{kind} {seconds:.1f} s" for kind, seconds in sorted(kinds.items())]
        return f"Computed in {sum(kinds.values()):.1f} s: {', '.join(parts)}."


def _kind(identifier: str) -> str:
    return identifier.partition("/")[0]


def _expected(kind: str) -> float:
    return SECONDS.get(kind, OTHER_SECONDS)


def time_left(seconds: float) -> str:
    """Return a rest of time, no more exact than it is known.

    >>> time_left(4), time_left(47), time_left(200), time_left(7200)
    ('a few seconds left', 'about 50 s left', 'about 3 min left', 'about 2 h left')
    """
    if seconds < 8:
        return "a few seconds left"
    if seconds < 90:  # by tens: nearer than that it is not known
        return f"about {round(seconds, -1):.0f} s left"
    if seconds < 90 * 60:
        return f"about {seconds / 60:.0f} min left"
    return f"about {seconds / 3600:.0f} h left"


@contextmanager
def watching(*, shown: bool) -> Iterator[ExplainProgress]:
    """Yield a progress that draws a bar on stderr when a person is watching."""
    # In a log or a pipe a bar is a line for each step.
    if not (shown and sys.stderr.isatty()):
        yield ExplainProgress()
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        ProgressColumn,
        Task,
        TaskProgressColumn,
        TextColumn,
    )
    from rich.table import Column
    from rich.text import Text

    class Left(ProgressColumn):
        """The time left, as it is now."""

        def render(self, task: Task) -> Text:
            return Text("" if task.finished else time_left(progress.seconds_left()), no_wrap=True)

    # The name comes last: a narrow screen cuts it before anything else.
    now = TextColumn(
        "{task.fields[now]}", table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis")
    )
    counts = TextColumn("{task.description}", table_column=Column(no_wrap=True))
    columns = (counts, BarColumn(bar_width=16), TaskProgressColumn(), Left(), now)
    with Progress(*columns, console=Console(stderr=True), transient=True, expand=True) as bar:
        progress = ExplainProgress(bar)
        yield progress
        progress.end()
