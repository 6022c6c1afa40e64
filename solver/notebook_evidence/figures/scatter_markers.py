"""The markers of a matplotlib scatter plot, also where they lie over one another.

Matplotlib sets every marker at a whole pixel, so all markers of a kind are the same stamp, and a
plot can be taken apart exactly. What a pixel tells of a role is how much white the markers of that
role have left of it (each covers 1 - a of what lay under it, so the logarithms add up), with black
text over it divided out. The fewest markers that leave just that white are found by integer
programming (HiGHS, in SciPy). Two markers at one and the same pixel are still told apart from one,
by their darker edge; a marker wholly under another role's is lost.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array, hstack, identity

from solver.errors import EvidenceError
from solver.notebook_evidence.figures.colours import darkest

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

QUESTION, CONTEXT, ANSWER = 1, 2, 3
COLOURS: dict[int, tuple[int, int, int]] = {
    QUESTION: (255, 0, 0),
    CONTEXT: (0, 128, 0),
    ANSWER: (0, 0, 255),
}

LEVELS = 5.0
"""Levels (of 255) by which a pixel may differ from what is drawn: rounding, a few times over."""
DARKEST = 60.0
"""A pixel with no channel above this is text, and hides the markers under it."""
OPAQUE = 4.0
"""Stands for the logarithm of no white at all."""
MARKER = (5, 13)
"""Least and largest side of a marker in pixels, at 72 dots an inch."""
UNEXPLAINED = 1.0
"""Cost of a unit of logarithm that no marker explains, in markers: a pixel that is full of a
colour is worth more than a marker, a trace on one edge pixel is not."""


@dataclass(frozen=True)
class Seen:
    """The ink of one role's markers, read off a plot's pixels.

    Attributes:
        white: share (H, W) that the role's markers left white.
        off: by how much that may be wrong.
        known: where the pixel tells it; elsewhere another role's marker may lie over one of this.
    """

    white: Floats
    off: Floats
    known: Mask


def _seen_of_role(rgb: Floats, role: int, marked: tuple[npt.NDArray[np.intp], ...]) -> Seen:
    """The ink of a role's markers in pixels (H, W, 3), 0 to 255; all but `marked` are white."""
    colour = np.array(COLOURS[role], float)
    strong = int(colour.argmax())
    weak = [channel for channel in range(3) if channel != strong]
    top, (low, other) = rgb[..., strong][marked], (rgb[..., one][marked] for one in weak)
    rest = np.maximum(top, 1)
    # Black text scales all channels alike: only their ratio counts. Over white it is 1, on the
    # marker 0; in between it is w / (w + (1 - w) c) where c is the colour's strong channel.
    ratio = np.clip((low + other) / 2 / rest, 0, 1)
    c = colour[strong] / 255
    white = c * ratio / (1 - ratio + c * ratio)
    off = LEVELS / rest
    on_the_line = np.abs(low - other) <= LEVELS
    not_beyond = np.maximum(low, other) <= top + LEVELS
    bright = top >= DARKEST * c
    known = on_the_line & not_beyond & bright
    values = (white, 1.0), (off, LEVELS / 255), (known, True)
    return Seen(*(_at(marked, value, default, rgb.shape[:2]) for value, default in values))


def _at(
    places: tuple[npt.NDArray[np.intp], ...],
    values: npt.NDArray[Any],
    otherwise: float | bool,
    shape: tuple[int, ...],
) -> npt.NDArray[Any]:
    """An array with values at some places, and one value at all others."""
    whole = np.full(shape, otherwise)
    whole[places] = values
    return whole


def seen_of_all(rgb: Floats) -> dict[int, Seen]:
    """Return every role's ink; a pixel of one role's colour may hide another's."""
    # Nearly all of a plot is white, which takes nothing from any marker.
    marked = np.nonzero(darkest(rgb) < 255)
    return {role: _seen_of_role(rgb, role, marked) for role in COLOURS}


def learned_stamps(plots: Iterable[Floats], scale: float = 1.0) -> dict[int, Floats]:
    """Return each role's stamp (h, w): the commonest marker that stands alone, as opacity 0..1.

    Args:
        plots: pixels.
        scale: their dots an inch as a multiple of 72.
    """
    least, most = MARKER[0] * scale, MARKER[1] * scale
    counts: dict[int, Counter[tuple[tuple[int, int], bytes]]] = {
        role: Counter() for role in COLOURS
    }
    for rgb in plots:
        for role, seen in seen_of_all(rgb).items():
            ink = np.where(seen.known, 1 - seen.white, 0)
            marked = ink > 0.02
            labels, _ = ndimage.label(marked, structure=np.ones((3, 3)))
            for number, place in enumerate(ndimage.find_objects(labels), 1):
                alone = np.where(labels[place] == number, np.round(ink[place], 3), 0)
                # Smaller are crumbs of hidden markers, larger are several that touch.
                if min(alone.shape) >= least and max(alone.shape) <= most:
                    counts[role][alone.shape, alone.tobytes()] += 1
    stamps = {}
    for role, found in counts.items():
        # Of equal counts by content, so that the choice does not hang on the order of the plots.
        (shape, data), _ = max(found.items(), key=lambda one: (one[1], one[0]))
        stamps[role] = np.frombuffer(data).reshape(shape).copy()
    return stamps


def _logs(share: Floats) -> Floats:
    """Minus the logarithm of what is left white, at most OPAQUE."""
    return np.minimum(-np.log(np.maximum(share, np.exp(-OPAQUE))), OPAQUE)


def _possible(seen: Seen, stamp: Floats, places: npt.NDArray[np.intp]) -> Mask:
    """Of places (n, 2) for the middle of a stamp, those where no known pixel is whiter than the
    stamp would leave it."""
    inked = np.argwhere(stamp > 0.02)
    at = places[:, None] + inked - np.array(stamp.shape) // 2  # (n, ink, 2)
    inside = ((at >= 0) & (at < seen.white.shape)).all((1, 2))
    row, column = np.where(inside[:, None, None], at, 0).transpose(2, 0, 1)
    whiter = (seen.white - seen.off)[row, column] > 1 - stamp[tuple(inked.T)]
    possible: Mask = inside & ~(seen.known[row, column] & whiter).any(1)
    return possible


def markers_of(seen: Seen, stamp: Floats) -> list[tuple[int, int]]:
    """Return (row, column) of the middle of every marker of a role, several times where several
    lie at one pixel; sorted."""
    marked = seen.known & (1 - seen.white > 0.02 + seen.off)
    places = np.argwhere(_covering(marked, stamp))
    places = places[_possible(seen, stamp, places)]
    area = np.zeros(marked.shape, bool)
    area[tuple(places.T)] = True
    labels, _ = ndimage.label(_covering(area, stamp))
    group = labels[tuple(places.T)]
    found: list[tuple[int, int]] = []
    for number in np.unique(group):
        found += _fewest(seen, marked, stamp, places[group == number])
    return sorted(found)


def _covering(mask: Mask, stamp: Floats) -> Mask:
    """Where a stamp with its middle there has ink on a pixel of the mask; stamps are symmetric."""
    reach = np.argwhere(stamp > 0.02) - np.array(stamp.shape) // 2
    at = np.argwhere(mask)[:, None] + reach
    inside = ((at >= 0) & (at < mask.shape)).all(-1)
    result = np.zeros_like(mask)
    result[tuple(at[inside].T)] = True
    return result


def _fewest(
    seen: Seen, marked: Mask, stamp: Floats, places: npt.NDArray[np.intp]
) -> list[tuple[int, int]]:
    """Of the places (n, 2) a stamp may have, those (some twice) that leave the white that is seen.

    Least number of markers plus what they leave unexplained; of equal solutions the one whose
    markers are least hidden.
    """
    rows, columns = np.nonzero(stamp > 0.02)
    h, w = stamp.shape
    down = places[:, :1] + rows - h // 2  # (n, ink)
    right = places[:, 1:] + columns - w // 2
    width = marked.shape[1]
    flat = down * width + right
    pixels, at = np.unique(flat, return_inverse=True)
    y, x = pixels // width, pixels % width
    ink = _logs(1 - stamp[rows, columns])
    adds = coo_array(
        (np.tile(ink, len(places)), (at.ravel(), np.repeat(np.arange(len(places)), len(rows)))),
        shape=(len(pixels), len(places)),
    ).tocsr()
    known = seen.known[y, x]
    least = np.where(marked[y, x], _logs(seen.white[y, x] + seen.off[y, x]), 0)
    most = _logs(seen.white[y, x] - seen.off[y, x])
    most = np.where(known & (most < OPAQUE), most, np.inf)
    one = adds.sum(1)
    # One marker that fits, as most are: no program need be solved.
    if len(places) == 1 and ((one >= least) & (one <= most)).all():
        return [(int(places[0, 0]), int(places[0, 1]))]
    hidden = 1 - known[at].reshape(flat.shape).mean(1)
    told = np.flatnonzero((least > 0) | np.isfinite(most))
    slack = identity(len(told), format="csr")
    cost = np.concatenate([1 + 1e-3 * hidden, np.full(2 * len(told), UNEXPLAINED)])
    outcome = milp(
        cost,
        integrality=np.concatenate([np.ones(len(places)), np.zeros(2 * len(told))]),
        bounds=Bounds(0, np.inf),
        constraints=LinearConstraint(hstack([adds[told], slack, -slack]), least[told], most[told]),
    )
    if outcome.x is None:
        raise EvidenceError("the markers of a plot could not be distinguished")
    times = np.round(outcome.x[: len(places)]).astype(int)
    return [
        (int(place[0]), int(place[1]))
        for place, n in zip(places, times, strict=True)
        for _ in range(n)
    ]


def read_markers(rgb: Floats, stamps: Mapping[int, Floats]) -> dict[int, list[tuple[int, int]]]:
    """Return by role the (row, column) of every marker of a plot."""
    return {role: markers_of(seen, stamps[role]) for role, seen in seen_of_all(rgb).items()}
