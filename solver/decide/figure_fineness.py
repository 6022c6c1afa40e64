"""Check of an answer whose maps were read off figures: is it the same when they are drawn again?

The maps of a question are drawn and read again in several ways, and the question is decided on
each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from solver.decide.decide import answer_where, verdicts_again
from solver.evidence import Evidence, Record
from solver.key import FigureCheck, KeyQuestion, Sentence
from solver.rules.maps.displayed import PICTURE_SIDE
from solver.rules.registry import PlannedQuestion

Array = npt.NDArray[np.generic]
FINEST = 128
"""Pixels a picture from which on a figure shows every pixel of it."""


def _resized(array: Array, side: int, shift: float = 0.0) -> Array:
    """An array (h, w, ...) resampled linearly to (side, side, ...), moved by `shift` old pixels.

    Truth values hold where every neighbour is true.
    """
    height, width = array.shape[:2]
    rows = (np.arange(side) + 0.5) * height / side - 0.5 + shift
    columns = (np.arange(side) + 0.5) * width / side - 0.5 + shift
    at = np.meshgrid(rows, columns, indexing="ij")
    layers = array.reshape(height, width, -1).astype(np.float64)  # (h, w, channels)
    found = [
        ndimage.map_coordinates(layers[..., one], at, order=1, mode="nearest")
        for one in range(layers.shape[-1])
    ]
    result = np.stack(found, -1).reshape(side, side, *array.shape[2:])
    # Truth values hold where every neighbour is true: a place half known is not known.
    return result > 0.999 if array.dtype == bool else result.astype(array.dtype)


# A figure of 70 pixels a picture is not the map: drawn by another matplotlib, or at another place
# on the screen, it differs in its finest details.
WAYS: dict[str, Callable[[Array], Array]] = {
    "at the picture's own pixels": lambda array: _resized(array, PICTURE_SIDE),
    "half a pixel aside": lambda array: _resized(array, len(array), 0.5),
    "a tenth smaller": lambda array: _resized(array, round(len(array) * 0.9)),
}
"""Differences between figures of one map: their size, and where on the screen they begin."""


def figure_maps(question: PlannedQuestion, evidence: Evidence) -> dict[str, Record]:
    """Return the maps of a question that came through figures coarser than the picture, by id."""
    return {
        name: record
        for name, record in evidence.among(question.needs).items()
        if isinstance(pixels := record.values.get("figure_pixels"), int)
        and pixels < FINEST
        and "map" in record.arrays
    }


def with_figure_check(
    question: PlannedQuestion, entry: KeyQuestion, evidence: Evidence
) -> KeyQuestion:
    """Return a question's entry with the ways of drawing its maps again that change its answer.

    An entry that is open, or rests on no figure, is returned as it is.
    """
    maps = figure_maps(question, evidence)
    if entry.state == "open" or not maps:
        return entry
    pixels = min(int(record.values["figure_pixels"]) for record in maps.values())
    others: list[str] = []
    turned: Counter[str] = Counter()
    records = {record.id: record for record in evidence}
    for way, draw in WAYS.items():
        again = {
            name: Record(
                name,
                {
                    key: draw(one) if one.ndim >= 2 else one
                    for key, one in record.arrays.items()
                    if key != "figure"  # the panel as it was found, which no rule reads
                },
                record.values,
            )
            for name, record in maps.items()
        }
        holds = verdicts_again(question, entry, Evidence(records | again, evidence.bundle))
        if None in holds or answer_where(question, entry.options, holds) != entry.correct:
            others.append(way)
        turned.update(
            option.name
            for option, held in zip(entry.options, holds, strict=True)
            if held != option.holds
        )
    check = FigureCheck(
        pixels=pixels, ways=len(WAYS), changed_by=others, turned=dict(sorted(turned.items()))
    )
    return entry.model_copy(update={"figure": check, "note": _note(entry, check)})


def _note(entry: KeyQuestion, check: FigureCheck) -> Sentence:
    width = PICTURE_SIDE / check.pixels
    english = (
        f"The maps came through a figure of {check.pixels} pixels a side, each {width:.1f} of the "
        f"picture's. Drawn and read again in {check.ways} ways, the answer "
    )
    chinese = (
        f"這些圖是從每邊 {check.pixels} 像素的圖中讀回的，每個像素相當於原圖 {width:.1f} 個像素。"
        f"以 {check.ways} 種方式重畫再讀回，答案"
    )
    changed = len(check.changed_by)
    if changed:
        english += f"changes in {changed}: such a figure does not decide it."
        chinese += f"有 {changed} 次改變：這樣的圖不足以決定。"
    else:
        english += "stays."
        chinese += "不變。"
    return entry.note_with(english, chinese)
