"""Maps that are bright in a place, agree, or differ; and activations over depth."""

from __future__ import annotations

from functools import partial

import numpy as np
from scipy import ndimage

from solver.evidence import Record
from tests.benchmarks.simulated import FAMILIES, Case, Floats, Generator, one_of

SIDE = 128


def ellipse(generator: Generator, radius: tuple[float, float] = (16, 30)) -> Floats:
    """A filled ellipse anywhere about the middle."""
    row, column = np.mgrid[:SIDE, :SIDE]
    a, b = generator.uniform(*radius, 2)
    turn = generator.uniform(0, np.pi)
    y, x = row - generator.uniform(44, 84), column - generator.uniform(44, 84)
    along, across = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    return (along / a) ** 2 + (across / b) ** 2 <= 1


def band(mask: Floats, width: int = 4) -> Floats:
    """The band of a mask's contour, so many pixels either way."""
    wide = ndimage.binary_dilation(mask, iterations=width)
    return wide & ~ndimage.binary_erosion(mask, iterations=width)


def clumps(generator: Generator) -> Floats:
    """Noise in clumps of some pixels, a few of them very bright."""
    grain = generator.uniform(1.5, 4)
    noise = ndimage.gaussian_filter(generator.normal(size=(SIDE, SIDE)), grain)
    return np.exp(0.7 * noise / noise.std())


def speckle(generator: Generator) -> Floats:
    """Every pixel for itself, with a heavy tail, as a raw gradient has."""
    return generator.gamma(0.5, 2.0, (SIDE, SIDE))


def points(generator: Generator) -> Floats:
    """Single points on black, a tenth of the pixels."""
    lit = generator.random((SIDE, SIDE)) < 0.1
    return lit * generator.uniform(0.2, 1, (SIDE, SIDE))


NOISE = {"clumps": clumps, "speckle": speckle, "points": points}


def regions(picture: int, **masks: Floats) -> Record:
    """The record of a picture's regions."""
    words = {name: [f"the {name}", name] for name in masks}
    return Record(f"regions/{picture}", masks, {"words": words})


def brightest(noise: str, where: str, generator: Generator) -> Case:
    """One of three regions is three times as bright: milk, jug's contour, or background."""
    milk = ellipse(generator)
    jug = ndimage.binary_dilation(milk, iterations=10)
    contour = band(jug)
    parts = {"milk": milk & ~contour, "contour": contour, "background": ~(jug | contour)}
    values = NOISE[noise](generator) * np.where(parts[where], 3.0, 1.0)
    claims = [
        {"region": "milk", "minus": ["contour"]},
        {"outside": ["jug", "milk", "contour"]},
        {"region": "contour"},
    ]
    truth = one_of(3, ["milk", "background", "contour"].index(where))
    records = [
        Record("saliency/1", {"map": values}),
        regions(1, milk=milk, jug=jug, contour=contour),
    ]
    return Case(records, {"map": "saliency", "picture": 1}, claims, truth)


def clear_place(noise: str, where: str, generator: Generator) -> Case:
    """Four times as dense on the cake, or on the phone; or noise that knows of neither."""
    cake, phone = ellipse(generator, (12, 22)), np.zeros((SIDE, SIDE), bool)
    corner = generator.integers(2, 8, 2) + 90 * generator.integers(0, 2, 2)
    phone[corner[0] : corner[0] + 28, corner[1] : corner[1] + 28] = True
    cake &= ~phone
    place = {"cake": cake, "phone": phone}.get(where)
    values = NOISE[noise](generator)
    if place is not None:
        values = values * np.where(place, 4.0, 1.0)
    claims = [{"region": "cake"}, {"region": "phone"}, {"nowhere": True}]
    records = [Record("saliency/2", {"map": values}), regions(2, cake=cake, phone=phone)]
    truth = one_of(3, ["cake", "phone", "nowhere"].index(where))
    return Case(records, {"map": "saliency", "picture": 2}, claims, truth)


for _noise in NOISE:
    for _where in ("milk", "contour", "background"):
        FAMILIES.add("maps.brightest_region", f"{_noise}, {_where}")(
            partial(brightest, _noise, _where)
        )
    for _where in ("cake", "phone", "nowhere"):
        FAMILIES.add("maps.brightest_region.clear_place", f"{_noise}, {_where}")(
            partial(clear_place, _noise, _where)
        )


def closer(noise: str, generator: Generator) -> Case:
    """Ten pictures; in each one kind of map is three times as dense on the food, the other on a
    place beside it."""
    near = ("saliency", "smoothgrad")[generator.integers(2)]
    records = []
    for picture in range(10):
        food, beside = ellipse(generator, (14, 24)), ellipse(generator, (14, 24))
        shift = (-40, 40)[generator.integers(2)]
        beside = np.roll(beside, shift, int(generator.integers(2)))
        beside &= ~ndimage.binary_dilation(food, iterations=6)
        maps = {
            kind: NOISE[noise](generator) * np.where(food if kind == near else beside, 3.0, 1.0)
            for kind in ("saliency", "smoothgrad")
        }
        records += [*_both(picture, maps["saliency"], maps["smoothgrad"])]
        records.append(regions(picture, food=food))
    claims = [{"closer": "saliency"}, {"closer": "smoothgrad"}]
    truth = [near == "saliency", near == "smoothgrad"]
    return Case(records, {"pictures": list(range(10))}, claims, truth)


def _both(picture: int, saliency: Floats, smoothgrad: Floats) -> tuple[Record, Record]:
    grey = np.stack([smoothgrad] * 3, -1)
    return (
        Record(f"saliency/{picture}", {"map": saliency}),
        Record(f"smoothgrad/{picture}", {"map": grey}),
    )


def same_places(generator: Generator) -> Case:
    """Two pictures: of one both maps are the same spots but for a tenth of noise, of the other the
    spots of one map lie in one half and those of the other in the other half."""
    spots = _blobs(generator)
    noisy = [spots * generator.uniform(0.9, 1.1, spots.shape) for _ in range(2)]
    records = [*_both(0, *noisy), *_both(1, _blobs(generator, 0), _blobs(generator, 1))]
    records += [regions(at, food=ellipse(generator)) for at in range(2)]
    claims = [{"picture": at, "agree": agree} for at in range(2) for agree in (True, False)]
    return Case(records, {"pictures": [0, 1]}, claims, [True, False, False, True])


def _blobs(generator: Generator, half: int | None = None) -> Floats:
    """Some bright spots, all over or in one half of the map."""
    canvas = np.zeros((SIDE, SIDE))
    for _ in range(6):
        row, column = generator.integers(8, SIDE - 8, 2)
        if half is not None:
            row = row // 2 + half * SIDE // 2
        canvas[row, column] = generator.uniform(0.6, 1)
    soft = ndimage.gaussian_filter(canvas, generator.uniform(4, 8))
    return soft / soft.max() + 0.1 * generator.random((SIDE, SIDE))


for _noise in NOISE:
    FAMILIES.add("maps.agreement", f"closer, {_noise}")(partial(closer, _noise))
FAMILIES.add("maps.agreement", "same places")(same_places)


def most_unlike(second: str, generator: Generator) -> Case:
    """Four pictures: in three the explanations are the same but for noise, in one they lie in two
    halves of the map."""
    unlike = int(generator.integers(4))
    records = []
    for picture in range(4):
        first = _blobs(generator, 0 if picture == unlike else None)
        other = (
            _blobs(generator, 1)
            if picture == unlike
            else first * generator.uniform(0.5, 1.5, first.shape)
        )
        records.append(Record(f"saliency/{picture}", {"map": first}))
        if second == "lime":
            tiles = ndimage.zoom(ndimage.zoom(other, 1 / 8, order=1), 8, order=0)
            drawn = tiles > np.quantile(tiles, 0.92)
            records.append(Record(f"lime/{picture}", {"signs": drawn.astype(np.int8)}))
        else:
            records.append(Record(f"smoothgrad/{picture}", {"map": np.stack([other] * 3, -1)}))
    settings = {"first": "saliency", "second": second, "pictures": [0, 1, 2, 3]}
    return Case(records, settings, [{"picture": at} for at in range(4)], one_of(4, unlike))


for _second in ("smoothgrad", "lime"):
    FAMILIES.add("maps.most_unlike", f"saliency and {_second}")(partial(most_unlike, _second))


def depth(kind: str, detail: str, place: str, generator: Generator) -> Case:
    """Ten pictures with things of their own; the late map is the early one, or another picture's,
    blurred by three pixels; or the other way round. Of lines, of filled things, or of texture."""
    drawn = [_thing(kind, generator) for _ in range(10)]
    fine = [one + 0.05 * generator.random(one.shape) for one in drawn]
    coarse = [ndimage.gaussian_filter(one, 3) for one in drawn]
    if place == "other":
        coarse = coarse[1:] + coarse[:1]
    small = [one.reshape(32, 4, 32, 4).mean((1, 3)) for one in coarse]
    early, late = (fine, small) if detail == "blurrier" else (coarse, fine)
    records = [
        Record(f"activation/{layer}/{picture}", {"map": values})
        for layer, maps in ((6, early), (23, late))
        for picture, values in enumerate(maps)
    ]
    claims = [{"detail": "sharper"}, {"detail": "blurrier"}, {"place": "same"}, {"place": "other"}]
    truth = [detail == "sharper", detail == "blurrier", place == "same", place == "other"]
    return Case(records, {"early": 6, "late": 23, "pictures": list(range(10))}, claims, truth)


def _thing(kind: str, generator: Generator) -> Floats:
    mask = ellipse(generator, (12, 34))
    if kind == "lines":
        return (band(mask, 2) | band(ellipse(generator, (8, 20)), 1)).astype(float)
    if kind == "filled":
        return mask + 0.6 * ellipse(generator, (10, 24))
    texture = ndimage.gaussian_filter(generator.normal(size=(SIDE, SIDE)), 1.0)
    return mask * np.abs(texture / texture.std())


for _kind in ("lines", "filled", "texture"):
    for _detail in ("blurrier", "sharper"):
        for _place in ("same", "other"):
            FAMILIES.add("filters.activation_depth", f"{_kind}, {_detail}, {_place}")(
                partial(depth, _kind, _detail, _place)
            )
