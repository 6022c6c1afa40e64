"""Each kind of figure draws what the evidence holds, or says what is missing; it never fails."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import matplotlib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from solver.evidence import Evidence, Record
from solver.page.figures.charts import axis_over
from solver.page.figures.maps import displayed_pixels, overlay_pixels
from solver.page.figures.panels import COLOURS, data_uri, middle_of, outlines_of
from solver.page.figures.region_labels import (
    FONT,
    UNITS,
    placed_labels,
    strip_heights,
    width_of,
)
from solver.page.figures.registry import (
    all_figure_kinds,
    figure_html,
    figure_kind,
    thumbnail_of,
)
from solver.rules.registry import Figure
from tests.solver.page.made_keys import FIGURES, SQUARE, made_evidence, pictures_in


def drawn(kind: str, parameters: dict[str, Any], evidence: Evidence | None = None) -> str:
    return str(figure_html(Figure(kind, parameters), evidence or made_evidence()))


@given(
    hnp.arrays(np.uint8, (6, 6, 3)),
    hnp.arrays(np.int8, (6, 6), elements=st.integers(-1, 1)),
)
def test_the_overlay_lifts_one_channel_and_leaves_all_else(
    rgb: np.ndarray, signs: np.ndarray
) -> None:
    made = overlay_pixels(rgb, signs)
    top = rgb.max()
    assert (made[signs > 0, 1] == top).all() and (made[signs < 0, 0] == top).all()
    assert (made[signs > 0][:, [0, 2]] == rgb[signs > 0][:, [0, 2]]).all()
    assert (made[signs < 0][:, [1, 2]] == rgb[signs < 0][:, [1, 2]]).all()
    assert (made[signs == 0] == rgb[signs == 0]).all()


def test_lime_shows_the_picture_and_the_overlay_with_segments_by_weight() -> None:
    evidence = made_evidence()
    html = drawn("lime_overlay", {"picture": 1, "regions": ["food", "plate"]}, evidence)
    rgb, signs = evidence.get("picture", 1).array("rgb"), evidence.get("lime", 1).array("signs")
    plain, overlay, outlined = pictures_in(html)
    assert (plain == rgb).all() and (overlay == outlined).all()
    assert (overlay == overlay_pixels(rgb, signs)).all()
    bare, with_lines = re.findall(r"<svg.*?</svg>", html, re.DOTALL)[1:]
    assert "<path" not in bare and "<text" not in bare and 'class="line' in with_lines
    assert (overlay[signs > 0, 1] == rgb.max()).all()
    # Two segments are in colour: the heaviest for, and the heaviest against.
    assert sorted(re.findall(r'<li class="(for|against)">', html)) == ["against", "for"]
    assert "food" in html and "plate" in html and COLOURS[0] in html and COLOURS[1] in html


def test_a_hand_made_overlay_needs_signs_alone_and_may_have_its_own_size() -> None:
    evidence = made_evidence()
    signs = np.zeros((70, 70), np.int8)
    signs[35:] = 1
    evidence.add(Record("lime/1", {"signs": signs}))
    _, overlay = pictures_in(drawn("lime_overlay", {"picture": 1, "regions": []}, evidence))
    rgb = evidence.get("picture", 1).array("rgb")
    assert (overlay[65:, :, 1] == rgb.max()).all()
    assert (overlay[:63] == rgb[:63]).all()


def test_maps_are_shown_in_the_colours_of_the_course() -> None:
    values = np.array([[0.0, 0.5], [0.75, 1.0]])

    def colours(name: str) -> np.ndarray:
        return (matplotlib.colormaps[name](values)[..., :3] * 255).round().astype(np.uint8)

    assert (displayed_pixels(Record("saliency/1", {"map": values})) == colours("hot")).all()
    stretched = displayed_pixels(Record("activation/6/1", {"map": values * 7 - 3}))
    assert (stretched == colours("viridis")).all()
    rgb = np.array([[[-1.0, 0.5, 2.0]]])
    assert displayed_pixels(Record("smoothgrad/1", {"map": rgb})).tolist() == [[[0, 128, 255]]]


def test_a_constant_map_is_dark_and_what_cannot_be_read_is_grey() -> None:
    flat = displayed_pixels(Record("saliency/1", {"map": np.ones((3, 3))}))
    assert (flat == flat[0, 0]).all()
    valid = np.array([[True, False]])
    pixels = displayed_pixels(Record("smoothgrad/1", {"map": np.zeros((1, 2, 3)), "valid": valid}))
    assert (pixels[0, 0] == 0).all() and (pixels[0, 1] == 100).all()


@pytest.mark.parametrize("size", [128, 64, 70, 32])
def test_an_outline_lies_on_the_border_of_its_region(size: int) -> None:
    mask = np.zeros((size, size), bool)
    mask[size // 4 : size // 2, size // 8 : size // 2] = True
    (outline,) = outlines_of([(("food", "食物"), mask)])
    cell = UNITS / size
    left, right = size // 8 * cell, size // 2 * cell
    top, bottom = size // 4 * cell, size // 2 * cell
    for x, y in np.concatenate(outline.lines):
        gaps = (abs(x - left), abs(x - right), abs(y - top), abs(y - bottom))
        assert min(gaps) <= cell, (x, y)
    x, y = np.concatenate(outline.lines).T
    assert abs(x.max() - x.min() - (right - left)) <= 2 * cell
    assert abs(y.max() - y.min() - (bottom - top)) <= 2 * cell


@given(st.lists(hnp.arrays(bool, (16, 16)), max_size=5))
def test_outlines_stay_in_the_panel_and_differ_in_colour(masks: list[np.ndarray]) -> None:
    made = outlines_of([((f"r{at}", f"區{at}"), mask) for at, mask in enumerate(masks)])
    assert len(made) == sum(bool(mask.any()) for mask in masks)
    assert len({outline.colour for outline in made}) == len(made)
    for outline in made:
        points = np.concatenate(outline.lines)
        assert (points >= 0).all() and (points <= UNITS).all()


@given(hnp.arrays(bool, (9, 13)).filter(lambda mask: mask.any()))
def test_the_middle_of_a_region_is_in_it(mask: np.ndarray) -> None:
    x, y = middle_of(mask)
    assert mask[int(y * 9 / UNITS), int(x * 13 / UNITS)]


def test_specks_are_left_out_only_beside_something_larger() -> None:
    mask = np.zeros((128, 128), bool)
    mask[5:7, 5:7] = True
    (alone,) = outlines_of([(("a", "甲"), mask)])
    mask[SQUARE] = True
    (beside,) = outlines_of([(("a", "甲"), mask)])
    assert len(alone.lines) == 1 and len(beside.lines) == 1
    assert np.concatenate(beside.lines)[:, 0].min() > 10


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12), st.integers(1, 30)), max_size=6))
def test_names_lie_outside_the_picture_and_apart_with_lines_to_their_edges(
    boxes: list[tuple[int, int, int]],
) -> None:
    masks = []
    for top, left, letters in boxes:
        mask = np.zeros((16, 16), bool)
        mask[top : top + 4, left : left + 4] = True
        masks.append((("r" * letters, "區"), mask))
    outlines = outlines_of(masks)
    labels = placed_labels(outlines)
    assert sorted(str(one.outline.name) for one in labels) == sorted(str(o.name) for o in outlines)
    above, below = strip_heights(labels)
    spans: dict[tuple[bool, int], list[tuple[float, float]]] = {}
    for one in labels:
        half = min(width_of(one.outline.name), UNITS) / 2
        assert one.x - half >= -1e-6 and one.x + half <= UNITS + 1e-6
        top = one.baseline - FONT
        assert -above <= one.baseline <= 0 if one.above else UNITS <= top < UNITS + below
        points = np.concatenate(one.outline.lines)
        assert (np.abs(points - one.end).sum(1) < 1e-6).any()
        spans.setdefault((one.above, one.row), []).append((one.x - half, one.x + half))
    for row in spans.values():
        row.sort()
        assert all(b <= c + 1e-6 for (_, b), (c, _) in pairwise(row))


def test_a_figure_opens_at_full_size_by_a_link_to_itself() -> None:
    figure = Figure("map", {"record": "saliency/1", "picture": 1}, ("a map", "圖"))
    html = figure_html(figure, made_evidence(), "q01-1", "q01")
    assert '<figure class="evidence" id="q01-1">' in html
    assert re.findall(r'<a class="(\w+)[^"]*" href="#([^"]+)"', html) == [
        ("open", "q01-1"),
        ("close", "q01"),
    ]
    small = thumbnail_of(html)
    assert small.startswith('<svg class="decisive" viewBox="0 0 128 128"')
    assert len(pictures_in(small)) == 1
    strip = Figure("strip", {"rows": [{"label": ["x", "x"], "records": ["saliency/1"] * 9}]})
    assert thumbnail_of(figure_html(strip, made_evidence())).count("<img") == 4
    table = Figure("table", {"columns": [["n", "n"]], "rows": [[1]]})
    assert not thumbnail_of(figure_html(table, made_evidence()))
    assert "href" not in figure_html(table, made_evidence(), "q01-1", "q01")


def test_a_wireframe_is_drawn_over_the_map() -> None:
    points = [[0.25, 0.5], [0.5, 0.125]]
    html = drawn("wireframe", {"record": "saliency/1", "picture": 1, "points": points})
    picture, plain, under = pictures_in(html)
    assert (plain == under).all() and not (picture == plain).all()
    path = re.search(r'<path class="wire" d="([^"]+)"', html)
    assert path and path[1] == "M32 64h0M64 16h0"


def test_a_strip_keeps_the_place_of_a_missing_map() -> None:
    rows = [
        {"label": ["six", "六"], "records": ["activation/23/1", "activation/23/2"]},
        {"label": ["two", "二"], "records": ["picture/1", "saliency/1"]},
    ]
    html = drawn("strip", {"rows": rows})
    assert html.count("<td>") == 4 and len(pictures_in(html)) == 3
    assert html.count('class="empty"') == 1 and "Picture 2" in html and "圖片 2" in html


def test_rows_of_one_map_are_set_side_by_side() -> None:
    rows = [{"label": [name, name], "records": [name]} for name in ("saliency/1", "saliency/2")]
    html = drawn("strip", {"rows": rows})
    assert "<table" not in html and len(pictures_in(html)) == 1 and "saliency, picture 2" in html


def test_samples_are_evenly_chosen_from_many_and_all_of_a_few() -> None:
    assert len(pictures_in(drawn("samples", {"record": "integrated_path/1", "array": "samples"})))
    evidence = made_evidence()
    many = np.linspace(0, 1, 100)[:, None, None, None] * np.ones((1, 4, 4, 3))
    evidence.add(Record("integrated_path/1", {"samples": many}))
    html = drawn("samples", {"record": "integrated_path/1", "array": "samples"}, evidence)
    shown = pictures_in(html)
    assert len(shown) == 24 and shown[0].max() == 0 and shown[-1].min() == 255
    assert "24 of 100" in html


def test_points_stand_on_the_diagonal_where_both_values_agree() -> None:
    parameters = {"x": [1, 3, 9], "y": [1, 3, 9], "x_label": ["x", "x"], "y_label": ["y", "y"]}
    html = drawn("scatter", parameters)
    places = [(float(x), float(y)) for x, y in re.findall(r'cx="([\d.]+)" cy="([\d.]+)"', html)]
    assert len(places) == 3
    assert len({round(x + y, 0) for x, y in places}) == 1


def test_what_cannot_stand_on_powers_of_ten_is_counted() -> None:
    labels = {"x_label": ["x", "x"], "y_label": ["y", "y"]}
    html = drawn("scatter", {"x": [1, 0, 10], "y": [1, 5, -2], "log": True, **labels})
    assert html.count("<circle") == 1 and "2 points" in html
    assert "<circle" not in drawn("scatter", {"x": [], "y": [], **labels})


@given(
    st.lists(st.floats(1e-30, 1e30), min_size=1, max_size=20),
    st.booleans(),
)
def test_axes_hold_all_values_and_their_ticks(values: list[float], log: bool) -> None:
    axis = axis_over(values, log)
    places = [axis.at(value) for value in [*values, *axis.ticks()]]
    assert all(-1e-6 <= place <= 300 + 1e-6 for place in places)
    assert len(axis.ticks()) <= 7


def test_table_cells_speak_both_languages() -> None:
    columns = [["name", "名稱"], ["n", "數"]]
    html = drawn("table", {"columns": columns, "rows": [[["cat", "貓"], 1.5], ["dog", 2]]})
    assert all(text in html for text in ("名稱", "貓", "cat", "dog", "1.5"))
    assert html.count('class="n"') == 3  # the column of numbers, its head too
    assert "yes" in drawn("table", {"columns": columns, "rows": [[True, 2]]})


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.kind)
def test_every_kind_is_drawn_and_says_so_where_its_record_is_not_there(figure: Figure) -> None:
    there = str(figure_html(figure, made_evidence()))
    assert 'class="note"' not in there
    assert figure.caption[0] in there and figure.caption[1] in there
    missing = str(figure_html(figure, Evidence()))
    if figure.kind not in ("scatter", "table"):
        assert not pictures_in(missing) and ("lacks" in missing or "missing" in missing)


def test_a_map_without_its_picture_or_region_is_drawn_and_says_what_lacks() -> None:
    evidence = Evidence({"saliency/1": made_evidence().get("saliency", 1)})
    parameters = {"record": "saliency/1", "picture": 1, "regions": ["food"]}
    html = drawn("map", parameters, evidence)
    assert len(pictures_in(html)) == 1
    assert "picture 1" in html and "regions of picture 1" in html
    html = drawn("map", {"record": "saliency/1", "picture": 1, "regions": ["food", "nothing"]})
    assert len(pictures_in(html)) == 4 and "regions of picture 1: nothing" in html


def test_an_unknown_kind_and_odd_evidence_are_said_in_a_sentence() -> None:
    assert "hologram" in drawn("hologram", {})
    evidence = made_evidence()
    evidence.add(Record("saliency/1", {"map": np.full((4, 4), np.nan)}))
    html = drawn("map", {"record": "saliency/1", "picture": 1, "regions": []}, evidence)
    assert "NaN" in html and 'class="note"' in html


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 300) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
NAMES = ["picture", "record", "regions", "rows", "x", "y", "x_label", "y_label", "log"]
NAMES += ["array", "columns", "points"]


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([figure.kind for figure in FIGURES]),
    st.dictionaries(st.sampled_from(NAMES), JSON | st.just("saliency/1")),
)
def test_no_parameters_ever_raise(kind: str, parameters: dict[str, Any]) -> None:
    html = drawn(kind, parameters)
    assert html.startswith('<figure class="evidence">')


def test_a_kind_is_registered_once() -> None:
    assert set(all_figure_kinds()) >= {figure.kind for figure in FIGURES}
    with pytest.raises(ValueError, match="twice"):
        figure_kind("map")(lambda evidence, parameters: None)  # type: ignore[arg-type,return-value]


@settings(deadline=None)  # the first example is charged the first writing of a PNG
@given(
    hnp.arrays(
        np.uint8,
        hnp.array_shapes(min_dims=2, max_dims=2, max_side=9).map(lambda shape: (*shape, 3)),
    )
)
def test_pixels_come_back_as_they_went_in(pixels: np.ndarray) -> None:
    (again,) = pictures_in(data_uri(pixels))
    assert (again == pixels).all()
