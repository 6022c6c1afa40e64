"""LIME's overlay read off a figure: which superpixels are drawn, and in which colour.

The overlay sets one channel of a drawn superpixel to the picture's largest value, and matplotlib's
resampling is linear: overlay minus picture is a sum of one known contribution a superpixel and
colour. Least squares over these contributions (0 to 1 each) give a first choice; then single
superpixels are exchanged as long as the figure is explained better, and the figure is drawn again
and compared.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.optimize import lsq_linear

from solver.notebook_evidence.figures.placing import Placing
from solver.notebook_evidence.figures.resampling import drawn, windows

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Labels = npt.NDArray[np.integer]

RED, GREEN = 0, 1
SIGNS = (-1, 1)
"""Sign of a superpixel by the channel it is drawn in."""
HALF = 0.5
OFF = 2.0
"""Levels of 255 by which a figure drawn again may differ: rounding, of two pictures."""
SEEN = 1.0
"""Squared levels, over the panel, below which a contribution cannot be seen at all."""
MOST_EXCHANGES = 60  # far more than eleven superpixels can need


@dataclass(frozen=True)
class OverlayReading:
    """A LIME panel, read.

    Attributes:
        signs: int8 (superpixels,): 1 drawn green, -1 drawn red, 0 not drawn.
        error: root mean square (levels of 255) of the part the reading leaves unexplained.
        unexplained: pixels of the panel, drawn again, that differ.
        lead: of the drawn and the undrawn nearest to each other, the difference of their shares.
    """

    signs: npt.NDArray[np.int8]
    error: float
    unexplained: int
    lead: float

    @property
    def count(self) -> int:
        """Superpixels that are drawn."""
        return int((self.signs != 0).sum())


def contributions(
    room: Floats, labels: Labels, side: int, placing: Placing | None = None
) -> sparse.csr_array:
    """Return each superpixel's addition to a panel, if drawn: (side * side, superpixels).

    Args:
        room: how far below the largest value each pixel (n, n) is in a channel.
        labels: superpixel of each pixel (n, n), from 0.
        side: of the panel.
        placing: of the picture in it.
    """
    down, across = windows(side, len(labels), placing)
    rows, above = np.nonzero(down)
    columns, beside = np.nonzero(across)
    # Screen pixel (i, j) sees image pixels (y, x) with weight down[i, y] * across[j, x].
    place = (rows[:, None] * side + columns[None]).ravel()
    label = labels[above[:, None], beside[None]].ravel()
    weights = down[rows, above][:, None] * across[columns, beside][None]
    share = (weights * room[above[:, None], beside[None]]).ravel()
    shape = (side * side, int(labels.max()) + 1)
    return sparse.coo_array((share, (place, label)), shape=shape).tocsr()


def read_overlay(
    picture: Floats,
    shown: Floats,
    overlay: Floats,
    valid: Mask,
    labels: Labels,
    most: int,
    placing: Placing | None = None,
) -> OverlayReading:
    """Return which superpixels a LIME panel draws.

    Args:
        picture: the picture (n, n, 3), levels 0 to 255, at the network's size or blown up to it.
        shown: the picture as drawn without the overlay (side, side, 3).
        overlay: the same with it.
        valid: where both can be read (side, side).
        labels: superpixels (n, n), from 0.
        most: how many the notebook draws at most (its `num_features`).
        placing: of the picture in the panel.
    """
    top = float(picture.max())
    rise = (overlay - shown)[..., :2]
    squares, matches, shares = [], [], np.zeros((int(labels.max()) + 1, 2))
    for channel in (RED, GREEN):
        room = top - picture[..., channel]
        each = contributions(room, labels, len(shown), placing)[valid.ravel()]
        # Normal equations: some hundred superpixels in place of ten thousand pixels.
        squares.append((each.T @ each).toarray())
        matches.append(each.T @ rise[..., channel][valid])
        shares[:, channel] = _shares(squares[-1], matches[-1])
    choice = _Choice(squares, matches, float((rise[valid] ** 2).sum()))
    count = min(int((shares.max(1) > HALF).sum()), most)
    ranked = np.argsort(-shares.max(1), kind="stable")
    signs = np.zeros(len(shares), np.int8)
    for place in ranked[:count]:
        signs[place] = SIGNS[int(shares[place, GREEN] >= shares[place, RED])]
    signs = choice.improved(signs, most)
    again = _painted(picture, labels, signs, top)
    again = drawn(again, len(shown), placing) - drawn(picture, len(shown), placing)
    off = np.abs(again[..., :2] - rise).max(-1)
    error = np.sqrt(max(choice.error(signs), 0.0) / max(int(valid.sum()), 1))
    of_drawn = shares.max(1)[signs != 0].min(initial=1.0)
    of_others = shares.max(1)[signs == 0].max(initial=0.0)
    return OverlayReading(
        signs,
        float(error),
        int((off[valid] > OFF).sum()),
        float(of_drawn - of_others),
    )


def _shares(square: Floats, match: Floats) -> Floats:
    """Least squares with each share between 0 and 1, from the normal equations."""
    shares = np.zeros(len(match))
    seen = np.diag(square) > SEEN
    if seen.any():
        values, vectors = np.linalg.eigh(square[np.ix_(seen, seen)])
        # Superpixels that look alike from here make the matrix singular, and rounding negative
        # values.
        values = np.maximum(values, 1e-6)
        root = np.sqrt(values)
        solved = lsq_linear((vectors * root).T, (vectors / root).T @ match[seen], bounds=(0, 1))
        shares[seen] = solved.x
    return shares


class _Choice:
    """The squared error of a choice of signs, and how exchanging one superpixel changes it."""

    def __init__(self, squares: list[Floats], matches: list[Floats], total: float) -> None:
        self.squares, self.matches, self.total = squares, matches, total

    def error(self, signs: npt.NDArray[np.int8]) -> float:
        found = self.total
        for channel in (RED, GREEN):
            on = (signs == SIGNS[channel]).astype(float)
            found += on @ self.squares[channel] @ on - 2 * on @ self.matches[channel]
        return float(found)

    def improved(self, signs: npt.NDArray[np.int8], most: int) -> npt.NDArray[np.int8]:
        """Return signs from which no single step explains the figure better: a superpixel more
        (up to `most`), one less, another in its place, or the other colour."""
        signs = signs.copy()
        for _ in range(MOST_EXCHANGES):
            change, step = self._best_step(signs, most)
            # Less is rounding: two steps might undo each other for ever.
            if step is None or change > -1e-6 * max(self.total, 1.0):
                break
            for place, sign in step:
                signs[place] = sign
        return signs

    def _best_step(
        self, signs: npt.NDArray[np.int8], most: int
    ) -> tuple[float, list[tuple[int, int]] | None]:
        on, off = np.flatnonzero(signs), np.flatnonzero(signs == 0)
        add, gone = np.zeros((len(signs), 2)), np.zeros(len(signs))
        for channel in (RED, GREEN):
            drawn_here = signs == SIGNS[channel]
            slope = self.squares[channel] @ drawn_here.astype(float) - self.matches[channel]
            own = np.diag(self.squares[channel])
            add[:, channel] = 2 * slope + own
            gone[drawn_here] = (own - 2 * slope)[drawn_here]
        best: tuple[float, list[tuple[int, int]] | None] = (0.0, None)
        if len(on) < most and len(off):
            at, to = np.unravel_index(int(add[off].argmin()), (len(off), 2))
            more = float(add[off][at, to]), [(int(off[at]), SIGNS[to])]
            best = min(best, more, key=lambda one: one[0])
        for place in on:
            channel = int(signs[place] > 0)
            changes = gone[place] + add[off]
            # The two overlap where resampling mixes them; in another channel they do not.
            changes[:, channel] -= 2 * self.squares[channel][place, off]
            steps = [(float(gone[place]), [(int(place), 0)])]
            other = 1 - channel
            steps.append((float(gone[place] + add[place, other]), [(int(place), SIGNS[other])]))
            if changes.size:
                at, to = np.unravel_index(int(changes.argmin()), changes.shape)
                swap = [(int(place), 0), (int(off[at]), SIGNS[to])]
                steps.append((float(changes[at, to]), swap))
            best = min(best, *steps, key=lambda one: one[0])
        return best


def _painted(picture: Floats, labels: Labels, signs: npt.NDArray[np.int8], top: float) -> Floats:
    painted = picture.copy()
    for channel in (RED, GREEN):
        painted[signs[labels] == SIGNS[channel], channel] = top
    return painted
