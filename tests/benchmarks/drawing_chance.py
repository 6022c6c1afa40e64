"""Chance levels of the line drawings: the scores that their best poses get on maps of noise.

    python -m tests.benchmarks.drawing_chance --maps 8

prints for each drawing its mean score on noise, which is its `chance`, the most above chance that
any drawing got, which `wireframe.clear` is rounded up from, and how far searches lay apart.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
from scipy import ndimage

from solver.rules.shapes import handle, solid_wireframes
from solver.rules.shapes.wireframe_fit import Fit, fit, stroke_marks
from tests.solver.rules.noise_maps import NOISE, SIDE


def clumps(seed: int) -> np.ndarray:
    """Clumps of four pixels, which have long edges of their own."""
    noise = np.random.default_rng(seed).normal(size=(SIDE, SIDE))
    return np.exp(5 * ndimage.gaussian_filter(noise, 4))


def glow(seed: int) -> np.ndarray:
    """A bump in the middle, speckled."""
    row, column = np.mgrid[:SIDE, :SIDE] - SIDE / 2
    bump = np.exp(-(row**2 + column**2) / (2 * 30**2))
    return bump * np.random.default_rng(seed).random((SIDE, SIDE))


KINDS: dict[str, Callable[[int], np.ndarray]] = {**NOISE, "clumps": clumps, "glow": glow}
CHANCE_OF = ("white", "smooth")
"""Kinds whose mean is chance; the line for what is clear is of all kinds."""


def fits(marks: np.ndarray) -> dict[str, Fit]:
    """The best fit of every solid, and of the jugs together."""
    found = {name: fit(drawing, marks) for name, drawing in solid_wireframes.DRAWINGS.items()}
    found["jug"] = fit(list(handle.DRAWINGS.values()), marks, effort=handle.EFFORT)
    return found


def main() -> None:
    """Print the fits of each map as they are made, and the table of all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--maps", type=int, default=8, help="maps of each kind of noise")
    count = parser.parse_args().maps
    found: dict[str, list[dict[str, Fit]]] = {kind: [] for kind in KINDS}
    for at in range(count):
        for kind, make in KINDS.items():
            began = time.process_time()
            found[kind].append(fits(stroke_marks(make(100 + at))))
            scores = "  ".join(f"{name} {one.score:.3f}" for name, one in found[kind][-1].items())
            print(f"{kind:7}{at:3}  {scores}  {time.process_time() - began:.0f} s", flush=True)
    print_table(found)


def print_table(found: dict[str, list[dict[str, Fit]]]) -> None:
    """Print of each drawing its mean score by kind of noise, chance, and the most above it."""
    print(f"{'drawing':12} chance  " + " ".join(f"{kind:>7}" for kind in KINDS) + "  most above it")
    for name in found["white"][0]:
        scores = {kind: np.array([one[name].score for one in found[kind]]) for kind in KINDS}
        chance = float(np.concatenate([scores[kind] for kind in CHANCE_OF]).mean())
        most = (max(float(each.max()) for each in scores.values()) - chance) / (1 - chance)
        kinds = " ".join(f"{each.mean():7.3f}" for each in scores.values())
        print(f"{name:12} {chance:6.3f}  {kinds}  {most:.3f}")
    spreads = [fit.spread for kind in found.values() for one in kind for fit in one.values()]
    print(f"searches that end more than .01 apart: {np.mean(np.array(spreads) > 0.01):.2f}")


if __name__ == "__main__":
    main()
