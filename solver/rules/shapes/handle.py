"""Rule on the side of a jug's handle, from the strokes that a map shows.

Where each part is:

- the drawing: a turned body with rim, belly and foot, upright or lying, and an arched handle on any
  side; `_body`, `_arch` and `_jug` in this module
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
from solver.rules.shapes.pose_search import BRISK
from solver.rules.shapes.wireframe_fit import (
    CLEAR,
    GRID,
    Drawing,
    Floats,
    Mask,
    Singles,
    cells_of,
    fit,
    stroke_contrast,
    stroke_marks,
    strongest_if_clear,
    wireframe_figure,
)
from solver.rules.thresholds import threshold

Side = Literal["top", "bottom", "left", "right", "middle"]
SIDES: tuple[Side, ...] = ("top", "bottom", "left", "right", "middle")

_WALL = np.linspace(-1, 1, 40, dtype=np.float32)
_ARC = np.linspace(0, np.pi, 40, dtype=np.float32)
_ACROSS = np.linspace(-1, 1, 24, dtype=np.float32)

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
    """Radius of the body at heights (S, N), -1 rim to 1 foot: cosine arcs rim-neck-belly-foot."""
    belly, rim, foot, where, neck, narrow = (p[index][:, None] for index in (3, 4, 5, 6, 10, 11))
    above, below = at < narrow, at >= where
    low = np.where(above, -1, np.where(below, where, narrow))
    high = np.where(above, narrow, np.where(below, 1, where))
    start = np.where(above, rim, np.where(below, 1, neck))
    end = np.where(above, neck, np.where(below, foot, 1))
    along = np.clip((at - low) / (high - low), 0, 1)
    radius: Singles = belly * (start + (end - start) * (1 - np.cos(np.pi * along)) / 2)
    return radius


def _body(p: Singles) -> list[tuple[Singles, Singles]]:
    """The outline of a jug about x = 0, y = 0: right, left, rim, foot, each x, y (S, N)."""
    height = p[2][:, None]
    radius = _radius(p, np.broadcast_to(_WALL, (p.shape[1], len(_WALL))))
    down, level = height * _WALL, np.broadcast_to(height, (p.shape[1], len(_ACROSS)))
    rim, foot = radius[:, :1] * _ACROSS, radius[:, -1:] * _ACROSS
    return [(radius, down), (-radius, down), (rim, -level), (foot, level)]


def _arch(side: Side, p: Singles) -> tuple[Singles, Singles]:
    """The handle alone, on a side of an upright jug about x = 0, y = 0: x, y (S, N)."""
    height, (start, drop, out) = p[2][:, None], (p[index][:, None] for index in (7, 8, 9))
    at = start + drop * ((1 - np.cos(_ARC)) / 2)
    stand = out * p[3][:, None] * np.sin(_ARC)
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
    return x + p[0][:, None], y + p[1][:, None]


def _jug(side: Side, p: Singles) -> tuple[Singles, Singles, Singles]:
    lines = [*_body(p), _arch("middle" if side == "middle" else "right", p)]
    x, y = (np.concatenate(parts, 1) for parts in zip(*lines, strict=True))
    if side in ("left", "bottom"):
        x = -x
    weights = np.concatenate([_steps(*line) for line in lines], 1)
    return (*_placed(x, y, p, lying=side in ("top", "bottom")), weights)


def _steps(x: Singles, y: Singles) -> Singles:
    """The length that each point of a line (S, N) stands for: longer lines weigh more."""
    steps = np.hypot(np.diff(x, axis=1), np.diff(y, axis=1))
    return np.concatenate([steps[:, :1], steps], 1)


_CHANCE = 0.55  # the mean score of the best of the five over 28 maps of noise; one map by 0.02


DRAWINGS: dict[str, Drawing] = {
    side: Drawing(partial(_jug, side), _BOUNDS, _CHANCE) for side in SIDES
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
        above_chance: the fit of the whole jug, as in `Fit`.
        lying: its axis is level.
        stands_out: of each side's best arch, Stouffer's z of the contrasts along it.
        parameters: of the jug with that arch, (12,), by side.
    """

    above_chance: float
    lying: bool
    stands_out: dict[Side, float]
    parameters: dict[Side, Singles]


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
_AWAY_FROM_WALL = np.sin(_ARC) > 0.6
_REACH = 3
"""Cells a side of the square around a point of an arch, of which the clearest counts."""


def find_jug(brightness: Floats, seed: int = 0) -> Jug:
    """Return the jug that fits a map (H, W) best, with the best handle on each side."""
    # Strokes, not brightness: a handle is thinner and fainter than the body, but visible.
    contrast, seen = stroke_contrast(brightness)
    marks = stroke_marks(brightness)
    fits = {
        side: fit(drawing, marks, seed=seed, effort=BRISK) for side, drawing in DRAWINGS.items()
    }
    best = max(SIDES, key=lambda side: fits[side].score)
    lying = best in ("top", "bottom")
    body = fits[best].parameters
    scores = _normal_scores(contrast, seen & ~_on_body(body, lying=lying))
    arches = {side: _best_arch(side, body, scores, lying=lying) for side in SIDES}
    return Jug(
        fits[best].above_chance,
        lying,
        {side: value for side, (value, _) in arches.items()},
        {side: parameters for side, (_, parameters) in arches.items()},
    )


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
    """The body's points x, y (1, N) in the picture."""
    p = body[:, None]
    x, y = (np.concatenate(parts, 1) for parts in zip(*_body(p), strict=True))
    return _placed(x, y, p, lying=lying)


def _best_arch(side: Side, body: Singles, scores: Floats, *, lying: bool) -> tuple[float, Singles]:
    p = np.repeat(body[:, None], len(_ARCHES), axis=1)
    p[7:10] = _ARCHES.T
    x, y = _placed(*_arch(_as_on_upright(side, lying=lying), p), p, lying=lying)
    x, y = x[:, _AWAY_FROM_WALL], y[:, _AWAY_FROM_WALL]
    # Cells that do not share a pixel, since each sees the 3x3 around it.
    cells = np.hypot(np.diff(x, axis=1), np.diff(y, axis=1)).sum(1) * GRID / _REACH
    along = scores.ravel()[cells_of(x, y)]
    along[(x < 0) | (x > 1) | (y < 0) | (y > 1)] = _BEYOND
    # Stouffer's z: standard deviations by which the arch stands above places at random. A long
    # faint stroke counts like a short clear one.
    stands_out = along.mean(1) * np.sqrt(cells)
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
    x, y = (np.concatenate(parts, 1)[0] for parts in zip(*lines, strict=True))
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

    Standard deviations by which the best arch stands above places taken at random. Where no jug
    fits clearly better than it would fit noise, the question is left open.
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
        clearness=jug.above_chance,
        least=CLEAR.now(),
    )
    best = claims[int(np.argmax(values))].side
    how = ("lying", "橫放") if jug.lying else ("upright", "直立")
    caption = (
        f"The jug that fits best ({how[0]}), with its handle at {NAMES[best][0]}",
        f"最吻合的水壺（{how[1]}），把手在{NAMES[best][1]}",
    )
    points = drawn_jug(jug, best)
    return Decision(
        verdicts, [wireframe_figure(settings.source, settings.picture, points, caption)]
    )
