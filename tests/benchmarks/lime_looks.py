"""Error rate of LIME's early stopping, on classifiers whose weights are known.

    python -m tests.benchmarks.lime_looks [--runs N]

A made-up classifier answers with a weighted sum of the segments shown, some pairs of them beyond
that sum, and noise. Its claim: among the eleven largest weights, more of one region's segments are
for the class than of another's. Regions are drawn so that most claims are near their line. Wrong is
a claim that was decided early and is otherwise at the course's count; given up is one that stopped
near its line, whose stated chances are summed up beside how many did turn.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np

from solver.evidence import Evidence, Record
from solver.explain.cnn.lime_surrogate import informative_rows, ridge_fit, shown_signs
from solver.explain.job import ExplainSettings, Job
from solver.explain.registry import sampling_of
from solver.explain.sampling.claims import Claims
from solver.explain.sampling.sequential_test import SequentialTest

SIDE, SEGMENTS, MOST, SHOWN = 11, 121, 1000, 11


@dataclass
class Outcomes:
    """How the claims of some runs ended."""

    runs: int = 0
    samples: int = 0
    decided: int = 0
    wrong: int = 0
    given_up: int = 0
    expected: float = 0.0
    turned: int = 0


def record_of(draws: np.ndarray, answers: np.ndarray) -> Record:
    """The record of LIME on these samples; each segment is one pixel."""
    weights, _, _ = ridge_fit(draws, answers)
    segments = np.arange(SEGMENTS).reshape(SIDE, SIDE)
    signs = shown_signs(segments, weights, SHOWN, 0.0)
    arrays = {"draws": draws, "answers": answers, "segments": segments}
    return Record(
        "lime/0",
        {**arrays, "weights": weights, "signs": signs},
        {"samples": len(draws)},
        {"lime_shown": SHOWN, "lime_min_weight": 0.0},
    )


def samples_of(generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draws (samples, segments) and a classifier's answers to them."""
    draws = generator.integers(0, 2, (MOST, SEGMENTS))
    draws[0] = 1
    weights = generator.laplace(size=SEGMENTS)
    pairs = generator.integers(0, SEGMENTS, (2, SEGMENTS))
    beyond = draws[:, pairs[0]] * draws[:, pairs[1]] @ generator.laplace(size=SEGMENTS)
    noise = generator.normal(size=MOST)
    return draws, draws @ weights + 0.3 * beyond + noise


def claim_on(generator: np.random.Generator) -> Claims:
    """The claim that green covers more of one made-up region than of another."""
    one, other = np.split(generator.permutation(SEGMENTS)[:80], [41])  # of two sizes: no ties

    def margins(evidence: Evidence) -> list[float]:
        green = evidence.get("lime", 0).array("signs").ravel() > 0
        return [float(green[one].mean() - green[other].mean())]

    return Claims("green", ("lime/0",), 1, margins)


def run(runs: int, seed: int, confidence: float, claims_in_all: int) -> Outcomes:
    """Run the looks of so many classifiers, each until its claim is decided or given up.

    Samples are taken in the order in which `hw9 key` takes LIME's.
    """
    generator, ended = np.random.default_rng(seed), Outcomes(runs)
    job = Job("lime/0", None, ExplainSettings(confidence=confidence))  # type: ignore[arg-type]
    for _ in range(runs):
        draws, answers = samples_of(generator)
        claim = claim_on(generator)
        order = np.append(0, informative_rows(draws, np.array([0]), MOST - 1))
        draws, answers = draws[order], answers[order]
        (whole,) = claim.margins(Evidence({"lime/0": record_of(draws, answers)})) or [np.nan]
        for number, look in enumerate(sampling_of(job).looks(job)[:-1], start=1):
            found = Evidence({"lime/0": record_of(draws[:look], answers[:look])})
            test = SequentialTest(claim, found, [job])
            assert test.margins is not None
            turned = bool(np.sign(test.margins[0]) != np.sign(whole))
            taken = look
            if not test.undecided([0], number=number, claims_in_all=claims_in_all):
                ended.decided += 1
                ended.wrong += turned
                break
            near = test.hopeless([0], number=number, claims_in_all=claims_in_all)
            if near:
                ended.given_up += 1
                ended.expected += near[0]
                ended.turned += turned
                break
            taken = MOST
        ended.samples += taken
    return ended


def main() -> None:
    """Print the outcomes for two confidences."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=400)
    runs = parser.parse_args().runs
    print("confidence, claims | samples | decided | wrong | given up | said to turn | turned")
    for confidence, claims_in_all in ((0.9, 1), (0.99, 1), (0.999, 84)):
        found = run(runs, 5, confidence, claims_in_all)
        print(
            f"{confidence}, {claims_in_all} | {found.samples / runs:.0f} | {found.decided} | "
            f"{found.wrong} | {found.given_up} | {found.expected:.1f} | {found.turned}"
        )


if __name__ == "__main__":
    main()
