"""The panel of a notebook's figure as it was found, beside what was read out of it."""

from __future__ import annotations

import numpy as np

from solver.evidence import Record
from solver.page.figures.panels import Panel
from solver.text.bilingual import both
from solver.text.record_names import record_name

ARRAY = "figure"
"""Name of the array (h, w, 3), uint8, that a record read off a figure keeps of it."""


def panels_as_found(record: Record) -> list[Panel]:
    """Return the panel that a record was read from; none for records that keep no figure.

    Example:
        >>> panels_as_found(Record("saliency/2", {"map": np.zeros((4, 4))}))
        []
    """
    pixels = record.arrays.get(ARRAY)
    # Evidence may be put together by hand: another array of this name is no picture.
    if pixels is None or pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:
        return []
    english, chinese = record_name(record.id)
    spoken = (f"{english}, as found in the notebook", f"{chinese}：筆記本中的原圖")
    return [Panel(pixels, both(spoken), spoken, smooth=True)]
