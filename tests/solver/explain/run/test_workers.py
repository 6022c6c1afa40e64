"""Tasks dealt among processes: whatever the processes, the same bits, and failures as sentences."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from solver.bundle.bundle import Bundle, load_bundle
from solver.errors import BundleError
from solver.evidence import Evidence, Record, load_evidence
from solver.explain.cnn import smoothgrad
from solver.explain.estimator import Share
from solver.explain.job import ExplainSettings, Job, fast_settings
from solver.explain.registry import sampling_of
from solver.explain.run.runner import RunOptions, SilentProgress, run_explanations
from solver.explain.run.tasks import Task
from solver.explain.run.workers import Workers
from tests.solver.explain.run.test_scheduler import HARD, Passes, claims, contents

FAST = fast_settings(smoothgrad_samples=60, lime_samples=40)
WANTED = [
    "smoothgrad/1",
    "smoothgrad/4",
    "lime/3",
    "saliency/0",
    "integrated_gradients/7/10",
    "integrated_gradients/7/100",
]


@given(rows=st.integers(0, 1000), of=st.integers(1, 70))
def test_shares_in_order_are_all_rows_and_nearly_equal(rows: int, of: int) -> None:
    shares = [Share(number, of).among(rows) for number in range(of)]
    assert [row for share in shares for row in share] == list(range(rows))
    sizes = [len(share) for share in shares]
    assert max(sizes) - min(sizes) <= 1


@given(wanted=st.sets(st.integers(0, 30)))
def test_a_noisy_copy_is_the_same_whichever_are_wanted(wanted: set[int]) -> None:
    picture = torch.linspace(0, 1, 48).view(1, 3, 4, 4)
    every = list(smoothgrad._noisy_copies(picture, range(31), 0.2, seed=5))
    chosen = sorted(wanted)
    copies = list(smoothgrad._noisy_copies(picture, chosen, 0.2, seed=5))
    assert len(copies) == len(chosen)
    assert all(torch.equal(copy, every[at]) for copy, at in zip(copies, chosen, strict=True))


def _made_up(
    bundle: Bundle, place: int, wanted: Sequence[int], *, batch: int, **_: Any
) -> Iterator[torch.Tensor]:
    """Gradients that stand for the network's: of sample n alone, with digits to round."""
    grid = torch.linspace(0.1, 1, 3 * 128 * 128, dtype=torch.float64).view(1, 3, 128, 128)
    for first in range(0, len(wanted), batch):
        yield torch.cat([(grid * (at + 1) / 7).sin().abs() for at in wanted[first : first + batch]])


@settings(deadline=None, max_examples=15)
@given(
    samples=st.sampled_from([7, 12, 40, 60]),
    cut=st.integers(0, 30),
    of=st.integers(1, 25),
    batch=st.integers(1, 5),
)
def test_shares_of_smoothgrad_joined_are_the_whole(
    demo: Bundle, samples: int, cut: int, of: int, batch: int
) -> None:
    def taken(before: Record | None, upto: int, of: int, batch: int) -> Record:
        job = Job("smoothgrad/4", demo, fast_settings(smoothgrad_samples=samples))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(smoothgrad, "absolute_gradients", _made_up)
            patch.setattr(Job, "batch", lambda *_: batch)
            rows = [sampling_of(job).measured(job, before, upto, Share(at, of)) for at in range(of)]
            return sampling_of(job).joined(job, before, upto, np.concatenate(rows))

    cut = min(cut, samples - 1)
    before = taken(None, cut, 1, 1) if cut else None
    assert_equal(taken(before, samples, of, batch), taken(before, samples, 1, 1))


@pytest.mark.parametrize(
    ("name", "cut", "upto"),
    [
        ("smoothgrad/4", 20, 60),
        ("lime/3", 25, 40),
        ("integrated_gradients/7/100", None, 100),
        ("integrated_gradients/7/1000", 200, 300),
        ("integrated_gradients/7/6", None, 6),
    ],
)
@pytest.mark.parametrize("of", [2, 3])
def test_shares_joined_are_the_whole(
    demo: Bundle, name: str, cut: int | None, upto: int, of: int
) -> None:
    job = Job(name, demo, FAST)
    before = sampling_of(job).extend(job, None, cut) if cut else None
    rows = [sampling_of(job).measured(job, before, upto, Share(at, of)) for at in range(of)]
    dealt = sampling_of(job).joined(job, before, upto, np.concatenate(rows))
    assert_equal(dealt, sampling_of(job).extend(job, before, upto))


def assert_equal(one: Record, other: Record) -> None:
    assert one.values == other.values
    assert one.arrays.keys() == other.arrays.keys()
    for name, array in one.arrays.items():
        assert np.array_equal(array, other.arrays[name]), name


@pytest.mark.parametrize("processes", [3])
def test_several_processes_give_what_one_gives(
    demo: Bundle, tmp_path: Path, alone: dict[str, bytes], processes: int
) -> None:
    run(demo, tmp_path, processes)
    assert contents(tmp_path) == alone


def test_a_run_goes_on_with_other_processes(
    demo: Bundle, tmp_path: Path, alone: dict[str, bytes]
) -> None:
    easy = claims("easy", ["smoothgrad/1", "smoothgrad/4"], 0)
    run(demo, tmp_path, 2, easy)
    begun = load_evidence(tmp_path)
    assert begun.get("smoothgrad", 1).value("samples") == 20
    run(demo, tmp_path, 1, known=begun)
    assert contents(tmp_path) == alone


@pytest.fixture(scope="module")
def alone(demo: Bundle, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What one process writes, byte for byte, through two rounds."""
    folder = tmp_path_factory.mktemp("alone")
    evidence = run(demo, folder, 1)
    assert evidence.get("smoothgrad", 1).value("samples") == 40
    return contents(folder)


def run(
    demo: Bundle,
    folder: Path,
    processes: int,
    claims: Any = HARD,
    known: Evidence | None = None,
) -> Evidence:
    options = RunOptions(all_claims=[claims], processes=processes)
    evidence, failures = run_explanations(WANTED, demo, FAST, options, folder=folder, known=known)
    assert failures == {}
    return evidence


def test_a_share_that_fails_is_a_sentence_and_the_others_go_on(demo: Bundle) -> None:
    wanted = ["smoothgrad/77", "lime/3", "integrated_gradients/7/1"]
    seen = Passes()
    # By a relative name, as a person gives it: a reason names the folder, whoever found it.
    bundle = load_bundle(Path(os.path.relpath(demo.folder)))
    _, alone = run_explanations(wanted, bundle, FAST)
    evidence, dealt = run_explanations(wanted, bundle, FAST, RunOptions(seen, processes=2))
    assert set(dealt) == {"smoothgrad/77", "integrated_gradients/7/1"}
    assert dealt == alone
    assert "lime/3" in evidence
    assert sorted(seen.begun) == sorted(wanted)  # each begins once, in however many shares


def test_a_process_that_is_killed_is_a_sentence(demo: Bundle) -> None:
    tasks = [Task(f"smoothgrad/{place}", upto=20) for place in range(10)]
    with Workers(demo, FAST, SilentProgress(), lambda: 0.0, jobs=2) as workers:
        workers.add(tasks)
        come = workers.outcomes()
        next(come)
        assert workers.pool is not None
        for process in list(workers.pool._processes):
            os.kill(process, signal.SIGKILL)
        with pytest.raises(BundleError, match="ended from outside"):
            list(come)


def test_a_process_that_is_killed_while_it_writes_is_a_sentence_too(demo: Bundle) -> None:
    with Workers(demo, FAST, SilentProgress(), lambda: 0.0, jobs=2) as workers:
        workers.add([Task(f"smoothgrad/{place}", upto=20) for place in range(10)])
        come = workers.outcomes()
        next(come)
        assert workers.pool is not None
        processes = list(workers.pool._processes)
        for process in processes:
            os.kill(process, signal.SIGSTOP)
        # The length of a result of which nothing comes: the pool waits for the rest.
        os.write(workers.pool._result_queue._writer.fileno(), (4096).to_bytes(4, "big"))
        for process in processes:
            os.kill(process, signal.SIGKILL)
        with pytest.raises(BundleError, match="ended from outside"):
            list(come)


def test_tasks_of_a_lower_rank_go_first_whenever_they_were_added(demo: Bundle) -> None:
    with Workers(demo, FAST, SilentProgress(), lambda: 0.0) as workers:
        workers.add([Task("picture/1"), Task("picture/0")], rank=2)
        workers.add([Task("picture/2")], rank=1)
        done = []
        for task, _, _ in workers.outcomes():
            done.append(task.id)
            if task.id == "picture/1":
                workers.add([Task("picture/3")], rank=1)
    assert done == ["picture/2", "picture/1", "picture/3", "picture/0"]


def test_processes_take_the_longest_of_a_rank_first(demo: Bundle) -> None:
    workers = Workers(demo, FAST, SilentProgress(), lambda: 0.0, jobs=2)
    workers.add(
        [Task("picture/0"), Task("integrated_gradients/7/10"), Task("lime/3"), Task("smoothgrad/1")]
    )
    order = [entry[3].task.id for entry in sorted(workers.queue, key=lambda entry: entry[:3])]
    assert list(dict.fromkeys(order)) == [
        "smoothgrad/1",
        "lime/3",
        "integrated_gradients/7/10",
        "picture/0",
    ]
    # Sixty samples in parts of at most twelve, as many for each process.
    assert order.count("smoothgrad/1") == 6


def test_batches_that_a_person_chose_are_dealt_to_nobody(demo: Bundle) -> None:
    """In another batch a network may round otherwise, and a share ends in a smaller one."""
    for chosen in (ExplainSettings(), fast_settings(micro_batch=2), fast_settings(lime_batch=10)):
        assert Workers(demo, chosen, SilentProgress(), lambda: 0.0, 2)._shares(Task("lime/3")) == [
            None
        ]
    dealt = Workers(demo, FAST, SilentProgress(), lambda: 0.0, 2)
    assert dealt._shares(Task("lime/3")) == [Share(at, 4) for at in range(4)]
    assert dealt._shares(Task("lime/3", upto=20)) == [Share(0, 2), Share(1, 2)]
    assert dealt._shares(Task("saliency/0")) == dealt._shares(Task("nothing/0")) == [None]
