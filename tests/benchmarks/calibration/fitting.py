"""Fit of doubt: weights of its signs by maximum likelihood, and how doubt does on outcomes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from unittest.mock import patch

import numpy as np

from solver.decide.doubt import estimate, signs
from solver.key import OptionVerdict
from tests.benchmarks.calibration.observe import Outcome

Array = np.ndarray

PENALTY = 2.0
"""Of half the squared weights: ten signs, some of which hardly vary in a family."""


@dataclass(frozen=True)
class Weights:
    """What is fitted, as `solver.decide.doubt.fitted` holds it."""

    intercept: float
    weights: Mapping[str, float]
    typical: Mapping[str, float]
    typical_share: float

    @contextmanager
    def used(self) -> Iterator[None]:
        """Context in which doubt is estimated with these weights."""
        with (
            patch.object(estimate, "INTERCEPT", self.intercept),
            patch.object(estimate, "WEIGHTS", self.weights),
            _typical(self.typical, self.typical_share),
        ):
            yield


@contextmanager
def _typical(margins: Mapping[str, float], share: float) -> Iterator[None]:
    with (
        patch.object(signs, "TYPICAL", margins),
        patch.object(signs, "TYPICAL_SHARE", share),
    ):
        yield


def verdicts_of(
    outcomes: Sequence[Outcome],
) -> Iterator[tuple[Outcome, OptionVerdict, bool]]:
    """Yield each verdict, and whether a judge who sees the truth judges otherwise."""
    for one in outcomes:
        for option, judged in zip(one.entry.options, one.judged, strict=True):
            if option.holds is not None:
                yield one, option, option.holds != judged


def fitted_on(outcomes: Sequence[Outcome]) -> Weights:
    """Return the weights that fit these outcomes."""
    verdicts = list(verdicts_of(outcomes))
    typical, share = _typical_margins(verdicts)
    with _typical(typical, share):
        found = [signs.signs_of(one.entry, option) for one, option, _ in verdicts]
    names = list(found[0])
    matrix = np.array([[each[name] for name in names] for each in found])
    # Each rule counts alike, however many of its verdicts were simulated.
    rules = [one.rule for one, _, _ in verdicts]
    counts = {rule: rules.count(rule) for rule in set(rules)}
    weight = np.array([len(rules) / len(counts) / counts[rule] for rule in rules])
    wrong = np.array([wrong for *_, wrong in verdicts], float)
    bounds = [WAYS.get(name, (None, None)) for name in ("", *names)]
    found = _likeliest(matrix, wrong, weight, bounds)
    intercept, *found = (round(float(one), 2) + 0.0 for one in found)  # no minus zero
    return Weights(intercept, dict(zip(names, found, strict=True)), typical, share)


Bounds = Sequence[tuple[float | None, float | None]]

WAYS: dict[str, tuple[float | None, float | None]] = {
    "flips": (0, None),
    "ratio": (None, None),
    "size": (None, 0),
    "agrees": (None, 0),
    "differs": (0, None),
    "drawn": (0, None),
}
"""Which way a sign may count: agreement never adds doubt, a flip never takes it away. (Of ``ratio``
and ``flips``, which say much the same, either may correct the other.)"""


def _likeliest(matrix: Array, wrong: Array, weight: Array, bounds: Bounds) -> Array:
    """Intercept and weights of the greatest penalized likelihood."""
    from scipy.optimize import minimize

    def loss(weights: Array) -> tuple[float, Array]:
        curve = 1 / (1 + np.exp(-(matrix @ weights[1:] + weights[0])))
        chance = np.clip(estimate.EVEN * curve, 1e-9, 1 - 1e-9)
        likely = wrong * np.log(chance) + (1 - wrong) * np.log(1 - chance)
        slope = weight * ((1 - wrong) / (1 - chance) - wrong / chance)
        slope = slope * estimate.EVEN * curve * (1 - curve)
        penalty = PENALTY / 2 * float((weights[1:] ** 2).sum())
        steps = np.concatenate([[slope.sum()], matrix.T @ slope + PENALTY * weights[1:]])
        return penalty - float((weight * likely).sum()), steps

    start = np.zeros(matrix.shape[1] + 1)
    best = minimize(
        loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 2000}
    )
    found: Array = best.x
    return found


def _typical_margins(
    verdicts: Sequence[tuple[Outcome, OptionVerdict, bool]],
) -> tuple[dict[str, float], float]:
    margins: dict[str, list[float]] = {}
    shares = []
    for one, option, wrong in verdicts:
        if not wrong or not option.margin:
            continue
        margins.setdefault(one.rule, []).append(option.margin)
        numbers = [each for each in (option.value, option.threshold) if isinstance(each, float)]
        if sum(map(abs, numbers)) > 0:
            shares.append(option.margin / sum(map(abs, numbers)))
    found = {
        rule: float(f"{np.median(each):.2g}")
        for rule, each in sorted(margins.items())
        if len(each) >= FEWEST
    }
    return found, float(f"{np.median(shares):.2g}")


FEWEST = 8
"""Wrong verdicts of a rule from which their median margin is one to go by."""


def brier(stated: Array, wrong: Array) -> float:
    """Return the mean square of stated chance less outcome (Brier 1950)."""
    return float(np.mean((stated - wrong) ** 2)) if len(wrong) else 0.0


def ordered(stated: Array, wrong: Array) -> float:
    """Return the share of pairs in which a wrong one has the larger chance; ties count half."""
    from scipy.stats import rankdata

    ranks, count = rankdata(stated), int(wrong.sum())
    pairs = count * (len(wrong) - count)
    return float((ranks[wrong.astype(bool)].sum() - count * (count + 1) / 2) / max(pairs, 1))


@dataclass(frozen=True)
class Bin:
    """The verdicts with a stated chance in a tenth: how many, what is stated, what is so."""

    count: int
    stated: float
    wrong: float

    @property
    def error(self) -> float:
        """The standard error of the share of wrong ones."""
        # By Laplace's rule, so that none wrong of three is not certain.
        share = (self.wrong * self.count + 1) / (self.count + 2)
        return float(np.sqrt(share * (1 - share) / (self.count + 2)))


def bins_of(stated: Array, wrong: Array) -> list[Bin]:
    """Return the ten bins of stated chance; empty ones too."""
    which = np.minimum((stated * 10).astype(int), 9)
    found = []
    for at in range(10):
        inside = which == at
        count = int(inside.sum())
        means = [float(each[inside].mean()) if count else 0.0 for each in (stated, wrong)]
        found.append(Bin(count, *means))
    return found


@dataclass(frozen=True)
class Judged:
    """Stated chances of some outcomes, and what was wrong; of verdicts, or of whole answers."""

    doubt: Array
    flips: Array
    wrong: Array
    repeated: Array
    rules: Array

    def where(self, chosen: Array) -> Judged:
        """Those chosen."""
        return Judged(*(each[chosen] for each in self.__dict__.values()))


def judged_verdicts(outcomes: Sequence[Outcome]) -> Judged:
    """Return doubt and flip share of each verdict."""
    rows = [
        (
            estimate._of_option(one.entry, option),
            option.flips.share if option.flips else 0.0,
            wrong,
            bool(one.entry.stability),
            one.rule,
        )
        for one, option, wrong in verdicts_of(outcomes)
    ]
    return Judged(*(np.array(each) for each in zip(*rows, strict=True)))


def judged_answers(outcomes: Sequence[Outcome]) -> Judged:
    """Return doubt and the share of repeats with another answer of each question."""
    rows = [
        (
            estimate._of_question(one.entry),
            one.entry.stability.changed if one.entry.stability else 0.0,
            any(
                option.holds not in (None, judged)
                for option, judged in zip(one.entry.options, one.judged, strict=True)
            ),
            bool(one.entry.stability),
            one.rule,
        )
        for one in outcomes
    ]
    return Judged(*(np.array(each) for each in zip(*rows, strict=True)))
