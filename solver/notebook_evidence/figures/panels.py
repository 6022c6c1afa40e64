"""Panels of a matplotlib figure, found by the lines (spines) around them.

Matplotlib rounds the edges of axes to whole pixels and draws an image from the rounded left and
bottom edge, stretched to ``ceil(width)`` by ``ceil(height)`` pixels. Spines lie over its outermost
pixels, and tick labels of the panel to the right may lie over its right side.
"""

from __future__ import annotations

import io
import math
import warnings
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import ndimage

from solver.notebook_evidence.figures.colours import brightest, darkest

Bytes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

DARK = 130
"""Largest value of a spine's pixel: 51 at 72 dots an inch (0.8 pixel wide, so 0.8 opaque)."""
WHITE = 225
"""Least value of a pixel outside a panel."""
FAINT = 185
"""Least value of the row of pixels that a spine wider than its whole pixels leaves beside them: 192
where nearly half a pixel is left over, as at 130 dots an inch; 227 at 200."""
LEAST_SIDE = 24  # pixels; a smaller panel shows nothing that could be read
MOST_SIDE = 3000
"""Pixels; the largest panel that was seen, in a figure of 16780 x 6194, has about 1300."""
OUTSIDE = 0.5
"""Share of the pixels along a spine beyond which the figure is white; tick labels cover some."""
LONGEST_TICK = 16
"""Pixels of a tick mark at 200 dots an inch, and some."""
MOST_CANDIDATES = 4000  # a picture of fine lines must not be searched for ever
POINTS = 72.0
SPINE_POINTS = 0.8
INK = 40
"""Levels of 255 by which a drawn label darkens a white pixel that counts as its ink."""


@dataclass(frozen=True)
class Box:
    """A rectangle of dark lines: first and last pixel of its outermost rows and columns."""

    top: int
    left: int
    bottom: int
    right: int
    line: int

    def middle(self, edge: int, inwards: int) -> int:
        """Return the pixel that holds the middle of a line, the later one of two."""
        at = edge + inwards * (self.line - 1) / 2
        return math.floor(at + 0.5)


@dataclass(frozen=True)
class Panel:
    """The image inside one pair of axes.

    Attributes:
        top, left: its first row and column in the figure.
        height, width: its pixels.
        frame: the lines around it.
    """

    top: int
    left: int
    height: int
    width: int
    frame: Box

    def cut(self, rgb: Bytes) -> Bytes:
        """Return the panel's pixels (height, width, 3)."""
        return rgb[self.top : self.top + self.height, self.left : self.left + self.width]


def find_boxes(rgb: Bytes) -> list[Box]:
    """Return every rectangle of dark lines with white outside, in reading order.

    Args:
        rgb: the figure (H, W, 3) on white.
    """
    # A spine lets a fifth of the image under it through, in that image's colour.
    most, least = brightest(rgb), darkest(rgb)
    dark = (most <= DARK) & ((most - least <= 12) | (most <= 80))
    white = least >= WHITE
    faint = (least >= FAINT) & (most - least <= 12)
    # A line's own faint rim counts as the paper beyond it.
    white |= faint & _beside(white)
    below = np.vstack([white[1:], np.ones((1, white.shape[1]), bool)])
    up = _run_up(dark)
    boxes: list[Box] = []
    candidates = 0
    for y in np.flatnonzero((dark & below).sum(1) >= LEAST_SIDE * OUTSIDE):
        for left, right in _runs(dark[y]):
            candidates += 1
            if candidates > MOST_CANDIDATES:
                return _in_rows(boxes)
            box = _box_above(rgb.shape[:2], dark, white, up, int(y), left, right)
            if box is not None and not any(_same(box, other) for other in boxes):
                boxes.append(box)
    return _in_rows(boxes)


def _beside(white: Mask) -> Mask:
    """Where a pixel above, below, to the left or to the right is white."""
    beside = np.zeros_like(white)
    beside[1:] |= white[:-1]
    beside[:-1] |= white[1:]
    beside[:, 1:] |= white[:, :-1]
    beside[:, :-1] |= white[:, 1:]
    return beside


def _run_up(dark: Mask) -> npt.NDArray[np.int32]:
    """For each pixel how many dark ones end there, counted upwards."""
    up = np.zeros(dark.shape, np.int32)
    for y in range(len(dark)):
        up[y] = (up[y - 1] + 1) * dark[y] if y else dark[y]
    return up


def _runs(line: Mask) -> list[tuple[int, int]]:
    """First and last index of the runs of true values that are at least LEAST_SIDE long."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], line.view(np.int8), [0]])))
    return [
        (int(a), int(b) - 1)
        for a, b in zip(edges[::2], edges[1::2], strict=True)
        if b - a >= LEAST_SIDE
    ]


def _box_above(
    shape: tuple[int, int],
    dark: Mask,
    white: Mask,
    up: npt.NDArray[np.int32],
    bottom: int,
    left: int,
    right: int,
) -> Box | None:
    """The box whose lowest line is this run, if there is one."""
    top = bottom - int(up[bottom, right]) + 1
    # A tick at the corner makes the lowest line begin further left than the box.
    columns = dark[top : bottom + 1, left : left + LONGEST_TICK].all(0)
    if bottom - top < LEAST_SIDE or not columns.any():
        return None
    left += int(columns.argmax())
    if not dark[top, left : right + 1].all():
        return None
    height, width = shape
    outside = [
        white[top : bottom + 1, right + 1] if right + 1 < width else np.ones(1, bool),
        white[top : bottom + 1, left - 1] if left else np.ones(1, bool),
        white[top - 1, left : right + 1] if top else np.ones(1, bool),
        white[bottom + 1, left : right + 1] if bottom + 1 < height else np.ones(1, bool),
    ]
    # Dark lines inside a picture have its other parts beside them, not white paper.
    if not all(one.mean() >= OUTSIDE for one in outside):
        return None
    # How thick the line is, from the right spine where no ticks are: a dark image hides it, a
    # light one shows it, so the other lines of the figure decide together (`find_panels`).
    line = 1
    while line < 8 and dark[top + line, left : right + 1].all():
        line += 1
    return Box(top, left, bottom, right, line)


def _same(one: Box, other: Box) -> bool:
    return max(abs(one.left - other.left), abs(one.right - other.right)) <= 8 and (
        abs(one.bottom - other.bottom) <= 8
    )


def _in_rows(boxes: list[Box]) -> list[Box]:
    return sorted(boxes, key=lambda box: (box.top, box.left))


def find_panels(rgb: Bytes, boxes: list[Box] | None = None) -> list[list[Panel]]:
    """Return the panels of a figure, row by row from the top, each row from the left.

    Args:
        rgb: the figure (H, W, 3) on white.
        boxes: its boxes, where they were found before.

    Returns:
        Panels whose axes are square and all of one size, as images of one shape are drawn; empty
        where there are none, as in a figure without axes. Axes of another shape are left out.
    """
    boxes = find_boxes(rgb) if boxes is None else boxes
    square = [b for b in boxes if abs((b.bottom - b.top) - (b.right - b.left)) <= 2]
    square = [box for box in square if box.right - box.left <= MOST_SIDE]
    if not square:
        return []
    # The thinnest is the line's own width: dark pixels of an image make others seem thicker.
    line = min(box.line for box in square)
    found = []
    for box in square:
        one = Box(box.top, box.left, box.bottom, box.right, line)
        found.append((one, one.middle(one.right, -1) - one.middle(one.left, 1)))
    # A colour bar or a legend is square too, now and then: panels of one figure are of one size.
    usual = int(np.median([width for _, width in found]))
    found = [(box, width) for box, width in found if abs(width - usual) <= 2]
    # Rounded edges lie floor(w) or ceil(w) apart; the image is always ceil(w) wide.
    side = max(width for _, width in found)
    rows: list[list[Panel]] = []
    for box, _ in found:
        # Panels of one row end at one height. Where it lies between two pixels, lines are rounded
        # either way, the image to the lower one.
        bottom = max(
            one.middle(one.bottom, -1) for one, _ in found if abs(one.bottom - box.bottom) <= 1
        )
        panel = Panel(bottom - side, box.middle(box.left, 1), side, side, box)
        if panel.top < 0 or panel.left + side > rgb.shape[1]:
            continue
        if rows and abs(rows[-1][0].top - panel.top) <= side // 4:
            rows[-1].append(panel)
        else:
            rows.append([panel])
    return [sorted(row, key=lambda panel: panel.left) for row in rows]


def readable(
    panel: Panel, right_neighbour: Panel | None, dpi: float, pixels: int, rgb: Bytes
) -> Mask:
    """Return where a panel (height, width) shows its image: not under a spine or a label's ink.

    Args:
        panel: the panel.
        right_neighbour: the panel whose tick labels may lie over this one.
        dpi: dots an inch of the figure, which sets the size of its letters.
        pixels: side of the image that the neighbour shows, on which its tick numbers depend.
        rgb: the figure.
    """
    valid = np.zeros((panel.height, panel.width), bool)
    frame = panel.frame
    # A line's rounded width leaves a faint pixel beside it where its own is larger.
    thick = frame.line + (SPINE_POINTS * dpi / POINTS > frame.line + 0.02)
    rows = slice(frame.top + thick - panel.top, frame.bottom - thick + 1 - panel.top)
    columns = slice(frame.left + thick - panel.left, frame.right - thick + 1 - panel.left)
    valid[rows, columns] = True
    if right_neighbour is None:
        return valid
    shift = right_neighbour.left - panel.left
    ink = _label_ink(panel.height, shift, panel.width, round(dpi), pixels)
    # Labels are black: where the figure is bright under the ink, it has none.
    shown = brightest(panel.cut(rgb))
    if ink.any() and np.median(shown[ink]) > 255 - INK and (shown[ink] > 150).mean() > 0.8:
        return valid
    grown = ndimage.binary_dilation(ink, np.ones((3, 3)))
    return valid & ~grown


@lru_cache(maxsize=256)
def _label_ink(height: int, shift: int, width: int, dpi: int, pixels: int) -> Mask:
    """Ink of the labels of a panel `shift` columns to the right, on this one: (height, width).

    The neighbour alone is drawn at its place, with matplotlib's own ticks and letters.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    whole_width, whole_height = shift + width + 20, height + 60
    figure = Figure(figsize=(whole_width / dpi, whole_height / dpi), dpi=dpi)
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_axes(
        (shift / whole_width, 30 / whole_height, width / whole_width, height / whole_height)
    )
    # The limits of an image of so many pixels, without the image: its ticks are all that is seen.
    axes.set_xlim(-0.5, pixels - 0.5)
    axes.set_ylim(pixels - 0.5, -0.5)
    canvas.draw()
    drawn = np.asarray(canvas.buffer_rgba())[30 : 30 + height, :width, :3]
    return brightest(drawn) < 255 - INK


def open_figure(png: bytes, most_pixels: int) -> tuple[Bytes, float]:
    """Return a PNG as pixels (H, W, 3) laid on white, and its dots an inch (72 where not told).

    Raises:
        ValueError: it is no PNG, is damaged or has too many pixels; says which.
    """
    with warnings.catch_warnings():
        # The limit is `most_pixels`: of figures that are only large nothing need be said.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        opened = Image.open(io.BytesIO(png), formats=("PNG",))
    with opened as image:
        if image.width * image.height > most_pixels:
            raise ValueError(f"has {image.width} x {image.height} pixels, more than are read")
        dpi = image.info.get("dpi", (POINTS, POINTS))[0]
        drawn = image.convert("RGBA")
    alpha = np.asarray(drawn.getchannel("A"))
    if (alpha == 255).all():
        rgb = np.asarray(drawn.convert("RGB"))
    else:
        # A transparent figure is shown on a notebook's white page.
        paper = Image.new("RGBA", drawn.size, "white")
        rgb = np.asarray(Image.alpha_composite(paper, drawn).convert("RGB"))
    usable = isinstance(dpi, float | int) and 20 <= dpi <= 1200
    return rgb, float(dpi) if usable else POINTS
