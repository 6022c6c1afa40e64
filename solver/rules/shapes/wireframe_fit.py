"""Fit of a line drawing to the strokes of a map.

A drawing is a family of wireframes with parameters (place, size, turn). Each is compared with the
marks, the places of the map that stand out, by two shares: of its lines on marks, and of the marks
on its lines. Their harmonic mean (the F score of Dice 1945 and van Rijsbergen 1979) is 1 only when
the marks are exactly the drawing's lines (`solver.rules.shapes.pose_scores`).

The best member of the family is searched for: shapes are screened at every place
(`solver.rules.shapes.pose_screen`), and the best of them begin searches, seeded
(`solver.rules.shapes.pose_search`). Searches are made until the best few of them agree; how far
these lie apart is the spread of the value.

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
from solver.rules.shapes.pose_scores import GRID, Drawing, Floats, Marks, Mask, Singles, scores
from solver.rules.shapes.pose_screen import screened
from solver.rules.shapes.pose_search import Effort, Found, Stage, evolved, search
from solver.rules.shapes.search_starts import note, starts_of
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
    "view (docs/measured/real-outputs.md).",
    lowest=4.0,
    highest=32.0,
)

SAME = 0.005
"""Above chance: searches that end so near to one another have found the same."""

AGREED = 0.01
"""Above chance: searches that end further apart did not converge, and the note says so."""

THOROUGH = Effort(
    shapes=16384,
    starts=512,
    first=Stage(512, 8, 6, 0.05),
    stages=(Stage(64, 24, 15, 0.03), Stage(4, 96, 60, 0.02, 0.1)),
    again=(Stage(16, 16, 12, 0.01), Stage(1, 48, 16, 0.005, 0.1)),
    alike=4,
    most=10,
)
"""29,000 poses, and 48,000 a search, for drawings of up to eight parameters."""

PLAIN = Effort(
    shapes=64,
    starts=32,
    first=Stage(32, 12, 8, 0.05),
    stages=(Stage(4, 48, 30, 0.02, 0.1),),
    again=(Stage(4, 24, 15, 0.02, 0.1),),
    alike=3,
    most=8,
)
"""3,000 poses, and 6,000 a search, for those of three or four, such as a circle."""

CLEAR = threshold(
    "wireframe.clear",
    0.30,
    "Above chance, where 0 is chance and 1 a drawing without a fault. On 32 maps of noise the most "
    "any drawing got was 0.24, on clumps of 4 pixels, which have long edges of their own, and 0.17 "
    "on all else (white, fine, pink, a glow, the spectrum of a real map); on 94 maps, by a search "
    "that found less, 0.29 and 0.18. Nine simulated solids fit their own drawing by 0.50 to 0.94.",
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
        others: family and parameters of what other searches found that is as good within `AGREED`.
        spread: how far apart, in these units, the searches ended that had to agree; 0 where a
            repeat began at the places of a first decision.
    """

    score: float
    on_marks: float
    marks_on_lines: float
    parameters: Singles
    above_chance: float
    family: int = 0
    others: tuple[tuple[int, Singles], ...] = ()
    spread: float = 0.0


def stroke_marks(brightness: Floats, share: float | None = None) -> Mask:
    """Return the clearest `share` of a map's strokes as bool (64, 64)."""
    return clearest(*stroke_contrast(brightness), share)


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


def clearest(values: Floats, seen: Mask, share: float | None = None) -> Mask:
    """Return the cells of the largest `share` of the values (64, 64) that are seen."""
    share = MARKED_SHARE.now(share)
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

    Searches are made until the best few agree within `SAME`, or the effort is spent.
    Inside `solver.rules.shapes.search_starts.begun_at` one search begins at the places given.

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
    else:
        starts = [
            screened(each, marks.cells, effort.shapes // count, effort.starts // count)
            for each in drawings
        ]
        generator = np.random.default_rng(0)  # what all share is the same from every seed
        starts, _ = evolved(drawings[0], worths, starts, effort.first, generator)
    apart = partial(_spread, chance=chance, alike=effort.alike)
    while begun is None and len(found) < effort.most and apart(found) > SAME:
        generator = np.random.default_rng([seed, len(found)])
        found.append(search(drawings[0], worths, starts, effort.stages, generator))
    found.sort(key=lambda one: -one.worth)
    for one in found:
        one.pose.setflags(write=False)  # it is cached and shared
    best = found[0]
    score, on_marks, covered = (
        float(one[0]) for one in scores(drawings[best.family], best.pose[:, None], marks)
    )
    fitted = Fit(
        score,
        on_marks,
        covered,
        best.pose,
        (score - chance) / (1 - chance),
        best.family,
        tuple(
            (one.family, one.pose)
            for one in found[1:]
            if best.worth - one.worth <= AGREED * (1 - chance)
        ),
        0.0 if begun is not None else apart(found),
    )
    places = [np.concatenate([one.places[at] for one in found], 1) for at in range(count)]
    return fitted, tuple(places)


def _middle(drawing: Drawing) -> Singles:
    return np.asarray(drawing.bounds, np.float32).mean(1, keepdims=True)


def _worth(drawing: Drawing, marks: Marks, poses: Singles) -> Floats:
    return scores(drawing, poses, marks)[0]


def _spread(found: Sequence[Found], chance: float, alike: int) -> float:
    """How far the best of the searches lie apart, above chance; infinite for fewer than `alike`."""
    worths = sorted((one.worth for one in found), reverse=True)
    return (worths[0] - worths[alike - 1]) / (1 - chance) if len(worths) >= alike else np.inf


def strongest_if_clear(
    values: Sequence[float],
    names: Sequence[Pair],
    *,
    unit: str,
    what: Pair,
    clearness: float,
    least: float,
    measure: Pair = ("the best fit above chance", "最佳吻合度高於隨機的部分"),
    spreads: Sequence[float] = (),
) -> list[Verdict]:
    """Return the verdicts of `strongest`, left open where nothing stands clearly out of noise.

    They are left open, too, where a lead over a rival is no larger than the spread of the two
    values' searches; else each margin is less by it.

    Args:
        values, names, unit, what: as in `solver.rules.verdicts.strongest`.
        clearness: the verdicts are left open where it is not above `least`.
        least: the most that noise gets.
        measure: name of `clearness` in both languages.
        spreads: of each value, how far those of independent searches lie apart.
    """
    verdicts = strongest(values, names, unit=unit, what=what)
    if spreads:
        verdicts = _less_spread(verdicts, values, spreads)
    numbers = f"{clearness:.3g} <= {least:.3g}"
    if clearness <= least:
        against, limit, margin = "what noise may get", least, least - clearness
        why = (
            f"no drawing stands clearly out of noise ({measure[0]}: {numbers})",
            f"沒有任何圖形明顯優於雜訊（{measure[1]}：{numbers}）",
        )
    elif any(one.margin == 0 and one.spread > 0 for one in verdicts):
        close = next(one for one in verdicts if one.margin == 0)
        lead = abs(float(close.value or 0.0) - float(close.threshold or 0.0))
        limit, margin = close.spread, close.spread - lead
        against = "the spread of the searches"
        why = (
            f"values {lead:.2g} apart cannot be told apart where searches end {limit:.2g} apart",
            f"兩值僅相差 {lead:.2g}，而各次獨立搜尋的結果相差 {limit:.2g}，無法區分",
        )
    else:
        return verdicts
    return [
        replace(
            verdict,
            holds=None,
            against=against,
            threshold=limit,
            margin=margin,
            spread=0.0,
            sentence=(f"Not decided for {name[0]}: {why[0]}.", f"{name[1]}未能判定：{why[1]}。"),
        )
        for verdict, name in zip(verdicts, names, strict=True)
    ]


def _less_spread(
    verdicts: Sequence[Verdict], values: Sequence[float], spreads: Sequence[float]
) -> list[Verdict]:
    """Verdicts of `strongest` whose margins are less by the larger spread of the two values."""
    found = []
    for at, verdict in enumerate(verdicts):
        rivals = [other for other in range(len(values)) if other != at]
        rival = max(rivals, key=lambda other: values[other])
        margin, spread = float(verdict.margin or 0.0), max(spreads[at], spreads[rival])
        left = margin - spread
        found.append(replace(verdict, margin=max(left, 0.0), spread=spread))
    return found


def note_on_searches(spread: float, unit: Pair, apart: Sequence[Pair]) -> Pair | None:
    """Return the note on how far searches lie apart at most; None where they end at the same.

    Args:
        spread: of the values, in `unit`.
        unit: in both languages.
        apart: names of the drawings whose searches did not converge.
    """
    if not apart and round(spread, 4) == 0:
        return None
    english = f"Independent searches for the best pose end up to {spread:.2g} {unit[0]} apart"
    chinese = f"各次獨立搜尋最佳姿態的結果最多相差 {spread:.2g} {unit[1]}"
    english += "; margins are less by what their two values' searches are apart."
    chinese += "；差距已扣除所比較兩值之搜尋結果的相差。"
    if apart:
        english += f" They did not converge for {', '.join(name for name, _ in apart)}."
        chinese += f"{'、'.join(name for _, name in apart)}的搜尋尚未收斂。"
    return english, chinese


def wireframe_figure(source: str, picture: int, points: Floats, caption: Pair) -> Figure:
    """Return the figure of a drawing's points (N, 2), x and y in 0..1, over a map."""
    parameters = {
        "record": record_id(source, picture),
        "picture": picture,
        "points": np.round(points, 4).tolist(),
    }
    return Figure("wireframe", parameters, caption)
