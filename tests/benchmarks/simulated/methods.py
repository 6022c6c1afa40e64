"""LIME's overlays, integrated gradients at more steps, SmoothGrad as it is viewed, and traces."""

from __future__ import annotations

from functools import partial

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

from solver.evidence import Record
from solver.explain.cnn.method_trace import differences
from tests.benchmarks.simulated import FAMILIES, Case, Floats, Generator, one_of
from tests.benchmarks.simulated.places import SIDE, band, ellipse, regions

PAIRS = [
    {"sign": sign, "region": name} for name in ("food", "plate") for sign in ("for", "against")
]
ROLES = ("for", "against", "both", "unused")


def segments_of(generator: Generator) -> Floats:
    """A hundred to 140 pieces of the picture, as superpixels are (Voronoi cells)."""
    seeds = generator.uniform(0, SIDE, (generator.integers(100, 141), 2))
    at = np.stack(np.mgrid[:SIDE, :SIDE], -1).reshape(-1, 2) + 0.5
    labels: Floats = cKDTree(seeds).query(at)[1].reshape(SIDE, SIDE)
    return labels


def overlay(picture: int, segments: Floats, weights: Floats, told: bool, drawn: int = 11) -> Record:
    """The record of LIME: the eleven largest weights drawn, weights and segments told or not."""
    signs = np.zeros(segments.shape, np.int8)
    for index in np.argsort(-np.abs(weights), kind="stable")[:drawn]:
        signs[index == segments] = np.sign(weights[index])
    arrays = {"signs": signs}
    if told:
        arrays |= {"segments": segments, "weights": weights}
    return Record(f"lime/{picture}", arrays)


def share_inside(segments: Floats, mask: Floats) -> Floats:
    """The share of each segment that lies in a mask."""
    count = int(segments.max()) + 1
    sizes = np.bincount(segments.ravel(), minlength=count)
    return np.bincount(segments.ravel(), mask.ravel().astype(float), count) / np.maximum(sizes, 1)


def sign_in_region(told: bool, pair: int, generator: Generator) -> Case:
    """The segments on one region have weights of one sign, four times the noise of all others."""
    food = ellipse(generator, (24, 36))
    plate = ndimage.binary_dilation(food, iterations=14) & ~food
    segments = segments_of(generator)
    asked = PAIRS[pair]
    inside = share_inside(segments, food if asked["region"] == "food" else plate) > 0.5
    weights = 0.25 * generator.normal(size=len(inside))
    sign = 1 if asked["sign"] == "for" else -1
    weights[inside] = sign * np.abs(1 + 0.3 * generator.normal(size=int(inside.sum())))
    records = [overlay(6, segments, weights, told), regions(6, food=food, plate=plate)]
    return Case(records, {"picture": 6}, PAIRS, one_of(4, pair))


def contour_role(told: bool, role: str, generator: Generator) -> Case:
    """The segments on a contour have large weights of one sign, of both, or those off it have."""
    contour = band(ellipse(generator, (26, 40)), 4)
    segments = segments_of(generator)
    share = share_inside(segments, contour)
    on = share > 0.4
    weights = 0.2 * generator.normal(size=len(on))
    large = np.flatnonzero(share == 0) if role == "unused" else np.flatnonzero(on)
    large = generator.permutation(large)[:12]
    signs = np.ones(len(large)) * (-1 if role == "against" else 1)
    if role in ("both", "unused"):
        signs[: len(large) // 2] = -1
    weights[large] = signs * np.abs(1 + 0.2 * generator.normal(size=len(large)))
    drawn = min(11, len(large))
    records = [overlay(1, segments, weights, told, drawn), regions(1, contour=contour)]
    claims = [{"role": one} for one in ROLES]
    return Case(records, {"picture": 1}, claims, one_of(4, ROLES.index(role)))


for _told in (True, False):
    _name = "weights told" if _told else "colours alone"
    for _pair, _asked in enumerate(PAIRS):
        FAMILIES.add(
            "lime.overlay.sign_in_region", f"{_name}, {_asked['sign']} {_asked['region']}"
        )(partial(sign_in_region, _told, _pair))
    for _role in ROLES:
        FAMILIES.add("lime.overlay.signs_along_contour", f"{_name}, {_role}")(
            partial(contour_role, _told, _role)
        )


def colour(green: str, noise: float, generator: Generator) -> Case:
    """A hundred segments, the eleven of largest weight drawn, the colour by the sign of the true
    weight, of which the estimate is off by some noise; or with the colours exchanged."""
    truth = generator.normal(size=100)
    estimate = truth + noise * generator.normal(size=100)
    rise = np.zeros((100, 3))
    for at in np.argsort(-np.abs(estimate))[:11]:
        channel = 1 if (estimate[at] > 0) == (green == "for") else 0
        rise[at, channel] = generator.uniform(0.3, 1)
        rise[at, 1 - channel] = -generator.uniform(0, 0.3)
    claims = [
        {"colour": name, "sign": sign} for name in ("green", "red") for sign in ("for", "against")
    ]
    answer = [(claim["sign"] == green) == (claim["colour"] == "green") for claim in claims]
    record = Record("lime_known_model", {"true_weights": truth, "rise": rise})
    return Case([record], {}, claims, answer)


for _green in ("for", "against"):
    for _noise in (0.0, 0.3):
        FAMILIES.add("lime.overlay.colour_meaning", f"green is {_green}, noise {_noise}")(
            partial(colour, _green, _noise)
        )

EFFECTS = ("same", "swap", "nothing", "random")


def more_steps(kind: str, effect: str, generator: Generator) -> Case:
    """A coloured map on grey: points along an outline, or noise; with more steps a tenth of noise
    is added, it is turned about its ground, fades to a fiftieth, or is another map."""

    def made() -> Floats:
        if kind == "noise":
            grain = generator.choice([0.5, 1.0, 2.0])
            noise = ndimage.gaussian_filter(
                generator.normal(size=(SIDE, SIDE, 3)), (grain, grain, 0)
            )
            return noise / noise.std()
        line = band(ellipse(generator, (20, 40)), 3)[..., None]
        sign = generator.choice([-1, 1], (SIDE, SIDE, 1))
        return line * generator.gamma(1, 1, (SIDE, SIDE, 3)) * sign

    base = made()
    spread = float(base.std())
    later = {
        "same": base + 0.15 * spread * generator.normal(size=base.shape),
        "swap": -base + 0.15 * spread * generator.normal(size=base.shape),
        "nothing": 0.02 * base,
        "random": made(),
    }[effect]
    reach = 2.2 * float(np.abs(np.stack([base, later])).max())
    records = [
        Record(f"integrated_gradients/7/{steps}", {"map": 0.5 + values / reach}, {"neutral": 0.5})
        for steps, values in ((10, base), (100, later))
    ]
    settings = {"pictures": [7], "steps": 10, "more": [100]}
    claims = [{"effect": one} for one in EFFECTS]
    return Case(records, settings, claims, one_of(4, EFFECTS.index(effect)))


for _kind in ("noise", "outline"):
    for _effect in EFFECTS:
        FAMILIES.add("gradients.integrated_gradients.more_steps", f"{_kind}, {_effect}")(
            partial(more_steps, _kind, _effect)
        )

VIEWED = ("same", "outline_clearer", "elsewhere", "nothing", "swap")


def unnormalized(kind: str, effect: str, generator: Generator) -> Case:
    """Raw means whose range is that of the viewer, a fiftieth of it or less, more than twice it,
    or turned round; of clumps or of an outline."""
    records = []
    for picture in range(3):
        shape = (SIDE, SIDE)
        if kind == "clumps":
            values = ndimage.gaussian_filter(generator.normal(size=shape), generator.uniform(2, 4))
        else:
            line = band(ellipse(generator, (20, 40)), 3)
            values = line * generator.gamma(2, 1, shape) + 0.2 * generator.random(shape)
        values = (values - values.min()) / np.ptp(values)
        low, high = {
            "same": (0.0, 1.0),
            "nothing": (0.0, float(10 ** generator.uniform(-7, -1.9))),
            "swap": (1.0, 0.0),
            "outline_clearer": (-float(generator.uniform(0.4, 0.6)), 1.5),
        }[effect]
        told = {"raw_min": low, "raw_max": high}
        records.append(Record(f"smoothgrad/{picture}", {"map": np.stack([values] * 3, -1)}, told))
    claims = [{"effect": one} for one in VIEWED]
    truth = one_of(5, VIEWED.index(effect))
    return Case(records, {"pictures": [0, 1, 2]}, claims, truth)


for _kind in ("clumps", "outline"):
    for _effect in ("same", "nothing", "swap", "outline_clearer"):
        if (_kind, _effect) != ("outline", "outline_clearer"):  # clipping makes it fainter there
            FAMILIES.add("gradients.smoothgrad.unnormalized", f"{_kind}, {_effect}")(
                partial(unnormalized, _kind, _effect)
            )

WORKS = [
    {"reads": "picture"},
    {"varies": "noise", "reads": "output"},
    {"varies": "pieces", "reads": "output"},
    {"reads": "gradient"},
    {"varies": "nothing"},
    {"varies": "noise", "reads": "gradient"},
]


def works(varies: str, gradient: bool, generator: Generator) -> Case:
    """Twelve inputs: pieces greyed, noise of any strength, or the picture itself; read or asked."""
    picture = ndimage.gaussian_filter(generator.random((3, 64, 64)), (0, 2, 2))
    picture = (picture - picture.min()) / np.ptp(picture)
    fed = np.repeat(picture[None], 12, 0)
    if varies == "noise":
        fed = fed + generator.uniform(0.02, 0.4) * generator.normal(size=fed.shape)
    elif varies == "pieces":
        pieces = segments_of(generator)[:64, :64]
        grey = picture.mean((1, 2), keepdims=True)
        for at in range(12):
            hidden = np.isin(pieces, generator.permutation(np.unique(pieces))[: pieces.max() // 6])
            fed[at] = np.where(hidden, grey, picture)
    arrays = {**differences(fed - picture), "gradient": np.full(12, gradient)}
    record = Record("lime_watched/4", arrays)
    truth = [
        all(
            (name == "varies" and value == varies)
            or (name == "reads" and value == ("gradient" if gradient else "output"))
            for name, value in claim.items()
        )
        for claim in WORKS
    ]
    return Case([record], {"method": "lime", "picture": 4}, WORKS, truth)


for _varies in ("noise", "pieces", "nothing"):
    for _gradient in (True, False):
        FAMILIES.add(
            "traces.how_it_works", f"{_varies}, {'gradient' if _gradient else 'output'} read"
        )(partial(works, _varies, _gradient))
