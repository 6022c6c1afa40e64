"""The sequential test: as often right as it says, however often it looks, and no easier."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from solver.evidence import Evidence, Record
from solver.explain import registry
from solver.explain.estimator import Sampling, Units, left_out, looks_at
from solver.explain.job import ExplainSettings, Job, no_picture
from solver.explain.sampling.claims import Claims
from solver.explain.sampling.sequential_test import (
    SequentialTest,
    evidence_digest,
    was_decided,
)

MOST = 500


def mean_of(record: Record) -> float:
    return float(record.array("samples").mean())


def units_of(record: Record, most: int) -> Units:
    samples = record.array("samples")
    groups = samples.reshape(-1, 20).mean(0)
    return Units(
        20,
        left_out(20, len(samples), most),
        lambda chosen: Record(record.id, {"samples": groups[chosen]}),
    )


NUMBERS = Sampling(
    most=lambda job: MOST,
    looks=lambda job: looks_at(MOST, 20),
    measured=lambda job, before, upto, share: np.empty(0),
    joined=lambda job, before, upto, rows: before,  # type: ignore[arg-type, return-value]
    units_of=units_of,
    units=20,
)


@pytest.fixture(autouse=True)
def numbers_are_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    def never_run(job: Job) -> Record:
        raise AssertionError(job.id)

    numbers = registry.Explanation(
        "numbers", never_run, no_picture, lambda job: MOST, (), 1, sampling=NUMBERS
    )
    registry.all_explanations()
    monkeypatch.setitem(registry._explanations, "numbers", numbers)


def job(confidence: float) -> Job:
    return Job("numbers/0", None, ExplainSettings(confidence=confidence))  # type: ignore[arg-type]


def so_far(samples: np.ndarray) -> Evidence:
    record = Record("numbers/0", {"samples": samples}, {"samples": len(samples)})
    return Evidence({record.id: record})


def made_claims(margins: object = None) -> Claims:
    def of_mean(evidence: Evidence) -> Sequence[float]:
        return [mean_of(evidence.get("numbers", 0))]

    return Claims("claims", ("numbers/0",), 1, margins or of_mean)  # type: ignore[arg-type]


def is_decided(asked: Claims, evidence: Evidence, jobs: list[Job], look: int = 1) -> bool:
    which = range(asked.count)
    return not SequentialTest(asked, evidence, jobs).undecided(which, number=look, claims_in_all=1)


def first_decided(samples: np.ndarray, confidence: float) -> int | None:
    for at, look in enumerate(looks_at(MOST, 20)[:-1], start=1):
        if is_decided(made_claims(), so_far(samples[:look]), [job(confidence)], at):
            return look
    return None


@pytest.mark.parametrize("mean", [0.0, 0.02, 0.05])
def test_it_is_seldom_wrong_however_often_it_looks(mean: float) -> None:
    """Skewed samples whose mean is at or near the line; wrong is another sign than at the end."""
    generator = np.random.default_rng(3)
    wrong, runs = 0, 150
    for _ in range(runs):
        samples = generator.exponential(size=MOST) - 1 + mean
        look = first_decided(samples, confidence=0.9)
        if look is not None:
            wrong += np.sign(samples[:look].mean()) != np.sign(samples.mean())
    assert wrong / runs <= 0.1


def test_it_is_seldom_wrong_of_samples_with_a_heavy_tail() -> None:
    """As gradients of noisy pictures are. By Student's t alone it would be wrong 17 times of 300.

    Not a claim on all such samples: a tail that has not shown at all leaves no trace.
    """
    generator = np.random.default_rng(12)
    wrong, runs = 0, 300
    for _ in range(runs):
        samples = generator.lognormal(0, 1.5, MOST) - math.exp(1.5**2 / 2)
        look = first_decided(samples, confidence=0.99)
        if look is not None:
            wrong += np.sign(samples[:look].mean()) != np.sign(samples.mean())
    assert wrong / runs <= 0.04


@given(seed=st.integers(0, 1000), taken=st.sampled_from([40, 120, 260, 380]))
@settings(deadline=None)
def test_the_skewness_of_a_mean_is_that_of_its_units(seed: int, taken: int) -> None:
    samples = np.random.default_rng(seed).exponential(size=taken) + 1
    test = SequentialTest(made_claims(), so_far(samples), [job(0.999)])
    to_come = 20 * MOST / taken - 20
    of_units = stats.skew(samples.reshape(-1, 20).mean(0))
    expected = of_units * (1 / 400 - 1 / to_come**2) / (1 / 20 + 1 / to_come) ** 1.5
    assert test.skewness == pytest.approx([expected], abs=1e-9)
    mirrored = made_claims(lambda evidence: [-mean_of(evidence.get("numbers", 0))])
    assert SequentialTest(mirrored, so_far(samples), [job(0.999)]).skewness == pytest.approx(
        -test.skewness, abs=1e-9
    )
    flat = SequentialTest(made_claims(lambda _: [1.0]), so_far(samples), [job(0.999)])
    assert flat.skewness == pytest.approx([0.0])


def test_of_ten_like_records_the_sum_is_less_skewed_than_each() -> None:
    samples = np.random.default_rng(2).exponential(size=40)
    jobs = many_jobs(0.999)
    named = {one.id: Record(one.id, {"samples": samples}, {"samples": 40}) for one in jobs}
    together = Claims(
        "sum", (), 1, lambda e: [sum(mean_of(e.get("numbers", at)) for at in range(MANY))]
    )
    alone = SequentialTest(made_claims(), so_far(samples), jobs[:1]).skewness
    assert SequentialTest(together, Evidence(named), jobs).skewness == pytest.approx(
        alone / MANY**0.5
    )


def test_a_claim_that_a_part_left_out_makes_untellable_is_not_decided() -> None:
    samples = np.arange(40.0) + 100

    def margins(evidence: Evidence) -> list[float]:
        kept = evidence.get("numbers", 0).array("samples")
        return [math.nan if len(kept) == 19 else float(kept.mean())]

    assert is_decided(made_claims(), so_far(samples), [job(0.9)])
    assert not is_decided(made_claims(margins), so_far(samples), [job(0.9)])


def test_what_is_clear_is_decided_early_and_what_is_not_is_not() -> None:
    generator = np.random.default_rng(4)
    clear = [first_decided(generator.normal(3, 1, MOST), 0.999) for _ in range(20)]
    assert clear == [looks_at(MOST, 20)[0]] * 20
    unclear = [first_decided(generator.normal(0, 1, MOST), 0.999) for _ in range(20)]
    assert unclear.count(None) >= 18


MANY = 10


def many_jobs(confidence: float) -> list[Job]:
    settings = ExplainSettings(confidence=confidence)
    return [Job(f"numbers/{at}", None, settings) for at in range(MANY)]  # type: ignore[arg-type]


def many_records(samples: np.ndarray) -> Evidence:
    """Evidence of samples (records, samples)."""
    named = {f"numbers/{at}": each for at, each in enumerate(samples)}
    return Evidence(
        {name: Record(name, {"samples": x}, {"samples": len(x)}) for name, x in named.items()}
    )


def weighted(weights: Sequence[float]) -> Claims:
    """A claim on the weighted mean of all records."""

    def margins(evidence: Evidence) -> Sequence[float]:
        means = [mean_of(evidence.get("numbers", at)) for at in range(MANY)]
        return [float(np.average(means, weights=weights))]

    return Claims("claims", tuple(f"numbers/{at}" for at in range(MANY)), 1, margins)


@pytest.mark.parametrize(
    ("weights", "least", "most"),
    [([1.0] * MANY, 60, 19 * MANY), ([100.0] + [1.0] * (MANY - 1), 19, 20)],
)
def test_a_claim_on_many_records_has_the_freedom_of_those_it_hangs_on(
    weights: list[float], least: float, most: float
) -> None:
    samples = np.random.default_rng(8).normal(1, 1, (MANY, 40))
    evidence, asked = many_records(samples), weighted(weights)
    (found,) = SequentialTest(asked, evidence, many_jobs(0.9)).freedom
    assert least <= found <= most


def test_what_cannot_be_told_in_a_draw_brings_no_freedom_and_goes_on() -> None:
    evidence = many_records(np.random.default_rng(8).normal(1, 1, (MANY, 40)))
    answers = iter([[1.0], *[[1.0]] * 25, None, *[[1.0]] * 1000])
    asked = Claims("claims", (), 1, lambda _: next(answers))  # type: ignore[arg-type, return-value]
    test = SequentialTest(asked, evidence, many_jobs(0.9))
    assert test.freedom == [19]
    assert test.decisive_records([0]) == {"numbers/2"}


def test_a_claim_on_a_name_is_moved_by_what_changes_the_name() -> None:
    evidence = many_records(np.random.default_rng(8).normal(1, 1, (MANY, 40)))
    first = mean_of(evidence.get("numbers", 3))
    asked = Claims(
        "claims", (), 1, lambda e: [np.inf if mean_of(e.get("numbers", 3)) == first else -np.inf]
    )
    test = SequentialTest(asked, evidence, many_jobs(0.9))
    assert test.decisive_records([0]) == {"numbers/3"}
    assert test.freedom == [19]


def test_of_a_claim_on_many_records_those_that_hardly_move_it_wait() -> None:
    samples = np.random.default_rng(2).normal(0, 1, (MANY, 40))
    evidence, jobs = many_records(samples), many_jobs(0.9)
    heavy = weighted([10.0, 10.0, *[1.0] * (MANY - 2)])
    assert SequentialTest(heavy, evidence, jobs).decisive_records([0]) == {"numbers/0", "numbers/1"}
    assert len(SequentialTest(weighted([1.0] * MANY), evidence, jobs).decisive_records([0])) >= 7


@pytest.mark.parametrize("mean", [0.0, 0.01])
def test_a_claim_on_many_records_is_seldom_wrong(mean: float) -> None:
    generator = np.random.default_rng(9)
    asked, jobs = weighted([1.0] * MANY), many_jobs(0.9)
    wrong, early, runs = 0, 0, 60
    for _ in range(runs):
        samples = generator.exponential(size=(MANY, MOST)) - 1 + mean
        for at, look in enumerate(looks_at(MOST, 20)[:-1], start=1):
            if is_decided(asked, many_records(samples[:, :look]), jobs, at):
                wrong += np.sign(samples[:, :look].mean()) != np.sign(samples.mean())
                early += 1
                break
    assert early and wrong / runs <= 0.1


@pytest.mark.parametrize("mean", [0.0, 0.02])
def test_it_is_seldom_wrong_when_only_what_moves_a_claim_goes_on(mean: float) -> None:
    """The records that bring most of the variance are taken further, the others are left."""
    generator = np.random.default_rng(10)
    scales = np.array([4.0, 3.0, 1.0, 0.2])[:, None]
    asked = Claims(
        "claims", (), 1, lambda e: [sum(mean_of(e.get("numbers", at)) for at in range(4))]
    )
    looks, wrong, early, tests, taken_further = looks_at(MOST, 20), 0, 0, 0, 0
    for _ in range(50):
        samples = scales * (generator.exponential(size=(4, MOST)) - 1) + mean
        at, number = [0] * 4, 0
        while max(at) < len(looks) - 1:
            number += 1
            named = {f"numbers/{k}": samples[k, : looks[at[k]]] for k in range(4)}
            evidence = Evidence(
                {n: Record(n, {"samples": x}, {"samples": len(x)}) for n, x in named.items()}
            )
            test = SequentialTest(asked, evidence, many_jobs(0.9)[:4])
            if not test.undecided([0], number=number, claims_in_all=1):
                early += 1
                mean_now = sum(float(x.mean()) for x in named.values())
                wrong += np.sign(mean_now) != np.sign(samples.mean(1).sum())
                break
            moving = test.decisive_records([0])
            tests, taken_further = tests + 1, taken_further + ("numbers/3" in moving)
            at = [one + (f"numbers/{k}" in moving) for k, one in enumerate(at)]
    assert early and wrong / 50 <= 0.1
    assert taken_further <= 0.05 * tests


@pytest.mark.parametrize("mean", [0.01, 0.06])
def test_a_claim_that_is_given_up_turns_as_often_as_said(mean: float) -> None:
    """Near the line no look before the end decides; so many verdicts turn as their chances add up
    to, and samples are saved."""
    generator = np.random.default_rng(21)
    looks = looks_at(MOST, 20)
    chances, turned, taken = [], 0, []
    for _ in range(120):
        samples = generator.exponential(size=MOST) - 1 + mean
        for number, look in enumerate(looks[:-1], start=1):
            test = SequentialTest(made_claims(), so_far(samples[:look]), [job(0.999)])
            assert test.undecided([0], number=number, claims_in_all=20)
            if given_up := test.hopeless([0], number=number, claims_in_all=20):
                chances.append(given_up[0])
                turned += np.sign(samples[:look].mean()) != np.sign(samples.mean())
                taken.append(look)
                break
    assert len(chances) > 100
    assert abs(turned - sum(chances)) < 3 * math.sqrt(sum(p * (1 - p) for p in chances))
    assert np.mean(taken) < 0.5 * MOST


def test_a_claim_that_a_later_look_decides_is_not_given_up() -> None:
    """A margin of four of its errors at 40 samples is eleven at the last look."""
    samples = np.random.default_rng(4).normal(0.75, 1, 40)
    test = SequentialTest(made_claims(), so_far(samples), [job(0.999)])
    assert test.undecided([0], number=1, claims_in_all=20) == [0]
    assert test.hopeless([0], number=1, claims_in_all=20) == {}


@pytest.mark.parametrize(
    ("deviation", "turns_at", "decided", "calls"),
    [
        (0.1, None, True, 121),
        (0.1, 40, False, 51),
        (0.252, None, True, 421),
        (0.252, 250, False, 401),
        (0.27, None, False, 101),
    ],
)
def test_what_a_hundred_draws_leave_open_is_drawn_further_where_that_can_decide_it(
    deviation: float, turns_at: int | None, decided: bool, calls: int
) -> None:
    """Student's t of 19 degrees asks for 3.8 deviations, a hundred draws that all agree for 4.1."""
    made = []

    def margins(_: Evidence) -> list[float]:
        at = len(made)
        made.append(-1.0 if at == turns_at else 1.0 if not at else 1 + deviation * (-1) ** at)
        return made[-1:]

    assert is_decided(made_claims(margins), so_far(np.ones(40)), [job(0.999)]) is decided
    assert len(made) == calls


def test_draws_that_all_agree_are_not_certainty() -> None:
    """A hundred draws without any spread decide at three nines, and never at twenty."""
    evidence = so_far(np.ones(40))
    steady = made_claims(lambda _: [1.0])
    assert is_decided(steady, evidence, [job(0.999)])
    assert not is_decided(steady, evidence, [job(1 - 1e-15)])


@pytest.mark.parametrize(
    ("margins", "decided"),
    [(None, True), ([float("nan")], False), ([0.0], False), ([float("inf")], True)],
)
def test_claims_without_a_margin(margins: list[float] | None, decided: bool) -> None:
    found = is_decided(made_claims(lambda _: margins), so_far(np.ones(40)), [job(0.99)])
    assert found is decided


def test_where_a_draw_leaves_all_undecided_nothing_is_decided_nor_given_up() -> None:
    answers = iter([[1.0], *[[1.0]] * 30, None])
    test = SequentialTest(made_claims(lambda _: next(answers)), so_far(np.ones(40)), [job(0.9)])
    assert test.undecided([0], number=1, claims_in_all=1) == [0]
    assert test.hopeless([0], number=1, claims_in_all=1) == {}


def test_what_was_decided_is_known_by_the_evidence_it_was_decided_on() -> None:
    asked, evidence = made_claims(), so_far(np.ones(40))
    assert not was_decided(asked, evidence, [job(0.9)])
    digest = evidence_digest(asked, evidence)
    record = evidence.get("numbers", 0)
    record.values["settled"] = {asked.identity: digest}
    assert was_decided(asked, evidence, [job(0.9)])
    also = Claims(asked.identity, (*asked.needs, "numbers/1"), 1, asked.margins)
    record.values["settled"] = {asked.identity: evidence_digest(also, evidence)}
    assert not was_decided(also, evidence, [job(0.9)])  # of a record that is not there
    record.values["settled"] = {asked.identity: digest}
    other = Claims("another rule", asked.needs, 1, asked.margins)
    assert not was_decided(other, evidence, [job(0.9)])
    record.arrays["samples"] = np.ones(60)
    assert not was_decided(asked, evidence, [job(0.9)])


def test_claims_are_decided_one_by_one_and_wait_only_for_what_moves_them() -> None:
    """Two means, one clear and one at the line."""
    generator = np.random.default_rng(7)
    records = [
        Record(f"numbers/{at}", {"samples": generator.normal(mean, 1, 40)}, {"samples": 40})
        for at, mean in enumerate((5.0, 0.0))
    ]
    jobs = [
        Job(one.id, None, ExplainSettings(confidence=0.999))  # type: ignore[arg-type]
        for one in records
    ]

    def margins(evidence: Evidence) -> list[float]:
        return [mean_of(evidence.get("numbers", at)) for at in range(2)]

    asked = Claims("two", ("numbers/0", "numbers/1"), 2, margins)
    evidence = Evidence({one.id: one for one in records})
    test = SequentialTest(asked, evidence, jobs)
    left = test.undecided([0, 1], number=1, claims_in_all=2)
    assert left == [1]
    assert test.decisive_records(left) == {"numbers/1"}
    assert test.decisive_records([0, 1]) == {"numbers/0", "numbers/1"}
