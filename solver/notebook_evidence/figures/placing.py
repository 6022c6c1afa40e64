"""Places of the pictures in a row of panels, in fractions of a screen pixel.

The matplotlib of 2021 stretches a picture over the whole pixels of its panel. Matplotlib 3.11 draws
it at its true place and size, and only the panel's edges are rounded: pictures of one row begin at
other fractions of a pixel, evenly apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from solver.notebook_evidence.figures.panels import Panel


@dataclass(frozen=True)
class Placing:
    """The place of a picture in its panel, in screen pixels.

    Attributes:
        width: of the picture, which is as high.
        x, y: of its left and upper edge, from those of the panel.
    """

    width: float
    x: float = 0.0
    y: float = 0.0

    def moved(self, x: float, y: float) -> Placing:
        """Return the place moved by x to the right and y down."""
        return Placing(self.width, self.x + x, self.y + y)


def even_placings(panels: Sequence[Panel]) -> list[Placing]:
    """Return where the pictures of a row lie, as far as the rounded edges of its panels tell.

    Equal widths at equal distances are fitted to all edges. With ten panels that gives x and width
    to a tenth of a pixel. All of a row have one y, of which their edges say only that the lower
    edge lies within half a pixel of its rounded place: that place is returned.

    Example:
        >>> from solver.notebook_evidence.figures.panels import Box
        >>> frames = [Box(10, left, 81, left + 71, 1) for left in (32, 117, 202, 288, 373)]
        >>> panels = [Panel(10, frame.left, 71, 71, frame) for frame in frames]
        >>> [round(one.x, 1) for one in even_placings(panels)]
        [-0.2, 0.1, 0.4, -0.3, -0.0]
    """
    left = np.array([panel.left for panel in panels], float)
    right = np.array([panel.frame.middle(panel.frame.right, -1) for panel in panels], float)
    apart = float(np.median(np.diff(left))) if len(panels) > 1 else 1.0
    number = np.round((left - left[0]) / max(apart, 1.0))
    ones, zeros = np.ones(len(panels)), np.zeros(len(panels))
    edges = np.concatenate([np.stack([ones, number, zeros], 1), np.stack([ones, number, ones], 1)])
    (begin, pitch, width), *_ = np.linalg.lstsq(edges, np.concatenate([left, right]), rcond=None)
    return [
        Placing(float(width), float(begin + pitch * at - panel.left), float(panel.height - width))
        for at, panel in zip(number, panels, strict=True)
    ]
