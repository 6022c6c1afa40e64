"""Fit of a line drawing to the strokes of a map.

A drawing is a family of wireframes with parameters (place, size, turn). Each is compared with the
marks, the places of the map that stand out, by two shares: of its lines on marks, and of the marks
on its lines. Their harmonic mean (the F score of Dice 1945 and van Rijsbergen 1979) is 1 only when
the marks are exactly the drawing's lines. The best member of the family is searched for by
`solver.rules.shapes.pose_search`, seeded.

>>> from solver.rules.shapes.solid_wireframes import DRAWINGS
>>> ring = np.hypot(*(np.indices((64, 64)) - 32))
>>> circle = (ring > 18) & (ring < 21)  # marks of a circle, in cells
>>> round(fit(DRAWINGS["ball"], circle).score, 1), fit(DRAWINGS["cube"], circle).score < 0.9
(1.0, True)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from solver.evidence import record_id
from solver.rules.registry import Figure, Verdict
from solver.rules.shapes.pose_search import THOROUGH, Effort, search
from solver.rules.thresholds import threshold
from solver.rules.verdicts import Pair, strongest

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Wires = Callable[[Singles], tuple[Singles, Singles, Singles]]
"""Parameters (P, S) of S candidates to x, y (S, N), in 0..1, and weights (S, N) of their points."""

GRID = 64
"""Cells a side on which lines and marks are compared: one is 2 pixels of a 128-pixel map."""

MARKED_SHARE = threshold(
    "wireframe.marked_share",
    0.10,
    "The brightest tenth is what a person takes for the drawing: the outline of a thing that fills "
    "half of a picture, drawn 3 pixels wide, covers 7 to 12 percent of it.",
    lowest=0.01,
    highest=0.5,
)
SMOOTHING = threshold(
    "wireframe.smoothing",
    1.5,
    "In pixels of a 128-pixel map: single bright pixels join into strokes.",
    lowest=0.1,
)
STROKE_WIDTH = threshold(
    "wireframe.stroke_width",
    2.0,
    "In pixels of a 128-pixel map: strokes of this width and half as wide again are looked for. A "
    "line of one pixel in the picture comes back from three 3x3 convolutions about as wide.",
    lowest=0.5,
)
FRAME = threshold(
    "wireframe.frame",
    8.0,
    "In pixels of a 128-pixel map: zero padding makes the frame of every map glow or dim, in the "
    "same way whatever the picture. The convolutions before the second pool reach 3 + 2 x 3 pixels "
    "in, the outermost of which matter little. Chosen with a real map of the course in "
    "view (docs/real-outputs.md).",
    lowest=4.0,
    highest=32.0,
)

CLEAR = threshold(
    "wireframe.clear",
    0.30,
    "Above chance, where 0 is chance and 1 a drawing without a fault: the most any drawing got on "
    "94 maps of noise, rounded up. It was 0.29 on clumps of 4 pixels, which have long edges of "
    "their own, and 0.18 on all else (white, fine, pink, a glow, the spectra of two real maps).",
    lowest=0.0,
    highest=1.0,
)


@dataclass(frozen=True)
class Drawing:
    """A family of wireframes.

    Attributes:
        wires: draws candidates.
        bounds: lowest and highest value of each parameter.
        chance: the mean F score of its best member on noise. The more a family can be turned and
            stretched, the better it fits anything. On strokes it hardly depends on the kind of
            noise or on the share that is marked.
    """

    wires: Wires
    bounds: tuple[tuple[float, float], ...]
    chance: float = 0.0


@dataclass(frozen=True)
class Fit:
    """The best member of a family: its F score, the two shares, its parameters.

    Attributes:
        above_chance: the F score corrected for chance: 0 is the family's score on noise, 1 a
            drawing without a fault (the correction of Cohen's kappa 1960, and of the adjusted Rand
            index of Hubert and Arabie 1985).
    """

    score: float
    on_marks: float
    marks_on_lines: float
    parameters: Singles
    above_chance: float


def bright_marks(brightness: Floats, share: float | None = None) -> Mask:
    """Return the brightest `share` of a map as bool (64, 64), after light smoothing."""
    from scipy import ndimage

    inner, border, scale = _without_frame(brightness)
    smooth = ndimage.gaussian_filter(inner, SMOOTHING.now() * scale, mode="nearest")
    return _top(*_in_cells(smooth, border, scale), MARKED_SHARE.now(share))


def stroke_marks(brightness: Floats, share: float | None = None) -> Mask:
    """Return the clearest `share` of a map's strokes as bool (64, 64)."""
    return _top(*stroke_contrast(brightness), MARKED_SHARE.now(share))


def stroke_contrast(brightness: Floats) -> tuple[Floats, Mask]:
    """Return the stroke strength of each cell (64, 64), and true for cells inside the frame.

    A stroke is visible by its contrast with both sides, not by its brightness (Weber's law): the
    ridge filter of Sato et al. 1998 on the logarithm of the map. So a faint handle counts beside a
    bright body.
    """
    from scipy import ndimage
    from skimage.filters import sato

    inner, border, scale = _without_frame(brightness)
    smooth = ndimage.gaussian_filter(inner, scale, mode="nearest")
    # A tenth of the mean keeps the logarithm from making strokes of differences in the dark.
    contrast = np.log(smooth + 0.1 * smooth.mean() + 1e-12)
    width = STROKE_WIDTH.now() * scale
    around = int(np.ceil(6 * width))
    # Nothing is known beyond the border: a stroke there must show both where the map goes on level
    # (which makes one of a slope that ends) and where it goes on as it was (which doubles noise).
    padded = (
        np.pad(contrast, around, mode="edge"),
        np.pad(contrast, around, mode="reflect", reflect_type="odd"),
    )
    ridges = [sato(each, sigmas=[width, 1.5 * width], black_ridges=False) for each in padded]
    least = np.minimum(*ridges)[around:-around, around:-around]
    return _in_cells(least, border, scale)


def _without_frame(brightness: Floats) -> tuple[Floats, int, float]:
    """The map inside its frame, how many pixels the frame has, pixels for one of 128."""
    scale = max(brightness.shape) / 128
    border = int(np.ceil(FRAME.now() * scale))
    inner = brightness[border:-border, border:-border].astype(np.float64)
    return inner, border, scale


def _in_cells(inner: Floats, border: int, scale: float) -> tuple[Floats, Mask]:
    from scipy import ndimage

    values = np.pad(inner, border, mode="edge")
    rows, columns = (GRID / length for length in values.shape)
    small = ndimage.zoom(values, (rows, columns), order=1, mode="nearest", grid_mode=True)
    frame = int(np.ceil(border / scale * GRID / 128))
    seen = np.zeros(small.shape, bool)
    seen[frame:-frame, frame:-frame] = True
    return small, seen


def _top(values: Floats, seen: Mask, share: float) -> Mask:
    # A constant map has no bright places: nothing is marked rather than everything.
    lowest = float(values[seen].min())
    rounding = 1e-9 * max(abs(lowest), 1e-300)
    level = max(float(np.quantile(values[seen], 1 - share)), lowest + rounding)
    marked: Mask = (values > level) & seen
    return marked


def fit(drawing: Drawing, marks: Mask, *, seed: int = 0, effort: Effort = THOROUGH) -> Fit:
    """Return the member of a family that fits the marks (64, 64) best.

    The same marks and seed give the same member; it is cached.
    """
    return _fit_of(drawing, np.packbits(marks).tobytes(), seed, effort)


@lru_cache(maxsize=512)
def _fit_of(drawing: Drawing, packed: bytes, seed: int, effort: Effort) -> Fit:
    bits = np.unpackbits(np.frombuffer(packed, np.uint8))
    marks = Marks(bits.reshape(GRID, GRID).astype(bool))
    best = search(
        lambda poses, reach: scores(drawing, poses, marks, reach)[0], drawing.bounds, effort, seed
    )
    best.setflags(write=False)  # it is cached and shared
    score, on_marks, covered = scores(drawing, best[:, None], marks)
    above = (float(score[0]) - drawing.chance) / (1 - drawing.chance)
    return Fit(float(score[0]), float(on_marks[0]), float(covered[0]), best, above)


class Marks:
    """Marked cells (64, 64), with the tables that candidates are looked up in.

    The outermost cells may not be marked: lines that leave the map are counted there.
    """

    def __init__(self, marks: Mask) -> None:
        self.count = int(marks.sum())
        self.rows = _bit_rows(marks[None])[0]  # (64,): a row of cells is one integer
        self._marks, self._near = marks, dict[int, Mask]()

    def near(self, reach: int) -> Mask:
        """Cells, flat, at most `reach` from a marked one, in rows and in columns."""
        from scipy import ndimage

        if reach not in self._near:
            square = np.ones((2 * reach + 1, 2 * reach + 1), bool)
            self._near[reach] = ndimage.binary_dilation(self._marks, structure=square).ravel()
        return self._near[reach]


_AT_ONCE = 256  # candidates whose points and cells stay in the cache of a core


def scores(
    drawing: Drawing, parameters: Singles, marks: Marks, reach: int = 1
) -> tuple[Floats, Floats, Floats]:
    """Return F score, share of lines on marks, share of marks on lines: each (S,).

    A line and a mark meet when they are at most `reach` cells apart.
    """
    parts = [
        _scores(drawing, parameters[:, at : at + _AT_ONCE], marks, reach)
        for at in range(0, parameters.shape[1], _AT_ONCE)
    ]
    score, on_marks, covered = (np.concatenate(part) for part in zip(*parts, strict=True))
    return score, on_marks, covered


def _scores(
    drawing: Drawing, parameters: Singles, marks: Marks, reach: int
) -> tuple[Floats, Floats, Floats]:
    x, y, weights = drawing.wires(parameters.astype(np.float32, copy=False))  # (S, N) each
    cells = cells_of(x, y)
    hit = marks.near(reach)[cells]
    on_marks = np.einsum("sn,sn->s", weights, hit.astype(np.float32)).astype(np.float64)
    on_marks /= np.maximum(weights.sum(1, dtype=np.float64), 1e-9)
    cells[weights <= 0] = 0  # in the frame, where nothing is marked
    drawn = np.zeros((len(cells), GRID * GRID), bool)
    np.put_along_axis(drawn, cells, True, axis=1)
    lines = _bit_rows(drawn.reshape(-1, GRID, GRID))
    for _ in range(reach):
        lines = _wider(lines)
    on_lines = (lines & marks.rows).view(np.uint8)
    covered = _BITS_IN_BYTE[on_lines].sum(1, dtype=np.int64) / max(marks.count, 1)
    total = on_marks + covered
    score = np.where(total > 0, 2 * on_marks * covered / np.where(total > 0, total, 1), 0.0)
    return score, on_marks, covered


def cells_of(x: Singles, y: Singles) -> npt.NDArray[np.int64]:
    """Return the flat cells that points (S, N) lie in; those beyond the map in its outermost."""
    column = np.clip(x * np.float32(GRID), 0, GRID - 1).astype(np.int64)
    row = np.clip(y * np.float32(GRID), 0, GRID - 1).astype(np.int64)
    return row * GRID + column


def _bit_rows(cells: Mask) -> npt.NDArray[np.uint64]:
    """Cells (S, 64, 64) to rows of 64 bits (S, 64): whole drawings are then widened at once."""
    packed = np.packbits(cells, axis=-1, bitorder="little")
    rows: npt.NDArray[np.uint64] = packed.view("<u8")[..., 0]
    return rows


def _wider(rows: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Each cell and the eight around it."""
    one = np.uint64(1)
    across = rows | (rows << one) | (rows >> one)
    wide = across.copy()
    wide[:, 1:] |= across[:, :-1]
    wide[:, :-1] |= across[:, 1:]
    return wide


_BITS_IN_BYTE = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).sum(1, dtype="u1")


def strongest_if_clear(
    values: Sequence[float],
    names: Sequence[Pair],
    *,
    unit: str,
    what: Pair,
    clearness: float,
    least: float,
    measure: Pair = ("the best fit above chance", "最佳吻合度高於隨機的部分"),
) -> list[Verdict]:
    """Return the verdicts of `strongest`, left open where nothing stands clearly out of noise.

    Args:
        values, names, unit, what: as in `solver.rules.verdicts.strongest`.
        clearness: the verdicts are left open where it is not above `least`.
        least: the most that noise gets.
        measure: name of `clearness` in both languages.
    """
    verdicts = strongest(values, names, unit=unit, what=what)
    if clearness > least:
        return verdicts
    numbers = f"{clearness:.3g} <= {least:.3g}"
    return [
        replace(
            verdict,
            holds=None,
            against="what noise may get",
            threshold=least,
            margin=least - clearness,
            sentence=(
                f"Not decided for {name[0]}: no drawing stands clearly out of noise ({measure[0]}: "
                f"{numbers}).",
                f"{name[1]}未能判定：沒有任何圖形明顯優於雜訊（{measure[1]}：{numbers}）。",
            ),
        )
        for verdict, name in zip(verdicts, names, strict=True)
    ]


def wireframe_figure(source: str, picture: int, points: Floats, caption: Pair) -> Figure:
    """Return the figure of a drawing's points (N, 2), x and y in 0..1, over a map."""
    parameters = {
        "record": record_id(source, picture),
        "picture": picture,
        "points": np.round(points, 4).tolist(),
    }
    return Figure("wireframe", parameters, caption)
