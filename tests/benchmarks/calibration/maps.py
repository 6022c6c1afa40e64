"""Simulated maps: a density with regions of known brightness, seen through speckle and figures."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import ndimage

from solver.evidence import Evidence, Record
from tests.benchmarks.calibration.simulated import Family, Simulated, lead, question_of
from tests.solver.rules.made_maps import evidence_of

SIDE = 128
Array = np.ndarray
Draw = np.random.Generator
PICTURE = Record("picture/0", {"rgb": np.zeros((SIDE, SIDE, 3), np.uint8)})
"""A picture, which rules ask for and do not read."""
ROWS, COLUMNS = np.mgrid[:SIDE, :SIDE].astype(float)


def _polar(generator: Draw, low: float, high: float) -> tuple[Array, Array, float]:
    """Distances and angles of all places from a random middle, and a random radius."""
    radius = generator.uniform(low, high)
    top, left = generator.uniform(radius * 0.8, SIDE - radius * 0.8, 2)
    return np.hypot(ROWS - top, COLUMNS - left), np.arctan2(ROWS - top, COLUMNS - left), radius


def ellipse(generator: Draw) -> Array:
    """Signed depth of an ellipse, positive inside, in pixels."""
    far, angle, radius = _polar(generator, 12, 34)
    turn, flat = generator.uniform(0, np.pi), generator.uniform(0.5, 1.0)
    x, y = far * np.cos(angle - turn), far * np.sin(angle - turn)
    return radius * (1 - np.hypot(x / radius, y / (radius * flat)))


def rectangle(generator: Draw) -> Array:
    """Signed depth of a rectangle that lies upright."""
    height, width = generator.uniform(10, 32, 2)
    top, left = generator.uniform(height, SIDE - height), generator.uniform(width, SIDE - width)
    return np.minimum(height - abs(ROWS - top), width - abs(COLUMNS - left))


def star(generator: Draw) -> Array:
    """Signed depth of a lobed blob."""
    far, angle, radius = _polar(generator, 14, 32)
    waves = sum(
        generator.normal(0, 0.22 / k) * np.cos(k * angle + generator.uniform(0, 6.3))
        for k in range(2, 6)
    )
    return radius * (1 + waves) - far


def ring(generator: Draw) -> Array:
    """Signed depth of a contour: the band around an ellipse."""
    return generator.uniform(2.5, 6.0) - abs(ellipse(generator))


def _drawn(depth: Array, generator: Draw) -> Array:
    """The region as somebody draws it: its edge off by some pixels, here more and there less."""
    wobble = ndimage.gaussian_filter(generator.normal(size=depth.shape), 12, mode="wrap")
    off = generator.uniform(0.3, 1.8) * wobble / wobble.std()
    drawn = depth + off > 0
    return drawn if drawn.any() else depth > 0


def half_normal(generator: Draw) -> Array:
    """Speckle of a gradient's absolute value, the largest of three channels."""
    fields = ndimage.gaussian_filter(generator.normal(size=(3, SIDE, SIDE)), (0, 0.8, 0.8))
    return abs(fields).max(0)


def exponential(generator: Draw) -> Array:
    """Speckle of an exponential's spread that hangs together over three pixels."""
    fields = ndimage.gaussian_filter(generator.normal(size=(2, SIDE, SIDE)), (0, 1.5, 1.5))
    return (fields**2).sum(0)


def lognormal(generator: Draw) -> Array:
    """Speckle with few very bright places."""
    field = ndimage.gaussian_filter(generator.normal(size=(SIDE, SIDE)), 1.0)
    return np.exp(1.1 * field / field.std())


def flat_noise(generator: Draw) -> Array:
    """Speckle of single pixels, evenly spread."""
    return generator.random((SIDE, SIDE))


def clumps(generator: Draw) -> Array:
    """Clutter of some pixels that belongs to no region."""
    field = ndimage.gaussian_filter(
        generator.normal(size=(SIDE, SIDE)), generator.uniform(3, 6), mode="wrap"
    )
    return np.exp(generator.uniform(0.1, 0.6) * field / field.std())


def pink(generator: Draw) -> Array:
    """Clutter of as much at each scale as at the next."""
    spectrum = np.fft.fft2(generator.normal(size=(SIDE, SIDE)))
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(SIDE), np.fft.fftfreq(SIDE)))
    frequency[0, 0] = np.inf
    field = np.fft.ifft2(spectrum / frequency).real
    return np.exp(generator.uniform(0.1, 0.5) * field / field.std())


KINDS: dict[str, tuple[Callable[[Draw], Array], Callable[[Draw], Array], Callable[[Draw], Array]]]
KINDS = {
    "ellipses, half-normal": (ellipse, half_normal, clumps),
    "rectangles, exponential": (rectangle, exponential, clumps),
    "lobes, lognormal": (star, lognormal, clumps),
    "contours, pink": (ring, flat_noise, pink),
}
UNSEEN = ("lobes, lognormal", "contours, pink")


def scaled(values: Array) -> Array:
    """Values from 0 to 1, as the course displays a map; some place is always dark."""
    # Else the least of the noise would be taken off one map, and the ground off the other.
    values = values.copy()
    values[:2, :2] = 0
    low, high = values.min(), values.max()
    return ((values - low) / max(high - low, 1e-12)).astype(np.float32)


def in_figure(values: Array, pixels: int) -> Array:
    """A map as it comes back from a figure of so many pixels a side: 8 bits, each an average."""
    at = (np.arange(pixels) + 0.5) * SIDE / pixels - 0.5
    smooth = ndimage.gaussian_filter(values, (0.4, 0.4, 0)[: values.ndim])
    grid = np.meshgrid(at, at, indexing="ij")
    layers = smooth.reshape(SIDE, SIDE, -1)
    coarse = np.stack(
        [ndimage.map_coordinates(layers[..., k], grid, order=1) for k in range(layers.shape[-1])],
        -1,
    ).reshape(pixels, pixels, *values.shape[2:])
    return (np.round(coarse * 255) / 255).astype(np.float32)


def observed(kind: str, density: Array, kinds: str, generator: Draw) -> tuple[Record, Record]:
    """A record of a map as it is observed, and of what it was drawn from."""
    _, speckle, clutter = KINDS[kinds]
    truth = Record(f"{kind}/0", {"map": scaled(density)}, {})
    if kind == "activation":
        seen = ndimage.gaussian_filter(density * clutter(generator), generator.uniform(1.5, 4))
        seen = scaled(seen * generator.normal(1, 0.05, seen.shape))
        figure = in_figure(seen, 70)
        record = Record("activation/6/0", {"map": figure}, {"figure_pixels": 70})
        return record, Record("activation/6/0", {"map": scaled(density)}, {})
    shown = density * clutter(generator)
    if kind == "saliency":
        values = scaled(shown * speckle(generator))
    else:
        groups = np.stack(
            [
                shown[..., None] * np.stack([speckle(generator) for _ in range(3)], -1)
                for _ in range(8)
            ]
        )
        mean = groups.mean(0)
        values, truth_map = scaled(mean), np.repeat(scaled(density)[..., None], 3, -1)
        truth = Record(f"{kind}/0", {"map": truth_map}, {})
        if generator.random() < 0.5:
            arrays = {"map": values, "group_means": (groups / mean.max()).astype(np.float16)}
            return Record(f"{kind}/0", arrays, {"samples": 8}), truth
    if generator.random() < 0.5:
        figure = in_figure(values, int(generator.choice([70, 100])))
        return Record(f"{kind}/0", {"map": figure}, {"figure_pixels": len(figure)}), truth
    return Record(f"{kind}/0", {"map": values}, {}), truth


def scene(kinds: str, generator: Draw, count: int) -> tuple[Array, dict[str, Array], Evidence]:
    """Depths of regions that do not overlap, the same as somebody drew them, and their record."""
    shape = KINDS[kinds][0]
    while True:
        depths: list[Array] = []
        for _ in range(60):
            if len(depths) == count:
                break
            depth = shape(generator)
            if (depth > 0).sum() > 80 and not any(((depth > 0) & (d > 0)).any() for d in depths):
                depths.append(depth)
        if len(depths) == count:
            break
    drawn = {name: _drawn(d, generator) for name, d in zip("xyz", depths, strict=False)}
    true = {name: d > 0 for name, d in zip("xyz", depths, strict=False)}
    words = {"words": {name: [f"thing {name}", f"物{name}"] for name in true}}
    return np.stack(depths), true, evidence_of(Record("regions/0", drawn, words), PICTURE)


def places(kinds: str) -> Callable[[Draw], Simulated]:
    """Which of several regions is brightest."""

    def make(generator: Draw) -> Simulated:
        depths, true, drawn = scene(kinds, generator, int(generator.integers(2, 4)))
        levels = np.exp(generator.normal(0.4, 0.5, len(depths)))
        order = np.argsort(-levels)
        # Near ties and clear leads alike.
        levels[order[1]] = levels[order[0]] * np.exp(-lead(generator, 0.02, 1.2))
        levels[order[2:]] = np.minimum(levels[order[2:]], levels[order[1]] * 0.95)
        density = np.ones((SIDE, SIDE))
        for level, depth in zip(levels, depths, strict=True):
            # The edge of what is bright is as soft as a network's.
            soft = 1 / (1 + np.exp(-depth / generator.uniform(0.5, 2)))
            density = density * (1 - soft) + level * soft
        kind = str(generator.choice(["saliency", "smoothgrad", "activation"], p=[0.45, 0.25, 0.3]))
        seen, exact = observed(kind, density, kinds, generator)
        settings: dict[str, object] = {"map": kind, "picture": 0}
        if kind == "activation":
            settings["layer"] = 6
        if generator.random() < 0.3:
            settings["reading"] = "standing_out"
        claims = [{"region": name} for name in true]
        if generator.random() < 0.6:
            claims.append({"outside": list(true)})
        return Simulated(
            question_of("maps.brightest_region", settings, claims),
            evidence_of(seen, *drawn),
            evidence_of(exact, Record("regions/0", true, drawn["regions/0"].values), PICTURE),
        )

    return make


def clear_places(kinds: str) -> Callable[[Draw], Simulated]:
    """Whether the points lie clearly on one of several regions."""

    def make(generator: Draw) -> Simulated:
        depths, true, drawn = scene(kinds, generator, 2)
        near = np.exp(generator.choice([-1, 1]) * lead(generator, 0.02, 1.2))
        levels = [2 * near, generator.uniform(0.7, 1.6)]
        density = np.ones((SIDE, SIDE))
        for level, depth in zip(levels, depths, strict=True):
            density[depth > 0] = level
        density = ndimage.gaussian_filter(density, 0.7)
        kind = str(generator.choice(["saliency", "smoothgrad"]))
        seen, exact = observed(kind, density, kinds, generator)
        return Simulated(
            question_of(
                "maps.brightest_region.clear_place",
                {"map": kind, "picture": 0},
                [{"region": "x"}, {"region": "y"}, {"nowhere": True}],
            ),
            evidence_of(seen, *drawn),
            evidence_of(exact, Record("regions/0", true, drawn["regions/0"].values), PICTURE),
        )

    return make


FAMILIES = [
    Family(f"{rule.__name__}: {kinds}", name, rule(kinds), kinds not in UNSEEN, count, 40)
    for rule, name, count in (
        (places, "maps.brightest_region", 150),
        (clear_places, "maps.brightest_region.clear_place", 100),
    )
    for kinds in KINDS
]
