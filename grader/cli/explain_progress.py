"""Progress bar over explanations: the one being computed, and the number left."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class ExplainProgress:
    """Progress of explanations: network passes and seconds of each; drawn if there is a bar."""

    def __init__(self, bar: Any = None) -> None:
        self.bar = bar
        self.seconds: dict[str, float] = {}
        self.task: Any = None
        self.current = ""
        self.passes: dict[str, int] = {}
        self.done: dict[str, int] = {}
        self.ended: set[str] = set()

    def start(self, jobs: list[tuple[str, int]]) -> None:
        """Begin with the ids to come and the network passes each will make."""
        self.passes = dict(jobs)
        if self.bar is not None and jobs:
            self.task = self.bar.add_task("", total=max(sum(self.passes.values()), 1))

    def begin(self, identifier: str) -> None:
        """Show which explanation is being computed and how many are left after it."""
        self.current = identifier
        if self.task is not None:
            left = len(self.passes.keys() - self.ended - {identifier})
            self.bar.update(self.task, description=f"{identifier} ({left} more)")

    def advance(self, passes: int) -> None:
        """Count passes of the current explanation."""
        self.done[self.current] = self.done.get(self.current, 0) + passes
        if self.task is not None:
            self.bar.advance(self.task, passes)

    def finish(self, identifier: str, seconds: float) -> None:
        """Keep the seconds that an explanation took."""
        self.seconds[identifier] = seconds
        self.ended.add(identifier)
        if self.task is not None:
            rest = self.passes.get(identifier, 0) - self.done.get(identifier, 0)
            self.bar.advance(self.task, rest)

    def by_method(self) -> str:
        """Return a line with the seconds by kind of explanation, and in all."""
        kinds: dict[str, float] = {}
        for identifier, seconds in self.seconds.items():
            kind = identifier.split("/", 1)[0]
            kinds[kind] = kinds.get(kind, 0.0) + seconds
        parts = [f"{kind} {seconds:.1f} s" for kind, seconds in sorted(kinds.items())]
        return f"Computed in {sum(kinds.values()):.1f} s: {', '.join(parts)}."


@contextmanager
def watching(*, shown: bool) -> Iterator[ExplainProgress]:
    """Yield a progress that draws a bar on stderr when a person is watching."""
    if not (shown and sys.stderr.isatty()):
        yield ExplainProgress()
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), Remaining())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield ExplainProgress(bar)
