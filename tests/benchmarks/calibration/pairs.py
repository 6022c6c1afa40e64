"""Simulated pairs of maps: two explanations, two layers, two numbers of steps."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import ndimage

from solver.evidence import Evidence, Record
from tests.benchmarks.calibration.maps import (
    KINDS,
    SIDE,
    UNSEEN,
    Array,
    Draw,
    in_figure,
    observed,
    scaled,
    scene,
)
from tests.benchmarks.calibration.simulated import Family, Simulated, question_of
from tests.solver.rules.made_maps import evidence_of

PICTURES = (0, 1, 2)


def texture(generator: Draw, grain: float, heavy: bool) -> Array:
    """A field of mean 0 and deviation 1 of some grain, with or without bright places."""
    field = ndimage.gaussian_filter(generator.normal(size=(SIDE, SIDE)), grain, mode="wrap")
    field = field / field.std()
    return np.sinh(field) / 2 if heavy else field


def _of_picture(record: Record, picture: int) -> Record:
    place = record.id.split("/")
    name = "/".join([*place[:-1], str(picture)])
    return Record(name, record.arrays, record.values, record.settings)


def agreement(kinds: str) -> Callable[[Draw], Simulated]:
    """Whether two explanations mark the same places, and which lies closer to the food."""

    def make(generator: Draw) -> Simulated:
        seen: list[Record] = []
        exact: list[Record] = []
        shift = generator.normal(0, 0.3)
        for picture in PICTURES:
            depths, true, drawn = scene(kinds, generator, 1)
            masks = true["x"]
            words = {"words": {"food": ["the food", "食物"]}}
            regions = drawn["regions/0"].arrays["x"]
            seen.append(Record(f"regions/{picture}", {"food": regions}, words))
            exact.append(Record(f"regions/{picture}", {"food": masks}, words))
            blank = Record(f"picture/{picture}", {"rgb": np.zeros((SIDE, SIDE, 3), np.uint8)})
            seen.append(blank)
            exact.append(blank)
            shared = texture(generator, 8, heavy=False)
            alike = generator.choice([0.2, 0.8]) + generator.normal(0, 0.15)
            alike = float(np.clip(alike, 0, 0.99))
            for kind, more in (("saliency", 0.0), ("smoothgrad", shift)):
                own = texture(generator, 8, heavy=False)
                field = np.sqrt(alike) * shared + np.sqrt(1 - alike) * own
                density = np.exp(0.6 * field + (0.8 + more) * (depths[0] > 0))
                one, other = observed(kind, density, kinds, generator)
                seen.append(_of_picture(one, picture))
                exact.append(_of_picture(other, picture))
        claims = [{"picture": k, "agree": bool(way)} for k, way in ((0, 1), (1, 0), (2, 1))]
        settings = {"pictures": list(PICTURES), "first": "saliency", "second": "smoothgrad"}
        return Simulated(
            question_of(
                "maps.agreement",
                settings,
                [*claims, {"closer": "saliency"}, {"closer": "smoothgrad"}],
            ),
            evidence_of(*seen),
            evidence_of(*exact),
        )

    return make


def _shown(maps: dict[str, Array], generator: Draw) -> tuple[Evidence, Evidence]:
    """Maps as they are read off figures, and as they are."""
    noise = generator.uniform(0.0, 0.15)
    pixels = int(generator.choice([70, 100, 128]))
    seen, exact = [], []
    for name, values in maps.items():
        noisy = values + noise * values.std() * generator.normal(size=values.shape)
        figure = {"figure_pixels": pixels} if pixels < SIDE else {}
        neutral = {"neutral": 0.5} if name.startswith("integrated") else {}
        shown = in_figure(scaled(noisy), pixels) if pixels < SIDE else scaled(noisy)
        seen.append(Record(name, {"map": shown}, {**figure, **neutral}))
        exact.append(Record(name, {"map": scaled(values)}, neutral))
    return evidence_of(*seen), evidence_of(*exact)


def depth(heavy: bool) -> Callable[[Draw], Simulated]:
    """What becomes of detail and place with depth, near and far from what is noticed."""

    def make(generator: Draw) -> Simulated:
        maps = {}
        coarser = float(np.exp(generator.normal(0.15, 0.35)))
        kept = generator.uniform(0, 0.9)
        grain = generator.uniform(1.5, 3)
        for k in PICTURES:
            early = texture(generator, grain, heavy)
            part = ndimage.gaussian_filter(early, max(grain * (coarser - 0.7), 0.1))
            other = texture(generator, grain * coarser, heavy)
            maps[f"activation/6/{k}"] = early
            maps[f"activation/15/{k}"] = kept * part / part.std() + (1 - kept) * other
        claims = [{"detail": "sharper"}, {"detail": "blurrier"}, {"place": "same"}]
        settings = {"early": 6, "late": 15, "pictures": list(PICTURES)}
        observed_maps, exact = _shown(maps, generator)
        return Simulated(
            question_of("filters.activation_depth", settings, [*claims, {"place": "other"}]),
            observed_maps,
            exact,
        )

    return make


def steps(heavy: bool) -> Callable[[Draw], Simulated]:
    """What more steps change, near and far from one half of the pattern."""

    def make(generator: Draw) -> Simulated:
        maps = {}
        alike = generator.uniform(-1, 1) if generator.random() < 0.5 else generator.normal(0.5, 0.1)
        alike = float(np.clip(alike, -1, 1))
        for k in PICTURES:
            first = np.stack([texture(generator, 1.2, heavy) for _ in range(3)], -1)
            own = np.stack([texture(generator, 1.2, heavy) for _ in range(3)], -1)
            maps[f"integrated_gradients/{k}/10"] = first
            maps[f"integrated_gradients/{k}/100"] = alike * first + np.sqrt(1 - alike**2) * own
        claims = [{"effect": one} for one in ("same", "swap", "nothing", "random")]
        settings = {"pictures": list(PICTURES), "steps": 10, "more": [100]}
        observed_maps, exact = _shown(maps, generator)
        return Simulated(
            question_of("gradients.integrated_gradients.more_steps", settings, claims),
            observed_maps,
            exact,
        )

    return make


FAMILIES = [
    *(
        Family(f"agreement: {kinds}", "maps.agreement", agreement(kinds), kinds not in UNSEEN, 40)
        for kinds in KINDS
    ),
    *(
        Family(
            f"{make.__name__}: {'heavy' if heavy else 'plain'}", rule, make(heavy), not heavy, 120
        )
        for make, rule in (
            (depth, "filters.activation_depth"),
            (steps, "gradients.integrated_gradients.more_steps"),
        )
        for heavy in (False, True)
    ),
]
