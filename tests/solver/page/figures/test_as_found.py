"""A map that came through a figure stands on the page beside the figure's own panel."""

from __future__ import annotations

import numpy as np
import pytest

from solver.evidence import Evidence, Record
from solver.page.figures.as_found import panels_as_found
from solver.page.figures.registry import figure_html
from solver.rules.registry import Figure

PANEL = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
MAP = {"map": np.eye(4), "figure": PANEL}
PICTURE = Record("picture/2", {"rgb": np.zeros((128, 128, 3), np.uint8)})


@pytest.mark.parametrize(
    ("record", "figure"),
    [
        (Record("saliency/2", MAP), Figure("map", {"record": "saliency/2", "picture": 2})),
        (
            Record("saliency/2", MAP),
            Figure("wireframe", {"record": "saliency/2", "picture": 2, "points": [[0.5, 0.5]]}),
        ),
        (
            Record("lime/2", {"signs": np.eye(4, dtype=np.int8), "figure": PANEL}),
            Figure("lime_overlay", {"picture": 2}),
        ),
    ],
)
def test_it_is_shown_where_there_is_one(record: Record, figure: Figure) -> None:
    html = figure_html(figure, Evidence({one.id: one for one in (record, PICTURE)}))
    assert html.count("as found in the notebook") >= 1 and "原圖" in html
    without = Record(record.id, {k: v for k, v in record.arrays.items() if k != "figure"})
    plain = figure_html(figure, Evidence({one.id: one for one in (without, PICTURE)}))
    assert "as found" not in plain and html.count("data:image") == plain.count("data:image") + 1


def test_whatever_is_no_panel_is_left_out() -> None:
    for odd in (np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((4, 4, 4), np.uint8)):
        assert panels_as_found(Record("saliency/2", {"figure": odd})) == []
