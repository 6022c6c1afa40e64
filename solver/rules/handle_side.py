"""On which side is the handle of the jug that the strokes of a map form?

What is measured, in two steps. First the body: of all jugs (a turned body with rim, belly and foot,
upright or lying, with an arched handle on any side) the one that fits the map's strokes best
(`solver.rules.wireframe_fit`). Then, round that body, for each side the arch that lies best on
strokes: the value is its length on strokes less that off them, in heights of the jug; strokes that
are the body's own do not count. Held against the best arch on any other side. Strokes,
not brightness, are marked: a handle is thinner and fainter than the body and is seen all the same.
No region is read, so the answer follows the map alone: mirror it and left becomes right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from solver.evidence import Evidence, record_id
from solver.rules.displayed import displayed_brightness
from solver.rules.registry import Decision, Figure, Parameters, rule
from solver.rules.verdicts import strongest
from solver.rules.wireframe_fit import GRID, Drawing, Floats, fit, share_on_marks, stroke_marks

Side = Literal["top", "bottom", "left", "right", "middle"]
SIDES: tuple[Side, ...] = ("top", "bottom", "left", "right", "middle")

_WALL = np.linspace(-1, 1, 40)
_ARC = np.linspace(0, np.pi, 40)
_ACROSS = np.linspace(-1, 1, 24)

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


def _radius(p: Floats, at: Floats) -> Floats:
    """Radius of the body at heights (S, N), -1 rim to 1 foot: cosine arcs rim-neck-belly-foot."""
    belly, rim, foot, where, neck, narrow = (p[index][:, None] for index in (3, 4, 5, 6, 10, 11))
    flare = _arc(at, -1.0, narrow, rim, neck)
    shoulder = _arc(at, narrow, where, neck, 1.0)
    below = _arc(at, where, 1.0, 1.0, foot)
    share = np.where(at < narrow, flare, np.where(at < where, shoulder, below))
    radius: Floats = belly * share
    return radius


def _arc(
    at: Floats,
    low: Floats | float,
    high: Floats | float,
    start: Floats | float,
    end: Floats | float,
) -> Floats:
    """Half a cosine from `start` at `low` to `end` at `high`."""
    along = np.clip((at - low) / (high - low), 0, 1)
    value: Floats = start + (end - start) * (1 - np.cos(np.pi * along)) / 2
    return value


def _upright(p: Floats, *, middle: bool) -> tuple[Floats, Floats]:
    """A jug about x = 0, y = 0 with its handle to the right: points (S, N, 2), weights (S, N)."""
    height = p[2][:, None]
    walls = np.broadcast_to(_WALL, (p.shape[1], len(_WALL)))
    radius = _radius(p, walls)
    right = np.stack([radius, height * walls], -1)
    left = np.stack([-radius, height * walls], -1)
    rim = np.stack([radius[:, :1] * _ACROSS, np.broadcast_to(-height, (len(height), 24))], -1)
    foot = np.stack([radius[:, -1:] * _ACROSS, np.broadcast_to(height, (len(height), 24))], -1)
    handle = _arch("middle" if middle else "right", p)
    points = np.concatenate([right, left, rim, foot, handle], 1)
    return points, _lengths([right, left, rim, foot, handle])


def _lengths(lines: Sequence[Floats]) -> Floats:
    """The length that each point stands for: longer lines weigh more."""
    weights = []
    for line in lines:
        steps = np.linalg.norm(np.diff(line, axis=1), axis=-1)
        weights.append(np.concatenate([steps[:, :1], steps], 1))
    return np.concatenate(weights, 1)


def _arch(side: Side, p: Floats) -> Floats:
    """The handle alone, on a side of an upright jug about x = 0, y = 0: (S, N, 2)."""
    height, (start, drop, out) = p[2][:, None], (p[index][:, None] for index in (7, 8, 9))
    at = start + drop * (1 - np.cos(_ARC)) / 2
    stand = out * p[3][:, None] * np.sin(_ARC)
    if side in ("top", "bottom"):
        radius = _radius(p, np.full((1, 1), -1.0 if side == "top" else 1.0))
        away = height + stand
        return np.stack([radius * at, -away if side == "top" else away], -1)
    base = -stand / 2 if side == "middle" else _radius(p, np.clip(at, -1, 1))
    across = base + stand
    return np.stack([-across if side == "left" else across, height * at], -1)


def _placed(points: Floats, p: Floats, *, lying: bool) -> Floats:
    """A jug about the origin at its place in the picture; lying, what pointed right points up."""
    turned = points[..., ::-1] * np.array([1, -1]) if lying else points
    return turned + p[:2].T[:, None]


def _jug(side: Side, p: Floats) -> tuple[Floats, Floats]:
    points, weights = _upright(p, middle=side == "middle")
    if side in ("left", "bottom"):
        points = points * np.array([-1, 1])
    return _placed(points, p, lying=side in ("top", "bottom")), weights


def _drawing(side: Side) -> Drawing:
    return Drawing(lambda p: _jug(side, p), _BOUNDS)


DRAWINGS: dict[str, Drawing] = {side: _drawing(side) for side in SIDES}

NAMES = {
    "top": ("the top", "上方"),
    "bottom": ("the bottom", "下方"),
    "left": ("the left", "左側"),
    "right": ("the right", "右側"),
    "middle": ("the middle", "中間"),
}


class HandleSettings(Parameters):
    """Which map."""

    source: Literal["saliency", "smoothgrad"] = "saliency"
    picture: int


class HandleClaim(Parameters):
    """The handle is on this side."""

    side: Side


@dataclass(frozen=True)
class Handle:
    """The best arch on a side.

    Attributes:
        on_strokes: its length on strokes less that off them, in heights of the jug.
        parameters: of the jug with it, (12,).
    """

    on_strokes: float
    parameters: Floats


_STARTS = np.linspace(-0.95, 0.45, 15)
_DROPS = np.linspace(0.5, 1.5, 6)
_OUTS = np.linspace(0.35, 1.25, 10)
_AWAY_FROM_WALL = np.sin(_ARC) > 0.6


def find_handles(brightness: Floats, seed: int = 0) -> tuple[dict[str, Handle], str]:
    """Return the best handle on each side of the jug that a map (H, W) shows, and how it stands.

    The second value is "upright" or "lying".
    """
    marks = stroke_marks(brightness)
    fits = {side: fit(drawing, marks, seed=seed, restarts=2) for side, drawing in DRAWINGS.items()}
    best = max(fits, key=lambda side: fits[side].score)
    lying = best in ("top", "bottom")
    body = fits[best].parameters
    others = marks & ~_on_body(body, lying=lying)
    near = ndimage.binary_dilation(others, structure=np.ones((3, 3), bool))
    return {side: _best_arch(side, body, near, lying=lying) for side in SIDES}, (
        "lying" if lying else "upright"
    )


def _on_body(body: Floats, *, lying: bool) -> npt.NDArray[np.bool_]:
    """Cells within two of the body's own outline: a handle is not paid for the body's strokes."""
    p = body[:, None]
    points, _ = _upright(p, middle=False)
    outline = _placed(points[:, : -len(_ARC)], p, lying=lying)[0]
    column, row = np.clip(np.floor(outline * GRID).astype(int), 0, GRID - 1).T
    cells = np.zeros((GRID, GRID), bool)
    cells[row, column] = True
    near: npt.NDArray[np.bool_] = ndimage.binary_dilation(cells, iterations=2)
    return near


def _best_arch(side: Side, body: Floats, near: npt.NDArray[np.bool_], *, lying: bool) -> Handle:
    arches = np.array([(s, d, o) for s in _STARTS for d in _DROPS for o in _OUTS if s + d <= 0.95])
    p = np.repeat(body[:, None], len(arches), axis=1)
    p[7:10] = arches.T
    points = _placed(_arch(_as_on_upright(side, lying=lying), p), p, lying=lying)
    away = points[:, _AWAY_FROM_WALL]
    length = np.linalg.norm(np.diff(away, axis=1), axis=-1).sum(1)
    # On strokes less off them, in heights of the jug: a long arch on a stroke counts for more than
    # a short one on a speck.
    net = (2 * share_on_marks(away, near) - 1) * length / (2 * p[2])
    found = int(np.argmax(net))
    return Handle(float(net[found]), p[:, found])


def _as_on_upright(side: Side, *, lying: bool) -> Side:
    """What a side of the picture is called on the jug before it was laid down."""
    if not lying:
        return side
    turned: dict[Side, Side] = {"top": "right", "bottom": "left", "left": "top", "right": "bottom"}
    return turned.get(side, side)


def drawn_jug(side: str, how: str, parameters: Floats) -> Floats:
    """Return the points (N, 2), x and y in 0..1, of the body with its handle on `side`."""
    p, lying = np.asarray(parameters, float)[:, None], how == "lying"
    body, _ = _upright(p, middle=False)
    arch = _arch(_as_on_upright(side, lying=lying), p)  # type: ignore[arg-type]
    both = np.concatenate([body[:, : -len(_ARC)], arch], 1)
    return _placed(both, p, lying=lying)[0]


@rule(
    "map.handle_side",
    settings=HandleSettings,
    claim=HandleClaim,
    needs=lambda s: [record_id(s.source, s.picture), record_id("picture", s.picture)],
)
def handle_side(
    evidence: Evidence, settings: HandleSettings, claims: Sequence[HandleClaim]
) -> Decision:
    """Length, on strokes of the map less off them, of the best handle on each side of the jug."""
    bright = displayed_brightness(evidence.get(settings.source, settings.picture))
    handles, how = find_handles(bright)
    verdicts = strongest(
        # An arch more off strokes than on them is no handle, however little: none then holds.
        [max(0.0, handles[claim.side].on_strokes) for claim in claims],
        [NAMES[claim.side] for claim in claims],
        unit="heights of the jug",
        what=(
            "length of the best handle at {0} on strokes, less off them",
            "{0}之最佳把手落在線條上的長度（減去不在線條上者）",
        ),
    )
    best = max(claims, key=lambda claim: handles[claim.side].on_strokes).side
    points = drawn_jug(best, how, handles[best].parameters)
    parameters = {
        "record": record_id(settings.source, settings.picture),
        "picture": settings.picture,
        "points": np.round(points, 4).tolist(),
    }
    caption = (
        f"The jug that fits best ({how}), with its handle at {NAMES[best][0]}",
        f"最吻合的水壺，把手在{NAMES[best][1]}",
    )
    return Decision(verdicts, [Figure("wireframe", parameters, caption)])
