"""The axes of a matplotlib plot, read from its tick marks and the numbers under them.

The frame and the marks are found as dark lines. The numbers are read by drawing: for every scale
that matplotlib's tick locator might have chosen (a step of 1, 2, 2.5 or 5 times a power of ten,
from any multiple of it) the labels are drawn with matplotlib's own font and held against the
pixels; the scale whose labels agree best over all ticks of the axis is taken, if it clearly beats
the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
import numpy.typing as npt
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from solver.errors import EvidenceError
from solver.notebook_evidence.figures.colours import brightest, grey

Floats = npt.NDArray[np.float64]

DARK = 100.0
TICK = 2
"""Pixels of every tick mark that are fully dark."""
CLEAR = 5
"""Pixels from the frame on where no tick mark reaches: from here outwards stand the numbers."""
CANVAS = (15, 41)
"""Pixels of the field a label is compared in: taller than a digit, wider than "-12.5"."""
FINER = 8
"""A label is drawn this many times larger and averaged, to be set at fractions of a pixel."""
FONT_POINTS = 10
STEPS = (0.5, 1.0, 2.0, 2.5, 5.0, 10.0)
FARTHEST = 12
"""Largest multiple of the step that the first tick may stand at: matplotlib sets at most ten."""
LEAST_LIKENESS = 0.6
LEAST_LEAD = 0.05
"""A drawn label agrees with its own pixels by .82 to .97 (hinting has changed since), and the next
best reading of a whole axis by .14 to .28 less: both limits lie far from either."""
MOST_OFF = 1.0
"""Marks are set at whole pixels, so none can be farther from its place than one."""


@dataclass(frozen=True)
class Axis:
    """A linear axis: value = (pixel - `zero`) / `per_unit`.

    Attributes:
        zero: pixel (a whole number is a pixel's middle) where the value is 0.
        per_unit: pixels a unit; below 0 where values rise against pixels.
        labels: texts of the ticks.
        likeness: mean correlation of the drawn labels with the pixels.
        lead: by how much the next best reading is less like them.
        off: largest distance of a tick from the line, in pixels.
    """

    zero: float
    per_unit: float
    labels: tuple[str, ...]
    likeness: float
    lead: float
    off: float

    def values(self, pixels: npt.ArrayLike) -> Floats:
        """Return the values at pixels."""
        result: Floats = (np.asarray(pixels, float) - self.zero) / self.per_unit
        return result


@dataclass(frozen=True)
class Axes:
    """The frame (first and last row, first and last column) and both axes of a plot."""

    rows: tuple[int, int]
    columns: tuple[int, int]
    x: Axis
    y: Axis


def read_axes(rgb: Floats, scale: float = 1.0) -> Axes:
    """Return the axes of a plot, pixels (H, W, 3) on white, 0 to 255.

    Args:
        rgb: the plot.
        scale: its dots an inch as a multiple of 72, at which a point is a pixel.

    Raises:
        EvidenceError: no frame, fewer than two ticks, or numbers that cannot be read for certain.
    """
    dark = brightest(rgb) < DARK
    across = np.flatnonzero(dark.sum(1) > 0.6 * dark.shape[1])
    down = np.flatnonzero(dark.sum(0) > 0.6 * dark.shape[0])
    if len(across) < 2 or len(down) < 2:
        raise EvidenceError("no frame of axes was found in a plot")
    rows, columns = (int(across[0]), int(across[-1])), (int(down[0]), int(down[-1]))
    below = dark[rows[1] + 1 : rows[1] + 1 + TICK].all(0)
    beside = dark[:, columns[0] - TICK : columns[0]].all(1)
    ink, clear = 255 - grey(rgb), round(CLEAR * scale)
    under = ink[rows[1] + clear :]
    # A negative end would count from the right side.
    left = ink[:, : max(columns[0] - clear + 1, 0)]
    at_x, at_y = (
        first + middles(np.asarray(marks)[first : last + 1])
        for marks, (first, last) in ((below, columns), (beside, rows))
    )
    half_high, half_wide = (round(side // 2 * scale) for side in CANVAS)
    fields_x = [label_field(under[:, around(at, half_wide)], scale) for at in at_x]
    fields_y = [label_field(left[around(at, half_high)], scale) for at in at_y]
    return Axes(rows, columns, _axis(at_x, fields_x, 1), _axis(at_y, fields_y, -1))


def middles(marks: npt.NDArray[np.bool_]) -> Floats:
    """The middle of each run of true values: a tick mark may be several pixels thick."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], marks.view(np.int8), [0]])))
    found: Floats = (edges[::2] + edges[1::2] - 1) / 2
    return found


def around(middle: float, reach: int) -> slice:
    """The pixels up to `reach` away from a mark's middle."""
    at = int(middle)
    return slice(max(at - reach, 0), at + reach + 1)


def label_field(ink: Floats, scale: float = 1.0) -> Floats:
    """A label cut out, laid into the middle of a field, and made as small as at 72 dots an inch:
    CANVAS."""
    rows, columns = np.nonzero(ink > 30)
    shape = (round(CANVAS[0] * scale), round(CANVAS[1] * scale))
    field = np.zeros(shape)
    if len(rows):
        cut = ink[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        cut = cut[: shape[0], : shape[1]]
        top, start = ((whole - part) // 2 for whole, part in zip(shape, cut.shape, strict=True))
        field[top : top + cut.shape[0], start : start + cut.shape[1]] = cut
    if shape == CANVAS:
        return field
    # BOX: a pixel becomes the mean of those it covers, as in a figure drawn at 72 dots.
    small = Image.fromarray(field.astype(np.float32)).resize(CANVAS[::-1], Image.Resampling.BOX)
    return np.asarray(small, float)


@cache
def drawn_label(label: str) -> Floats:
    """A label in CANVAS, at every half pixel up to one from the middle: (places, pixels), each of
    mean 0 and length 1."""
    canvas, text = _label_canvas()
    text.set_text(label)
    canvas.draw()
    ink = 255 - np.asarray(canvas.buffer_rgba())[..., 0].astype(float)
    rows, columns = np.nonzero(ink > 30)
    cut = ink[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    half = FINER // 2
    large = np.zeros((CANVAS[0] * FINER, CANVAS[1] * FINER))
    middle = [(whole - part) // 2 for whole, part in zip(large.shape, cut.shape, strict=True)]
    large[middle[0] : middle[0] + cut.shape[0], middle[1] : middle[1] + cut.shape[1]] = cut
    # Sums of whole levels are exact, in whatever order: a moved pixel is four of these blocks.
    blocks = large.reshape(CANVAS[0] * 2, half, CANVAS[1] * 2, half).sum((1, 3))
    places = []
    for step_down, step_right in product(range(-2, 3), repeat=2):
        moved = np.roll(blocks, (step_down, step_right), (0, 1))
        rows = moved[::2] + moved[1::2]
        small = (rows[:, ::2] + rows[:, 1::2]) / FINER**2
        places.append(normalized(small.ravel()))
    return np.array(places)


@cache
def _label_canvas() -> tuple[FigureCanvasAgg, Text]:
    """One empty figure for all labels: to make one takes longer than to draw on it."""
    figure = Figure(figsize=(0.7, 0.25), dpi=72 * FINER)
    canvas = FigureCanvasAgg(figure)
    return canvas, figure.text(0.5, 0.5, "", fontsize=FONT_POINTS, ha="center", va="center")


def normalized(values: Floats) -> Floats:
    """Return values with mean 0 and length 1, all 0 where they do not vary."""
    centred = values - values.mean()
    length = float(np.linalg.norm(centred))
    result: Floats = centred / length if length > 0 else centred
    return result


def label_text(value: float, step: float) -> str:
    """Return a tick's label as matplotlib writes it: as many decimals as the step has."""
    decimals = len(f"{step:g}".partition(".")[2])
    return f"{value:.{decimals}f}".replace("-", "\N{MINUS SIGN}")


def _axis(ticks: Floats, fields: list[Floats], direction: int) -> Axis:
    """Read the scale of one axis; values rise with pixels (1) or against them (-1)."""
    if len(ticks) < 2:
        raise EvidenceError("fewer than two tick marks were found on an axis of a plot")
    wanted = np.array([normalized(field.ravel()) for field in fields])
    # Rows count downwards, and values of y rise upwards.
    order = np.arange(len(ticks))[::direction]
    readings = [
        (step, first, [label_text((first + at) * step, step) for at in order])
        for step, first in product(STEPS, range(-FARTHEST, FARTHEST + 1))
    ]
    like = {
        label: (drawn_label(label) @ wanted.T).max(0)  # (ticks,)
        for label in {label for _, _, labels in readings for label in labels}
    }
    found = [
        (float(np.mean([like[label][at] for at, label in enumerate(labels)])), step, first, labels)
        for step, first, labels in readings
    ]
    found.sort(key=lambda one: one[0], reverse=True)
    likeness, step, first, labels = found[0]
    lead = likeness - found[1][0]
    # An axis read wrong moves every point: rather no reading than a doubtful one.
    if likeness < LEAST_LIKENESS or lead < LEAST_LEAD:
        raise EvidenceError(
            f"the numbers on an axis of a plot cannot be read for certain: {labels} or "
            f"{found[1][3]} (likeness {likeness:.2f}, lead {lead:.3f})"
        )
    per_unit, zero = np.polyfit((first + order) * step, ticks, 1)
    off = float(np.abs(zero + per_unit * (first + order) * step - ticks).max())
    if off > MOST_OFF:
        raise EvidenceError(f"the tick marks of a plot are not evenly spaced (off by {off:.1f})")
    return Axis(float(zero), float(per_unit), tuple(labels), likeness, lead, off)
