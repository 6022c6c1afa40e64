"""Chance levels of the line drawings: the scores that their best poses get on maps of noise.

    python -m tests.benchmarks.drawing_chance --maps 12

prints for each drawing its mean score on noise, which is its `chance`, the most above chance that
any drawing got, which `wireframe.clear` is rounded up from, and how far searches lay apart.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
from scipy import ndimage

from solver.rules.shapes import handle, solid_wireframes
from solver.rules.shapes.pose_scores import Mask
from solver.rules.shapes.wireframe_fit import AGREED, Fit, fit, stroke_marks
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


FAMILIES = {name: [drawing] for name, drawing in solid_wireframes.DRAWINGS.items()}
FAMILIES["jug"] = list(handle.DRAWINGS.values())


def fit_of(name: str, marks: Mask, seed: int = 0) -> Fit:
    """The best fit of a solid, or of the jugs together."""
    return fit(FAMILIES[name], marks, seed=seed, effort=handle.EFFORT if name == "jug" else None)


def main() -> None:
    """Print the fits of each map as they are made, and the table of all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--maps", type=int, default=12, help="maps of each kind of noise")
    parser.add_argument("--kinds", nargs="*", default=list(KINDS), help="of noise")
    parser.add_argument("--drawings", nargs="*", default=list(FAMILIES))
    given = parser.parse_args()
    found: dict[str, list[dict[str, Fit]]] = {kind: [] for kind in given.kinds}
    for at in range(given.maps):
        for kind in given.kinds:
            marks = stroke_marks(KINDS[kind](100 + at))
            found[kind].append({name: fit_of(name, marks) for name in given.drawings})
            scores = "  ".join(f"{name} {one.score:.3f}" for name, one in found[kind][-1].items())
            print(f"{kind:7}{at:3}  {scores}", flush=True)
    print_table(found)


def print_table(found: dict[str, list[dict[str, Fit]]]) -> None:
    """Print of each drawing its mean score by kind of noise, chance, and the most above it."""
    print(
        "drawing       chance (error)  " + " ".join(f"{kind:>7}" for kind in found), " most above"
    )
    for name in next(iter(found.values()))[0]:
        scores = {kind: np.array([one[name].score for one in each]) for kind, each in found.items()}
        level = np.concatenate([scores[kind] for kind in CHANCE_OF if kind in scores])
        chance, error = float(level.mean()), float(level.std(ddof=1) / len(level) ** 0.5)
        most = (max(float(each.max()) for each in scores.values()) - chance) / (1 - chance)
        kinds = " ".join(f"{each.mean():7.3f}" for each in scores.values())
        print(f"{name:12}  {chance:.4f} ({error:.4f}) {kinds}  {most:.3f}")
    spreads = [fit.spread for kind in found.values() for one in kind for fit in one.values()]
    apart = float(np.mean(np.array(spreads) > AGREED))
    print(f"fits whose searches end more than {AGREED} apart: {apart:.2f}")


if __name__ == "__main__":
    main()
