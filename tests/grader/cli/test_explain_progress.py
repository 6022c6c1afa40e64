"""The time left that the progress bar tells, and its end."""

from __future__ import annotations

from typing import Any

import pytest

from grader.cli.explain_progress import SECONDS, ExplainProgress, time_left


class Clock:
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Bar:
    """Keeps what was drawn."""

    def __init__(self) -> None:
        self.parts: list[float] = []
        self.said: list[str] = []

    def add_task(self, description: str, **_: Any) -> int:
        return 0

    def update(self, task: int, *, completed: float, description: str, now: str, **_: Any) -> None:
        self.parts.append(completed)
        self.said.append(f"{description}: {now}")


DEMO = {
    "regions": (10, 1, 1),
    "picture": (10, 1, 1),
    "saliency": (10, 1, 1),
    "filter_trace": (1, 11, 11),
    "integrated_gradients": (3, 370, 370),
    "attention": (1, 1, 1),
    "corpus_search": (1, 601, 601),
    "smoothgrad": (10, 70, 40),
    "lime": (3, 140, 80),
    "claims": (1, 78, 95),
}
"""Records of a kind, passes announced for each, and passes made until it stopped."""


def played(speeds: dict[str, float], repeats: int) -> tuple[list[tuple[float, float]], Bar]:
    """Play a run in which a pass takes `speeds` times the demo's; return (gone, left) at events."""
    clock, bar = Clock(), Bar()
    progress = ExplainProgress(bar, clock)
    jobs = [(f"{kind}/{at}", told) for kind, (n, told, _) in DEMO.items() for at in range(n)]
    needs = {f"q{at}": [name] for at, (name, _) in enumerate(jobs)}
    again = [job for job in jobs if job[0].startswith(("lime", "smoothgrad", "claims"))]
    stages = [again, [(f"repeats/{question}", repeats) for question in needs]] if repeats else []
    progress.coming(needs, stages)
    seen = []
    for stage in [jobs, *stages]:
        progress.start(list(stage))
        for name, told in stage:
            kind = name.partition("/")[0]
            made = DEMO[kind][2] if kind in DEMO else told
            progress.begin(name)
            for _ in range(made):
                clock.now += SECONDS[kind] * speeds.get(kind, speeds[""])
                if kind in DEMO:
                    progress.advance(1)
                seen.append((clock.now - progress.began, progress.seconds_left()))
            progress.finish(name, 1.0)
    progress.end()
    return seen, bar


@pytest.mark.parametrize("repeats", [0, 40])
@pytest.mark.parametrize(
    "speeds", [{"": 1.0}, {"": 8.0}, {"": 0.2}, {"": 5.0, "lime": 8.0}, {"": 1.0, "repeats": 1.6}]
)
def test_a_tenth_into_a_run_the_end_is_told_within_a_factor_of_two(
    speeds: dict[str, float], repeats: int
) -> None:
    seen, _ = played(speeds, repeats)
    whole = seen[-1][0]
    gone, left = next(one for one in seen if one[0] >= whole / 10)
    assert (whole - gone) / 2 <= left <= (whole - gone) * 2


def test_a_bar_ends_full_and_counts_the_questions() -> None:
    _, bar = played({"": 1.0}, 3)
    assert bar.parts[-1] == 1.0 and all(0 <= part <= 1 for part in bar.parts)
    assert "0 of 50 questions measured: regions of picture 0" in bar.said
    assert "49 of 50 questions repeated: q49" in bar.said


def test_without_questions_the_explanation_alone_is_named() -> None:
    bar = Bar()
    progress = ExplainProgress(bar, Clock())
    progress.start([("lime/1", 5)])
    progress.begin("lime/1")
    progress.finish("lime/1", 2.0)
    assert bar.said[-1] == ": LIME, picture 1"
    assert progress.by_method() == "Computed in 2.0 s: lime 2.0 s."


def test_a_rest_of_time_is_said_roughly() -> None:
    assert [time_left(one) for one in (0, 12, 89, 95, 7000)] == [
        "a few seconds left",
        "about 10 s left",
        "about 90 s left",
        "about 2 min left",
        "about 2 h left",
    ]
