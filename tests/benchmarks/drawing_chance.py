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
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--maps", type=int, default=8, help="maps of each kind of noise")
    count = parser.parse_args().maps
    began = time.process_time()
    found: dict[str, list[dict[str, Fit]]] = {
        kind: [fits(stroke_marks(make(100 + at))) for at in range(count)]
        for kind, make in KINDS.items()
    }
    names = list(found["white"][0])
    print(
        f"{'drawing':12} chance  of one map  " + " ".join(f"{kind:>7}" for kind in KINDS) + "  most"
    )
    for name in names:
        scores = {kind: np.array([one[name].score for one in found[kind]]) for kind in KINDS}
        both = np.concatenate([scores[kind] for kind in CHANCE_OF])
        most = max(float(each.max()) for each in scores.values())
        above = (most - both.mean()) / (1 - both.mean())
        kinds = " ".join(f"{each.mean():7.3f}" for each in scores.values())
        print(f"{name:12} {both.mean():6.3f}  {both.std():10.3f}  {kinds}  {above:.3f}")
    spreads = [one[name].spread for each in found.values() for one in each for name in names]
    print(
        f"searches apart by more than .01: {np.mean(np.array(spreads) > 0.01):.2f} of the fits; "
        f"{time.process_time() - began:.0f} s of processor"
    )


if __name__ == "__main__":
    main()
