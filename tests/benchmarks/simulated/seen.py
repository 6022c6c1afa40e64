"""Which measures find what a person sees of a map, on simulated maps whose truth is known.

    python -m tests.benchmarks.simulated.seen --cases 100

Three questions: which of two maps traces a thing better; whether a region leads by itself or by a
halo beside its border; whether a map is diffuse. Of each measure, those that were not chosen too,
and of each family the share of cases that it tells right. Things are ellipses, and the regions of
the demo's drawn pictures.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

from solver.rules.maps import seen
from solver.rules.maps.displayed import brightest_places
from tests.benchmarks.simulated import Floats, Generator
from tests.benchmarks.simulated.places import SIDE, band, clumps, ellipse, speckle

EVERYWHERE = np.ones((SIDE, SIDE), bool)
MASKS = Path(__file__).resolve().parents[3] / "fixtures" / "demo" / "masks"
Pair = tuple[Floats, Floats, Floats]
"""A map that traces the thing better, one that does so worse, and the thing."""


@cache
def drawn_things() -> list[Floats]:
    """The regions of the demo's pictures that are a tenth to a half of the picture."""
    masks = [
        np.asarray(Image.open(path).convert("L")) > 127 for path in sorted(MASKS.rglob("*.png"))
    ]
    return [mask for mask in masks if mask.shape == (SIDE, SIDE) and 0.1 < mask.mean() < 0.5]


def thing(generator: Generator) -> Floats:
    """An ellipse, or a region of a drawn picture."""
    things = drawn_things()
    if generator.random() < 0.5 or not things:
        return ellipse(generator, (18, 34))
    return things[generator.integers(len(things))]


def fainter(generator: Generator) -> Pair:
    """Both in speckle; on the thing 1.4 times as bright, and 1.2 times."""
    mask = thing(generator)
    made = [speckle(generator) * np.where(mask, times, 1) for times in (1.4, 1.2)]
    return made[0], made[1], mask


def half(generator: Generator) -> Pair:
    """All of the thing twice as bright, or a half of it, cut anywhere."""
    mask = thing(generator)
    row, column = np.mgrid[:SIDE, :SIDE]
    turn = generator.uniform(0, 2 * np.pi)
    along = row * np.cos(turn) + column * np.sin(turn)
    part = mask & (along > np.median(along[mask]))
    made = [clumps(generator) * np.where(one, 2.0, 1.0) for one in (mask, part)]
    return made[0], made[1], mask


def beside(generator: Generator) -> Pair:
    """Twice as bright on the thing, or on the thing moved by a sixteenth of the picture."""
    mask = thing(generator)
    turn = generator.uniform(0, 2 * np.pi)
    shift = np.rint(8 * np.array([np.cos(turn), np.sin(turn)])).astype(int)
    moved = ndimage.shift(mask.astype(float), shift, order=0) > 0.5
    made = [speckle(generator) * np.where(one, 2.0, 1.0) for one in (mask, moved)]
    return made[0], made[1], mask


def around(generator: Generator) -> Pair:
    """Twice as bright on the thing, or on it and a sixteenth of the picture around it."""
    mask = thing(generator)
    wide = ndimage.binary_dilation(mask, iterations=8)
    made = [speckle(generator) * np.where(one, 2.0, 1.0) for one in (mask, wide)]
    return made[0], made[1], mask


def noisier(generator: Generator) -> Pair:
    """A thing 1.5 times as bright, averaged over many draws of speckle, or of one among clumps."""
    mask = thing(generator)
    many = np.mean([speckle(generator) for _ in range(12)], axis=0)
    times = np.where(mask, 1.5, 1.0)
    return many * times, speckle(generator) * times * clumps(generator), mask


Family = Callable[[Generator], Pair]
TRACING: tuple[Family, ...] = (fainter, half, beside, around, noisier)


def mutual_information(bright: Floats, mask: Floats) -> float:
    """Mutual information of mask and map at the eye's resolution, in sixteen classes of rank."""
    smooth = seen.at_eyes(bright, EVERYWHERE)
    ranks = np.argsort(np.argsort(smooth.ravel())) * 16 // smooth.size
    joint = np.histogram2d(ranks, mask.ravel(), (16, 2))[0] / smooth.size
    even = joint.sum(1, keepdims=True) * joint.sum(0, keepdims=True)
    there = joint > 0
    return float((joint[there] * np.log2(joint[there] / even[there])).sum())


def correlation(bright: Floats, mask: Floats) -> float:
    """Pearson's correlation at the eye's resolution."""
    return float(np.corrcoef(seen.at_eyes(bright, EVERYWHERE).ravel(), mask.ravel())[0, 1])


def scanpath(bright: Floats, mask: Floats) -> float:
    """Normalized scanpath saliency: the standardized map's mean on the thing."""
    return float(((bright - bright.mean()) / bright.std())[mask].mean())


def marked_share(bright: Floats, mask: Floats) -> float:
    """The rule's own measure: the share of the brightest twentieth that lies on the thing."""
    marked = brightest_places(bright, EVERYWHERE)
    return float((marked & mask).sum() / max(marked.sum(), 1))


def boundary_recall(bright: Floats, mask: Floats) -> float:
    """Share of the thing's border near which the map is brighter inside than out (Martin 2004)."""
    smooth = seen.at_eyes(bright, EVERYWHERE)
    down, right = np.gradient(ndimage.gaussian_filter(mask.astype(float), 3))
    steps = np.gradient(smooth)
    edge = band(mask, 1)
    return float(((down * steps[0] + right * steps[1])[edge] > 0).mean())


Measure = Callable[[Floats, Floats], float]
MEASURES: dict[str, Measure] = {
    "area under the ROC curve": lambda bright, mask: seen.traced(bright, mask, EVERYWHERE),
    "mutual information": mutual_information,
    "correlation": correlation,
    "scanpath saliency": scanpath,
    "boundary recall": boundary_recall,
    "the rule's marked share": marked_share,
}


def tracing(cases: int) -> None:
    """Print how often each measure prefers the map that traces the thing better."""
    print("which of two maps traces a thing better")
    for name, measure in MEASURES.items():
        shares = []
        for family in TRACING:
            pairs = (family(np.random.default_rng([1, at])) for at in range(cases))
            shares.append(np.mean([measure(a, m) > measure(b, m) for a, b, m in pairs]))
        print_row(name, [one.__name__ for one in TRACING], shares)


def halo(kind: str, generator: Generator) -> tuple[Floats, Floats, Floats, bool]:
    """A map of a jug's milk and its ground, which one leads, and whether by a halo.

    A halo outside or inside the border, which falls to a third within two to five pixels; or one
    of the two regions is brighter throughout, with or without such a halo of its own.
    """
    milk = ellipse(generator, (20, 34))
    far = np.where(
        milk, ndimage.distance_transform_edt(milk), -ndimage.distance_transform_edt(~milk)
    )
    width, height = generator.uniform(2, 5), generator.uniform(1, 3)
    outside = generator.random() < 0.5
    glow = height * np.exp(-np.abs(far) / width) * (far < 0 if outside else far > 0)
    itself = np.where(milk != outside, generator.uniform(0.3, 0.6), 0.0)
    rise = {"halo": glow, "itself": itself, "both": itself + 0.5 * glow}[kind]
    grain = ndimage.gaussian_filter(generator.normal(size=milk.shape), 2)
    values = (1 + rise) * np.exp(0.3 * grain / grain.std())
    leads, trails = (~milk, milk) if outside else (milk, ~milk)
    return values, leads, trails, kind == "halo"


def told_as_halo(
    case: tuple[Floats, Floats, Floats, bool], width: float = seen.BORDER, left: float = 1 / 3
) -> bool:
    """Whether less than a share of the lead beside the border is left away from it."""
    values, leads, trails, _ = case
    before, seen.BORDER = seen.BORDER, width
    found = seen.leads_by_border(values, EVERYWHERE, [leads], [trails])
    seen.BORDER = before
    assert found is not None
    return found[1] < left * found[0]


def halos(cases: int) -> None:
    """Print how often a halo is told from a region that is bright itself, by width of the band."""
    print("a halo beside a border, or a region bright throughout")
    kinds = ("halo", "itself", "both")
    for width in (1 / 32, 1 / 16, 3 / 32):
        for left in (1 / 4, 1 / 3, 1 / 2):
            shares = []
            for kind in kinds:
                every = [halo(kind, np.random.default_rng([2, at])) for at in range(cases)]
                told = [told_as_halo(case, width, left) == case[3] for case in every]
                shares.append(np.mean(told))
            name = f"less than {left:.2f} left beyond {width:.3f}"
            print_row(name, kinds, shares)


def diffuse(kind: str, generator: Generator) -> tuple[Floats, bool]:
    """A map, and whether it is diffuse: speckle or clumps all over, or with a wide glow; or with
    half of its mass or more in one to three places, each a fortieth to a tenth of the picture."""
    noise = {"speckle": speckle, "clumps": clumps}[kind.split(",")[0]](generator)
    noise = noise / noise.mean()
    if "places" not in kind:
        row, column = np.mgrid[:SIDE, :SIDE] - SIDE / 2
        glow = np.exp(-(row**2 + column**2) / (2 * generator.uniform(45, 70) ** 2))
        return noise * (glow if "glow" in kind else 1), True
    places = np.zeros((SIDE, SIDE))
    for _ in range(generator.integers(1, 4)):
        row, column = np.mgrid[:SIDE, :SIDE]
        middle, width = generator.uniform(20, 108, 2), generator.uniform(7, 13)
        places += np.exp(-((row - middle[0]) ** 2 + (column - middle[1]) ** 2) / (2 * width**2))
    share = generator.uniform(0.5, 0.8)
    return noise * (places / places.mean() * share + 1 - share), False


def gini(bright: Floats) -> float:
    """Gini's index of the means of 16x16 blocks: 0 even, 1 all in one."""
    blocks = np.sort(bright.reshape(16, 8, 16, 8).mean((1, 3)).ravel())
    at = np.arange(1, len(blocks) + 1)
    return float((2 * at - len(blocks) - 1) @ blocks / (len(blocks) * blocks.sum()))


def entropy(bright: Floats) -> float:
    """Entropy at the eye's resolution, as a share of an even map's."""
    smooth = seen.at_eyes(bright, EVERYWHERE).ravel()
    share = smooth / smooth.sum()
    return float(-(share * np.log(np.maximum(share, 1e-12))).sum() / np.log(len(share)))


SPREAD: dict[str, tuple[Callable[[Floats], float], float]] = {
    "half of the mass on .22 or more": (lambda b: seen.half_mass(b, EVERYWHERE), seen.DIFFUSE),
    "Gini's index under .3": (lambda b: -gini(b), -0.3),
    "entropy over .97": (entropy, 0.97),
}


def diffuseness(cases: int) -> None:
    """Print how often a diffuse map is told from one with places, and the measure's quantiles."""
    print("a diffuse map, or one with places")
    kinds = [f"{n}{s}" for n in ("speckle", "clumps") for s in ("", ", glow", ", places")]
    for name, (measure, limit) in SPREAD.items():
        shares, told = [], []
        for kind in kinds:
            every = [diffuse(kind, np.random.default_rng([3, at])) for at in range(cases)]
            values = [measure(bright) for bright, _ in every]
            truth = [is_so for _, is_so in every]
            shares.append(np.mean((np.array(values) >= limit) == truth))
            told.append("-".join(f"{abs(one):.2f}" for one in np.quantile(values, (0.05, 0.95))))
        print_row(name, kinds, shares)
        print(f"{'':38}" + "  ".join(f"{one:>16}" for one in told))


def print_row(name: str, families: object, shares: list[float]) -> None:
    """Print a measure's share of right cases in each family, and in all."""
    cells = "  ".join(f"{one:>10} {share:.3f}" for one, share in zip(families, shares, strict=True))  # type: ignore[call-overload]
    print(f"{name:38}{cells}  all {np.mean(shares):.3f}", flush=True)


def main() -> None:
    """Print the three tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=100, help="of each family")
    given = parser.parse_args()
    tracing(given.cases)
    halos(given.cases)
    diffuseness(given.cases)


if __name__ == "__main__":
    main()
