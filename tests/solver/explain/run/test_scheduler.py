"""Records that stop early, go on for other claims, and are kept when only a rule has changed."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from solver import code_version
from solver.bundle.bundle import Bundle
from solver.evidence import Evidence, load_evidence, save_evidence
from solver.explain.job import Job, fast_settings
from solver.explain.registry import expected_inputs
from solver.explain.run.runner import RunOptions, run_explanations
from solver.explain.run.scheduler import TESTS
from solver.explain.sampling.claims import Claims

FAST = fast_settings(smoothgrad_samples=60, lime_samples=20)
WANTED = ["smoothgrad/1", "smoothgrad/4"]


class Passes:
    """A progress bar that counts the passes of explanations, and the size of tests apart."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.count = self.tested = 0
        self.current = ""

    def start(self, jobs: list[tuple[str, int]]) -> None:
        return

    def begin(self, identifier: str) -> None:
        self.current = identifier
        if identifier != TESTS:
            self.begun.append(identifier)

    def advance(self, passes: int) -> None:
        if self.current == TESTS:
            self.tested += passes
        else:
            self.count += passes

    def finish(self, identifier: str, seconds: float) -> None:
        return


def samples(evidence: Evidence) -> list[int]:
    return [evidence.get(*name.split("/")).value("samples") for name in WANTED]


def claims(name: str, needs: list[str], decided_from: int) -> Claims:
    """Claims whose verdict can be told once every record has so many samples."""

    def margins(evidence: Evidence) -> list[float]:
        least = min(evidence.get(*one.split("/")).value("samples") for one in needs)
        return [1.0 if least >= decided_from else math.nan]

    return Claims(name, tuple(needs), 1, margins)


EASY = claims("easy", WANTED[:1], 0)
HARD = claims("hard", WANTED, 40)
HOPELESS = claims("hopeless", WANTED, 10**6)


def run(
    demo: Bundle, all_claims: list[Claims], folder: Path | None = None, wanted: list[str] = WANTED
) -> tuple[Evidence, Passes]:
    seen = Passes()
    known = None
    if folder is not None and (folder / "manifest.json").is_file():
        known = load_evidence(folder)
    options = RunOptions(progress=seen, all_claims=all_claims)
    evidence, failures = run_explanations(wanted, demo, FAST, options, folder=folder, known=known)
    assert failures == {}
    return evidence, seen


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_a_record_stops_when_its_claims_are_decided(demo: Bundle) -> None:
    evidence, seen = run(demo, [EASY, claims("easier", WANTED[1:], 0)])
    assert samples(evidence) == [20, 20]
    assert seen.count == 40
    stopping = evidence.get("smoothgrad", 1).settings["stopping"]
    assert stopping == {"confidence": 0.999, "interim_counts": [20, 40, 60]}


def test_records_with_the_former_name_of_the_counts_are_taken_and_saved_with_todays(
    demo: Bundle, tmp_path: Path
) -> None:
    made, _ = run(demo, [EASY], tmp_path)
    for record in made:
        stopping = dict(record.settings["stopping"])
        former = {"confidence": stopping["confidence"], "looks": stopping["interim_counts"]}
        save_evidence(
            Evidence(
                {record.id: replace(record, settings={**record.settings, "stopping": former})}
            ),
            tmp_path / record.id,
        )
        again, seen = run(demo, [EASY], tmp_path / record.id, [record.id])
        assert seen.count == 0
        assert again[record.id].settings == record.settings


def test_a_record_goes_on_as_long_as_one_claim_needs_it(demo: Bundle) -> None:
    evidence, seen = run(demo, [EASY, HARD])
    assert samples(evidence) == [40, 40]
    assert seen.count == 80


def test_without_claims_or_without_hope_it_is_the_courses_count(demo: Bundle) -> None:
    for all_claims in ([], [HOPELESS]):
        evidence, _ = run(demo, all_claims)
        assert samples(evidence) == [60, 60]
        assert "settled" not in evidence.get("smoothgrad", 1).values


def test_claims_that_lack_something_else_keep_nothing_waiting(demo: Bundle) -> None:
    lacking = Claims("lacks", (*WANTED, "regions/nowhere"), 1, lambda _: None)
    evidence, _ = run(demo, [EASY, claims("easier", WANTED[1:], 0), lacking])
    assert samples(evidence) == [20, 20]


def test_a_second_run_runs_nothing_and_writes_the_same(demo: Bundle, tmp_path: Path) -> None:
    run(demo, [EASY, HARD], tmp_path)
    before = contents(tmp_path)
    _, seen = run(demo, [EASY, HARD], tmp_path)
    assert seen.begun == []
    assert contents(tmp_path) == before


def test_one_question_first_then_all_runs_nothing_twice(demo: Bundle, tmp_path: Path) -> None:
    first, seen = run(demo, [EASY], tmp_path / "steps", WANTED[:1])
    assert (first.get("smoothgrad", 1).value("samples"), seen.count) == (20, 20)
    _, seen = run(demo, [EASY, HARD], tmp_path / "steps")
    assert seen.count == 60  # twenty of one picture were there
    run(demo, [EASY, HARD], tmp_path / "at once")
    assert contents(tmp_path / "steps") == contents(tmp_path / "at once")


def test_what_stopped_for_one_claim_is_not_good_for_another(demo: Bundle, tmp_path: Path) -> None:
    run(demo, [EASY, claims("easier", WANTED[1:], 0)], tmp_path)
    evidence, _ = run(demo, [HARD], tmp_path)
    assert samples(evidence) == [40, 40]
    # And what went on for the other is still good for the first.
    _, seen = run(demo, [EASY], tmp_path, WANTED[:1])
    assert seen.begun == []


def test_a_changed_rule_decides_anew_and_recomputes_nothing(demo: Bundle, tmp_path: Path) -> None:
    run(demo, [HARD], tmp_path)
    asked: list[int] = []

    def margins(evidence: Evidence) -> list[float]:
        asked.append(1)
        return [2.0]

    _, seen = run(demo, [Claims("the rule as it is now", HARD.needs, 1, margins)], tmp_path)
    assert asked and seen.begun == []


def test_a_changed_method_is_never_used_again(
    demo: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    def inputs(identifier: str) -> dict[str, str]:
        return expected_inputs(Job(identifier, demo))

    before = {name: inputs(name) for name in ("smoothgrad/1", "lime/1", "saliency/1")}
    known, _ = run(demo, [HARD])
    _change_source(monkeypatch, "solver.explain.cnn.saliency")
    for name, old in before.items():
        assert (inputs(name) != old) == (name != "lime/1"), name
    seen = Passes()
    run_explanations(WANTED, demo, FAST, RunOptions(seen, all_claims=[HARD]), known=known)
    assert seen.begun == WANTED + WANTED
    code_version.explanation_code_hash.cache_clear()


def _change_source(monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    read = code_version._source
    monkeypatch.setattr(
        code_version, "_source", lambda name: read(name) + (b"\n#" if name == module else b"")
    )
    code_version.explanation_code_hash.cache_clear()


@pytest.mark.parametrize(
    "module", ["solver.rules.registry", "solver.explain.sampling.sequential_test"]
)
def test_a_rule_or_the_stopping_is_no_part_of_a_method(
    demo: Bundle, monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    before = expected_inputs(Job("smoothgrad/1", demo))
    _change_source(monkeypatch, module)
    assert expected_inputs(Job("smoothgrad/1", demo)) == before
    code_version.explanation_code_hash.cache_clear()


def test_two_processes_give_what_one_gives(demo: Bundle, tmp_path: Path) -> None:
    wanted = ["picture/0", "smoothgrad/1", "smoothgrad/4", "module/6", "picture/77"]
    folders = []
    for processes in (1, 2):
        folders.append(tmp_path / str(processes))
        _, failures = run_explanations(
            wanted,
            demo,
            FAST,
            RunOptions(all_claims=[EASY], processes=processes),
            folder=folders[-1],
        )
        assert list(failures) == ["picture/77"]
    assert contents(folders[0]) == contents(folders[1])


def test_a_run_that_is_stopped_between_rounds_goes_on(demo: Bundle, tmp_path: Path) -> None:
    class Stopped(Passes):
        def begin(self, identifier: str) -> None:
            super().begin(identifier)
            if len(self.begun) == 4:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        options = RunOptions(Stopped(), all_claims=[HARD])
        run_explanations(WANTED, demo, FAST, options, folder=tmp_path)
    assert samples(load_evidence(tmp_path)) == [40, 20]
    evidence, seen = run(demo, [HARD], tmp_path)
    assert (samples(evidence), seen.count) == ([40, 40], 20)


def test_what_is_taken_further_is_a_mean_of_the_courses_samples(demo: Bundle) -> None:
    early, late = (
        run(demo, [each], wanted=WANTED[:1])[0].get("smoothgrad", 1)
        for each in (EASY, claims("hopeless", WANTED[:1], 10**6))
    )
    assert not np.array_equal(early.array("map"), late.array("map"))
    assert np.corrcoef(early.array("map").ravel(), late.array("map").ravel())[0, 1] > 0.5
