"""Maps that came through figures, drawn and read again: when an answer hangs on it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from solver.banks.bank import load_bank
from solver.decide.decide import decide_question
from solver.decide.figure_fineness import WAYS, figure_maps, with_figure_check
from solver.evidence import Evidence, Record
from solver.files.resources import shipped_bank
from solver.rules.registry import PlannedQuestion, plan_questions

PIXELS = 70


@pytest.fixture(scope="module")
def question() -> PlannedQuestion:
    """Where SmoothGrad of picture 9 is bright: on regions of it."""
    questions = plan_questions(load_bank(shipped_bank()))
    return next(one for one in questions if one.question.id == "q12")


def evidence(question: PlannedQuestion, light: np.ndarray, pixels: int = PIXELS) -> Evidence:
    """A map with light at some places of the regions that the question names."""
    regions = {name: np.zeros((128, 128), bool) for name in ("outline", "soup", "spring_onion")}
    for at, mask in enumerate(regions.values()):
        mask[10 + 30 * at : 30 + 30 * at, 20:100] = True
    regions["bowl"] = np.logical_or.reduce(list(regions.values()))
    values = {"figure_pixels": pixels}
    records = [
        Record("smoothgrad/9", {"map": light, "valid": np.ones(light.shape[:2], bool)}, values),
        Record("regions/9", regions),
        Record("picture/9", {"rgb": np.zeros((128, 128, 3), np.uint8)}),
    ]
    return Evidence({record.id: record for record in records})


def test_only_coarse_figures_are_drawn_again(question: PlannedQuestion) -> None:
    light = np.zeros((PIXELS, PIXELS, 3))
    assert list(figure_maps(question, evidence(question, light))) == ["smoothgrad/9"]
    assert figure_maps(question, evidence(question, light, 128)) == {}
    plot = Record("smoothgrad/9", {"points": light}, {"figure_pixels": PIXELS})
    assert figure_maps(question, Evidence({plot.id: plot})) == {}


@pytest.mark.parametrize("way", WAYS)
def test_each_way_keeps_what_is_coarse(way: str) -> None:
    ramp = np.linspace(0, 1, PIXELS)[None].repeat(PIXELS, 0)
    drawn = WAYS[way](ramp)
    assert drawn.min() >= 0 and drawn.max() <= 1
    assert np.allclose(drawn[0], np.linspace(0, 1, len(drawn[0])), atol=0.02)
    # A panel that is not square is as high as it is wide when it is drawn again.
    wide = np.linspace(0, 1, 60)[:, None].repeat(PIXELS, 1)
    for across in (WAYS[way](wide), WAYS[way](wide.T).T):
        assert np.ptp(across, 1).max() < 1e-9 and (np.diff(across[:, 0]) >= 0).all()
    colours = np.stack([ramp] * 3, -1)
    assert WAYS[way](colours).shape == (*drawn.shape, 3)
    assert len(drawn) == {"at the picture's own pixels": 128, "a tenth smaller": 63}.get(way, 70)
    valid = np.ones((PIXELS, PIXELS), bool)
    valid[30, 30] = False
    seen = WAYS[way](valid)
    assert seen.dtype == bool and not seen.all() and seen.mean() > 0.99


def test_an_open_question_and_one_on_whole_maps_are_returned_as_they_are(
    question: PlannedQuestion,
) -> None:
    light = np.full((PIXELS, PIXELS, 3), 0.05)
    light[6:16, 12:54] = 1.0
    coarse, fine = evidence(question, light), evidence(question, light, 128)
    decided = decide_question(question, fine).entry
    assert with_figure_check(question, decided, fine) is decided
    left_open = decided.model_copy(update={"state": "open", "correct": []})
    assert with_figure_check(question, left_open, coarse) is left_open


def test_an_answer_on_coarse_light_stands_and_the_note_says_so(question: PlannedQuestion) -> None:
    light = np.full((PIXELS, PIXELS, 3), 0.05)
    light[6:16, 12:54] = 1.0  # the first region, in pixels of the figure
    found = evidence(question, light)
    entry = with_figure_check(question, decide_question(question, found).entry, found)
    assert entry.state == "decided" and entry.figure is not None and entry.note is not None
    assert (entry.figure.pixels, entry.figure.ways) == (PIXELS, len(WAYS))
    assert entry.figure.changed_by == [] and "the answer stays" in entry.note.en
    # 128 pixels of the picture over 70.
    assert "70 pixels a side, each 1.8 of the picture's" in entry.note.en
    assert "每邊 70 像素" in entry.note.zh_hant and "原圖 1.8 個像素" in entry.note.zh_hant
    assert f"{len(WAYS)} 種方式" in entry.note.zh_hant and "答案不變" in entry.note.zh_hant
    assert not entry.contested or entry.ways_agree is False


def test_an_answer_that_a_redrawing_changes_is_contested(
    question: PlannedQuestion, monkeypatch: pytest.MonkeyPatch
) -> None:
    light = np.full((PIXELS, PIXELS, 3), 0.05)
    light[6:16, 12:54] = 1.0
    found = evidence(question, light)
    entry = decide_question(question, found).entry
    # Half the picture down, the light lies in another region.
    monkeypatch.setitem(WAYS, "elsewhere", lambda array: np.roll(array, 33, 0))
    changed = with_figure_check(question, entry, found)
    assert changed.figure is not None and changed.figure.changed_by == ["elsewhere"]
    turned = {one.name for one in entry.options if one.name in changed.figure.turned}
    assert 1 < len(turned) < len(entry.options) and set(changed.figure.turned.values()) == {1}
    assert changed.contested and changed.note is not None
    assert "changes in 1: such a figure does not decide it" in changed.note.en
    assert "有 1 次改變：這樣的圖不足以決定" in changed.note.zh_hant


def test_half_a_pixel_aside_each_place_is_the_mean_of_it_and_the_next() -> None:
    array = np.random.default_rng(0).random((PIXELS, PIXELS))
    along = (array[:-1] + array[1:]) / 2
    moved = WAYS["half a pixel aside"](array)
    assert np.allclose(moved[:-1, :-1], (along[:, :-1] + along[:, 1:]) / 2)
    whole = np.repeat(np.repeat(array[:32, :32], 4, 0), 4, 1)
    assert np.allclose(WAYS["at the picture's own pixels"](whole), whole)


def test_what_a_redrawing_turns_is_listed_in_order_and_arrays_that_are_no_maps_are_left(
    question: PlannedQuestion, monkeypatch: pytest.MonkeyPatch
) -> None:
    light = np.full((PIXELS, PIXELS, 3), 0.05)
    light[6:16, 12:54] = 1.0
    found = evidence(question, light)
    map_of = found["smoothgrad/9"]
    scale = np.arange(5.0)
    records = {
        "smoothgrad/9": replace(map_of, arrays={**map_of.arrays, "scale": scale}),
        "picture/9": replace(map_of, id="picture/9", values={"figure_pixels": 71}),
    }
    found = Evidence({record.id: record for record in found} | records)
    entry = decide_question(question, evidence(question, light)).entry
    base = [option.holds for option in entry.options]
    turns = iter(([2], [0, 2], []))

    def verdicts(_: object, __: object, again: Evidence) -> list[bool | None]:
        assert np.array_equal(again["smoothgrad/9"].array("scale"), scale)
        turned = next(turns)
        return [bool(holds) != (at in turned) for at, holds in enumerate(base)]

    monkeypatch.setattr("solver.decide.figure_fineness.verdicts_again", verdicts)
    check = with_figure_check(question, entry, found).figure
    assert check is not None and check.pixels == PIXELS  # the coarsest
    assert list(check.turned.items()) == [("a", 1), ("c", 2)]
    assert check.changed_by == list(WAYS)[:2]
