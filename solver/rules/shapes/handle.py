"""Rule on the side of a jug's handle, from the strokes that a map shows.

Where each part is:

- the drawing: a turned body with rim, belly and foot, upright or lying, and an arched handle on any
  side; `_arch` and `_jug` in this module
- the strokes of a map and the fit of a drawing to them: `solver.rules.shapes.wireframe_fit`
- the search for the best pose: `solver.rules.shapes.pose_search`
- the verdicts: `handle_side`, at the end of this module
- the cross-check, without any drawing: `solver.rules.shapes.handle_check`

First the body is fitted: of all jugs the one that fits the map's strokes best. Then, around that
body, for each side the arch that fits the remaining strokes best. The value of a side is Stouffer's
z (1949) of the map's contrasts along its arch, compared with the best arch on any other side. Where
no jug fits clearly better than it would fit noise, no side is named.

No region is read, so the answer follows the map alone: mirror it and left becomes right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
from pydantic import Field

from solver.evidence import Evidence, record_id
from solver.rules.maps.displayed import displayed_brightness
from solver.rules.parameters import Picture
from solver.rules.registry import Decision, Parameters, rule
from solver.rules.shapes.pose_kernels import arcs, jug_lines
from solver.rules.shapes.pose_scores import (
    GRID,
    Drawing,
    Floats,
    Lines,
    Mask,
    Singles,
    cells_of,
)
from solver.rules.shapes.pose_search import Effort, Stage
from solver.rules.shapes.wireframe_fit import (
    AGREED,
    CLEAR,
    Fit,
    clearest,
    fit,
    note_on_searches,
    stroke_contrast,
    strongest_if_clear,
    wireframe_figure,
)
from solver.rules.thresholds import threshold

Side = Literal["top", "bottom", "left", "right", "middle"]
SIDES: tuple[Side, ...] = ("top", "bottom", "left", "right", "middle")

_WALL = np.linspace(-1, 1, 40, dtype=np.float32)[:, None]
_ARC = np.linspace(0, np.pi, 40, dtype=np.float32)[:, None]
_ARC_DOWN, _ARC_OUT = (1 - np.cos(_ARC)) / 2, np.sin(_ARC)
_ACROSS = np.linspace(-1, 1, 24, dtype=np.float32)[:, None]

_BOUNDS = (
    (0.25, 0.75),  # centre of the body, across
    (0.25, 0.75),  # centre of the body, along its axis
    (0.18, 0.48),  # half height
    (0.12, 0.42),  # radius of the belly
    (0.50, 1.10),  # radius of the rim, as a share of the belly's
    (0.40, 1.00),  # radius of the foot, as a share of the belly's
    (-0.20, 0.70),  # where the belly is, -1 rim to 1 foot
    (-0.95, 0.00),  # where the handle leaves the wall
    (0.50, 1.40),  # how far down it comes back
    (0.30, 1.10),  # how far it stands out, as a share of the belly's radius
    (0.40, 1.00),  # radius of the neck, as a share of the belly's
    (-0.90, -0.40),  # where the neck is
)


def _radius(p: Singles, at: Singles) -> Singles:
    """Radius of the body at heights (N, S), -1 rim to 1 foot: cosine arcs rim-neck-belly-foot."""
    belly, rim, foot, where, neck, narrow = p[[3, 4, 5, 6, 10, 11]]
    one = np.ones_like(belly)
    ends = np.stack([-one, narrow, where, one])  # of the three arcs, and how wide it is there
    wide = belly * np.stack([rim, neck, one, foot])
    angle, radius, half = np.empty((3, len(at), p.shape[1]), np.float32)
    angle[:] = at
    arcs(ends, wide, angle, radius, half)
    half *= np.cos(angle, out=angle)
    radius -= half
    return radius


def _arch(side: Side, p: Singles) -> tuple[Singles, Singles]:
    """The handle alone, on a side of an upright jug about x = 0, y = 0: x, y (N, S)."""
    height, (start, drop, out) = p[2], p[7:10]
    at = start + drop * _ARC_DOWN
    stand = out * p[3] * _ARC_OUT
    if side in ("top", "bottom"):
        radius = _radius(p, np.full((1, 1), -1.0 if side == "top" else 1.0, np.float32))
        away = height + stand
        return radius * at, -away if side == "top" else away
    base = -stand / 2 if side == "middle" else _radius(p, np.clip(at, -1, 1))
    across = base + stand
    return -across if side == "left" else across, height * at


def _placed(x: Singles, y: Singles, p: Singles, *, lying: bool) -> tuple[Singles, Singles]:
    """A jug moved from the origin to its place; a lying one is turned, right to up."""
    if lying:
        x, y = y, -x
    return x + p[0], y + p[1]


def _jug(side: Side, p: Singles) -> Lines:
    radius = _radius(p, _WALL)
    arch = _arch("middle" if side == "middle" else "right", p)
    x, y, weights = np.empty(
        (3, 2 * (len(_WALL) + len(_ACROSS)) + len(_ARC), p.shape[1]), np.float32
    )
    place = p[:2].copy()
    # A lying one is turned, right to up: its axis is level then.
    across, along = (y, x) if side in ("top", "bottom") else (x, y)
    middle, centre = place[::-1] if side in ("top", "bottom") else place
    sign = -1 if side in ("left", "top") else 1
    jug_lines(
        radius,
        *arch,
        p[2].copy(),
        _WALL[:, 0],
        _ACROSS[:, 0],
        sign,
        middle,
        centre,
        across,
        along,
        weights,
    )
    return x[None], y[None], weights


_CHANCE = 0.57  # of the best of the five, on three of each of the maps of the solids: 0.569


DRAWINGS: dict[str, Drawing] = {
    side: Drawing(f"jug, {side}", partial(_jug, side), _BOUNDS, (), _CHANCE) for side in SIDES
}

NAMES = {
    "top": ("the top", "上方"),
    "bottom": ("the bottom", "下方"),
    "left": ("the left", "左側"),
    "right": ("the right", "右側"),
    "middle": ("the middle", "中間"),
}


class HandleSettings(Parameters):
    """The map to read."""

    source: Literal["saliency", "smoothgrad"] = Field(default="saliency", description="kind of map")
    picture: Picture


class HandleClaim(Parameters):
    """The handle is on this side."""

    side: Side = Field(description="where the handle is, seen from the middle of the jug")


@dataclass(frozen=True)
class Jug:
    """The jug that fits a map best, and the best arch on each of its sides.

    Attributes:
        fit: of the whole jug.
        lying: its axis is level.
        stands_out: of each side's best arch, Stouffer's z of the contrasts along it.
        parameters: of the jug with that arch, (12,), by side.
        spread: of each side, the most by which it stands out otherwise on the jugs that other
            searches found, as far as these fit as well.
    """

    fit: Fit
    lying: bool
    stands_out: dict[Side, float]
    parameters: dict[Side, Singles]
    spread: dict[Side, float]


BODY_BAND = threshold(
    "handle.body_band",
    6.0,
    "In pixels of a 128-pixel map, either side of the fitted outline: half the width of a stroke "
    "and of the ridge filter (2 + 2), and what a wall of cosine arcs misses a real one by (2).",
    lowest=2.0,
    highest=12.0,
)
_STARTS = np.linspace(-0.95, 0.45, 15)
_DROPS = np.linspace(0.5, 1.5, 6)
_OUTS = np.linspace(0.35, 1.25, 10)
_ARCHES = np.array([(s, d, o) for s in _STARTS for d in _DROPS for o in _OUTS if s + d <= 0.95])
_AWAY_FROM_WALL = _ARC_OUT[:, 0] > 0.6
_REACH = 3
"""Cells a side of the square around a point of an arch, of which the clearest counts."""


EFFORT = Effort(
    shapes=20480,
    starts=480,
    first=Stage(480, 8, 8, 0.05),
    stages=(
        Stage(96, 24, 24, 0.03, 0.1),
        Stage(12, 48, 30, 0.03, 0.1),
        Stage(2, 192, 100, 0.05, 0.1),
    ),
    again=(Stage(8, 24, 20, 0.02), Stage(2, 48, 30, 0.01, 0.1)),
    alike=4,
    most=5,
)
"""35,000 poses, and 115,000 a search: a jug has twelve parameters."""


def find_jug(brightness: Floats, seed: int = 0) -> Jug:
    """Return the jug that fits a map (H, W) best, with the best handle on each side."""
    # Strokes, not brightness: a handle is thinner and fainter than the body, but visible.
    contrast, seen = stroke_contrast(brightness)
    marks = clearest(contrast, seen)
    found = fit(list(DRAWINGS.values()), marks, seed=seed, effort=EFFORT)
    best = _arches(contrast, seen, found.family, found.parameters)
    again = [_arches(contrast, seen, *other) for other in found.others]
    return Jug(
        found,
        _lies(found.family),
        {side: value for side, (value, _) in best.items()},
        {side: parameters for side, (_, parameters) in best.items()},
        {
            side: max((abs(best[side][0] - other[side][0]) for other in again), default=0.0)
            for side in SIDES
        },
    )


def _lies(family: int) -> bool:
    return SIDES[family] in ("top", "bottom")


def _arches(
    contrast: Floats, seen: Mask, family: int, body: Singles
) -> dict[Side, tuple[float, Singles]]:
    """For each side of a body how far its best arch stands out, and the jug with that arch."""
    lying = _lies(family)
    scores = _normal_scores(contrast, seen & ~_on_body(body, lying=lying))
    return {side: _best_arch(side, body, scores, lying=lying) for side in SIDES}


def _normal_scores(contrast: Floats, open_cells: Mask) -> Floats:
    """Normal scores (64, 64) of the ranks of cells that may belong to a handle; 0 elsewhere."""
    from scipy import ndimage
    from scipy.special import ndtri
    from scipy.stats import rankdata

    # Ranks, so that the result is a number of standard deviations in maps of any contrast.
    least = float(contrast.min())
    around = ndimage.maximum_filter(np.where(open_cells, contrast, least), _REACH)
    scores = np.zeros(contrast.shape)
    if around[open_cells].size and np.ptp(around[open_cells]) > 0:
        scores[open_cells] = ndtri(rankdata(around[open_cells]) / (open_cells.sum() + 1))
    return scores


def _on_body(body: Singles, *, lying: bool) -> Mask:
    """Cells near the body's own outline, whose strokes are no handle's: (64, 64)."""
    from scipy import ndimage

    cells = np.ones(GRID * GRID, bool)
    cells[cells_of(*_outline(body, lying=lying))] = False
    away = ndimage.distance_transform_edt(cells.reshape(GRID, GRID))
    near: Mask = away <= BODY_BAND.now() * GRID / 128
    return near


def _outline(body: Singles, *, lying: bool) -> tuple[Singles, Singles]:
    """The body's points x, y (N, 1) in the picture."""
    x, y, _ = _jug("top" if lying else "right", body[:, None])
    return x[0, : -len(_ARC)], y[0, : -len(_ARC)]


def _best_arch(side: Side, body: Singles, scores: Floats, *, lying: bool) -> tuple[float, Singles]:
    p = np.repeat(body[:, None], len(_ARCHES), axis=1)
    p[7:10] = _ARCHES.T
    x, y = _placed(*_arch(_as_on_upright(side, lying=lying), p), p, lying=lying)
    x, y = x[_AWAY_FROM_WALL], y[_AWAY_FROM_WALL]
    # Cells that do not share a pixel, since each sees the 3x3 around it.
    cells = np.hypot(np.diff(x, axis=0), np.diff(y, axis=0)).sum(0) * GRID / _REACH
    along = scores.ravel()[cells_of(x, y)]
    along[(x < 0) | (x > 1) | (y < 0) | (y > 1)] = _BEYOND
    # Stouffer's z: standard deviations by which the arch stands above places at random. A long
    # faint stroke counts like a short clear one.
    stands_out = along.mean(0) * np.sqrt(cells)
    found = int(np.argmax(stands_out))
    return float(stands_out[found]), p[:, found]


_BEYOND = -1.0  # normal score of what lies beyond the map: there is no stroke there


def _as_on_upright(side: Side, *, lying: bool) -> Side:
    """The side of an upright jug that a side of the picture was before the jug was laid down."""
    if not lying:
        return side
    turned: dict[Side, Side] = {"top": "right", "bottom": "left", "left": "top", "right": "bottom"}
    return turned.get(side, side)


def drawn_jug(jug: Jug, side: Side) -> Floats:
    """Return the points (N, 2), x and y in 0..1, of the body with its handle on `side`."""
    p = jug.parameters[side][:, None]
    arch = _placed(*_arch(_as_on_upright(side, lying=jug.lying), p), p, lying=jug.lying)
    lines = (_outline(jug.parameters[side], lying=jug.lying), arch)
    x, y = (np.concatenate(parts)[:, 0] for parts in zip(*lines, strict=True))
    return np.stack([x, y], -1).astype(np.float64)


@rule(
    "shapes.handle",
    settings=HandleSettings,
    claim=HandleClaim,
    needs=lambda s: [record_id(s.source, s.picture), record_id("picture", s.picture)],
)
def handle_side(
    evidence: Evidence, settings: HandleSettings, claims: Sequence[HandleClaim]
) -> Decision:
    """Clearness of a handle on each side of the jug that fits the map's strokes best.

    Standard deviations by which the best arch stands above places taken at random. Margins are less
    by how far it stands out otherwise on jugs that other searches found and that fit as well. Where
    no jug fits clearly better than it would fit noise, or no side leads by more than that, the
    question is left open.
    """
    jug = find_jug(displayed_brightness(evidence.get(settings.source, settings.picture)))
    values = [jug.stands_out[claim.side] for claim in claims]
    names = [NAMES[claim.side] for claim in claims]
    verdicts = strongest_if_clear(
        values,
        names,
        unit="standard deviations",
        what=(
            "how far the best handle at {0} stands out of places at random",
            "{0}的最佳把手位置比隨機位置突出的程度",
        ),
        clearness=jug.fit.above_chance,
        least=CLEAR.now(),
        spreads=[jug.spread[claim.side] for claim in claims],
    )
    best = claims[int(np.argmax(values))].side
    how = ("lying", "橫放") if jug.lying else ("upright", "直立")
    caption = (
        f"The jug that fits best ({how[0]}), with its handle at {NAMES[best][0]}",
        f"最吻合的水壺（{how[1]}），把手在{NAMES[best][1]}",
    )
    points = drawn_jug(jug, best)
    apart = [("the jug", "水壺")] if jug.fit.spread > AGREED else []
    return Decision(
        verdicts,
        [wireframe_figure(settings.source, settings.picture, points, caption)],
        note_on_searches(
            max(jug.spread[claim.side] for claim in claims),
            ("standard deviations", "個標準差"),
            apart,
        ),
    )
