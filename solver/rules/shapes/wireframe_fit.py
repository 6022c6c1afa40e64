"""Fit of a line drawing to the strokes of a map.

A drawing is a family of wireframes with parameters (place, size, turn). Each is compared with the
marks, the places of the map that stand out, by two shares: of its lines on marks, and of the marks
on its lines. Their harmonic mean (the F score of Dice 1945 and van Rijsbergen 1979) is 1 only when
the marks are exactly the drawing's lines (`solver.rules.shapes.pose_scores`).

The best member of the family is searched for, seeded: shapes are screened at every place
(`solver.rules.shapes.pose_screen`), and the best of them begin a search
(`solver.rules.shapes.pose_search`). Independent searches are made until two agree.

>>> from solver.rules.shapes.solid_wireframes import DRAWINGS
>>> ring = np.hypot(*(np.indices((64, 64)) - 32))
>>> circle = (ring > 18) & (ring < 21)  # marks of a circle, in cells
>>> round(fit(DRAWINGS["ball"], circle).score, 1), fit(DRAWINGS["cube"], circle).score < 0.9
(1.0, True)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any

import numpy as np

from solver.evidence import record_id
from solver.rules.registry import Figure, Verdict
from solver.rules.search_starts import note, starts_of
from solver.rules.shapes.pose_scores import GRID, Drawing, Floats, Marks, Mask, Singles, scores
from solver.rules.shapes.pose_screen import screened
from solver.rules.shapes.pose_search import Effort, Found, Stage, search
from solver.rules.thresholds import threshold
from solver.rules.verdicts import Pair, strongest

MARKED_SHARE = threshold(
    "wireframe.marked_share",
    0.10,
    "The brightest tenth is what a person takes for the drawing: the outline of a thing that fills "
    "half of a picture, drawn 3 pixels wide, covers 7 to 12 percent of it.",
    lowest=0.01,
    highest=0.5,
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

SAME = 0.005
"""Above chance: two searches that end so near to one another have found the same."""

THOROUGH = Effort(
    shapes=8192,
    starts=192,
    stages=(Stage(192, 12, 8, 0.05), Stage(32, 24, 15, 0.03), Stage(4, 96, 60, 0.02, 0.1)),
    again=(Stage(16, 24, 12, 0.02), Stage(2, 48, 20, 0.01, 0.1)),
)
"""56,000 poses a search, for drawings of up to eight parameters."""

PLAIN = Effort(
    shapes=64,
    starts=32,
    stages=(Stage(32, 12, 8, 0.05), Stage(4, 48, 30, 0.02, 0.1)),
    again=(Stage(4, 24, 15, 0.02, 0.1),),
)
"""9,000 poses a search, for those of three or four, such as a circle."""

CLEAR = threshold(
    "wireframe.clear",
    0.30,
    "Above chance, where 0 is chance and 1 a drawing without a fault: the most any drawing got on "
    "94 maps of noise by the search before this one, rounded up (0.29 on clumps of 4 pixels, which "
    "have long edges of their own). On 8 maps by this search, against chance measured with it "
    "(tests.benchmarks.drawing_chance), it was 0.21 on clumps (a jug; 0.18 a solid), 0.10 else.",
    lowest=0.0,
    highest=1.0,
)


@dataclass(frozen=True)
class Fit:
    """The best member of a family, or of several: its F score, the two shares, its parameters.

    Attributes:
        family: its place among the families.
        above_chance: the F score corrected for chance: 0 is the family's score on noise, 1 a
            drawing without a fault (the correction of Cohen's kappa 1960, and of the adjusted Rand
            index of Hubert and Arabie 1985).
        second: family and parameters that the second best search found, where there were several.
        spread: how much less, in these units, the second best of the searches found; 0 where a
            repeat began at the places of a first decision.
    """

    score: float
    on_marks: float
    marks_on_lines: float
    parameters: Singles
    above_chance: float
    family: int = 0
    second: tuple[int, Singles] | None = None
    spread: float = 0.0


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


def fit(
    drawings: Drawing | Sequence[Drawing],
    marks: Mask,
    *,
    seed: int = 0,
    effort: Effort | None = None,
) -> Fit:
    """Return the member of a family, or of several alike, that fits the marks (64, 64) best.

    Independent searches are made until the two best agree within `SAME`, or the effort is spent.
    Inside `solver.rules.search_starts.begun_at` one search begins at the places given.

    Args:
        drawings: the families, of the same parameters.
        marks: those of a map.
        seed: the same marks and seed give the same member; it is cached.
        effort: of the searches; by default as the number of parameters asks for.
    """
    several = (drawings,) if isinstance(drawings, Drawing) else tuple(drawings)
    effort = effort or (THOROUGH if len(several[0].bounds) > 4 else PLAIN)
    given = [starts_of(each.name) for each in several]
    begun = None
    if all(each is not None for each in given):
        begun = tuple((each.shape, each.tobytes()) for each in given if each is not None)
    found, places = _fit_of(several, np.packbits(marks).tobytes(), seed, effort, begun)
    for each, there in zip(several, places, strict=True):
        note(each.name, there)
    return found


@lru_cache(maxsize=512)
def _fit_of(
    drawings: tuple[Drawing, ...], packed: bytes, seed: int, effort: Effort, begun: Any
) -> tuple[Fit, tuple[Singles, ...]]:
    bits = np.unpackbits(np.frombuffer(packed, np.uint8))
    marks = Marks(bits.reshape(GRID, GRID).astype(bool))
    worths = [partial(_worth, drawing, marks) for drawing in drawings]
    chance, count = drawings[0].chance, len(drawings)
    found: list[Found] = []
    if not marks.count:  # nothing fits nothing, wherever it is looked for
        begun = [(each.shape, each.tobytes()) for each in map(_middle, drawings)]
    if begun is not None:
        starts = [np.frombuffer(data, np.float32).reshape(shape) for shape, data in begun]
        found = [search(drawings[0], worths, starts, effort.again, np.random.default_rng(seed))]
    while begun is None and len(found) < effort.most and _spread(found, chance) > SAME:
        generator = np.random.default_rng([seed, len(found)])
        starts = [
            screened(each, marks.cells, effort.shapes // count, effort.starts // count, generator)
            for each in drawings
        ]
        found.append(search(drawings[0], worths, starts, effort.stages, generator))
    found.sort(key=lambda one: -one.worth)
    for one in found:
        one.pose.setflags(write=False)  # it is cached and shared
    best = found[0]
    score, on_marks, covered = (
        float(one[0]) for one in scores(drawings[best.family], best.pose[:, None], marks)
    )
    several = len(found) > 1
    fitted = Fit(
        score,
        on_marks,
        covered,
        best.pose,
        (score - chance) / (1 - chance),
        best.family,
        (found[1].family, found[1].pose) if several else None,
        _spread(found, chance) if several else 0.0,
    )
    places = [np.concatenate([one.places[at] for one in found], 1) for at in range(count)]
    return fitted, tuple(places)


def _middle(drawing: Drawing) -> Singles:
    return np.asarray(drawing.bounds, np.float32).mean(1, keepdims=True)


def _worth(drawing: Drawing, marks: Marks, poses: Singles) -> Floats:
    return scores(drawing, poses, marks)[0]


def _spread(found: Sequence[Found], chance: float) -> float:
    """How far the second best of the searches is behind, above chance; infinite for fewer."""
    worths = sorted(one.worth for one in found)
    return (worths[-1] - worths[-2]) / (1 - chance) if len(worths) > 1 else np.inf


def strongest_if_clear(
    values: Sequence[float],
    names: Sequence[Pair],
    *,
    unit: str,
    what: Pair,
    clearness: float,
    least: float,
    measure: Pair = ("the best fit above chance", "最佳吻合度高於隨機的部分"),
    spread: float = 0.0,
) -> list[Verdict]:
    """Return the verdicts of `strongest`, left open where nothing stands clearly out of noise.

    They are left open, too, where the lead is no larger than the spread of the searches; else each
    margin is less by it.

    Args:
        values, names, unit, what: as in `solver.rules.verdicts.strongest`.
        clearness: the verdicts are left open where it is not above `least`.
        least: the most that noise gets.
        measure: name of `clearness` in both languages.
        spread: how far the values of independent searches lie apart.
    """
    verdicts = strongest(values, names, unit=unit, what=what)
    lead = max((one.margin or 0.0 for one in verdicts if one.holds), default=0.0)
    numbers = f"{clearness:.3g} <= {least:.3g}"
    if clearness <= least:
        against, limit, margin = "what noise may get", least, least - clearness
        why = (
            f"no drawing stands clearly out of noise ({measure[0]}: {numbers})",
            f"沒有任何圖形明顯優於雜訊（{measure[1]}：{numbers}）",
        )
    elif lead <= spread:
        against, limit, margin = "the spread of the searches", spread, spread - lead
        why = (
            f"the best leads by {lead:.2g}, and independent searches end {spread:.2g} apart",
            f"最佳者僅領先 {lead:.2g}，而各次獨立搜尋的結果相差 {spread:.2g}",
        )
    else:
        return [
            replace(verdict, margin=max(float(verdict.margin or 0.0) - spread, 0.0))
            for verdict in verdicts
        ]
    return [
        replace(
            verdict,
            holds=None,
            against=against,
            threshold=limit,
            margin=margin,
            sentence=(f"Not decided for {name[0]}: {why[0]}.", f"{name[1]}未能判定：{why[1]}。"),
        )
        for verdict, name in zip(verdicts, names, strict=True)
    ]


AGREED = 0.01
"""Above chance: searches that end further apart did not converge, and the note says so."""


def note_on_searches(spread: float, unit: Pair, *, agreed: bool) -> Pair | None:
    """Return the note on how far the searches lie apart; None where they end at the same."""
    if round(spread, 4) == 0:
        return None
    said = f"{spread:.2g}"
    english = f"Independent searches for the best pose end {said} {unit[0]} apart"
    chinese = f"各次獨立搜尋最佳姿態的結果相差 {said} {unit[1]}"
    if not agreed:
        english += ": they did not converge"
        chinese += "，尚未收斂"
    return f"{english}; the margins are less by that.", f"{chinese}；餘裕已扣除此值。"


def wireframe_figure(source: str, picture: int, points: Floats, caption: Pair) -> Figure:
    """Return the figure of a drawing's points (N, 2), x and y in 0..1, over a map."""
    parameters = {
        "record": record_id(source, picture),
        "picture": picture,
        "points": np.round(points, 4).tolist(),
    }
    return Figure("wireframe", parameters, caption)
