"""Saliency maps that lose a part to single precision: said, and decided again without the loss."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from solver.banks.bank import load_bank
from solver.decide.decide import decide_question
from solver.decide.doubt import estimate
from solver.decide.doubt.estimate import doubt_of
from solver.decide.saturation import LOST, ROUNDED, stable_maps, with_saturation_check
from solver.evidence import Evidence, Record
from solver.files.resources import shipped_bank
from solver.key import KeyQuestion
from solver.page.review_flags import reasons_to_look
from solver.rules.registry import PlannedQuestion, plan_questions

NAMES = ("cake", "plate", "phone")


@pytest.fixture(scope="module")
def question() -> PlannedQuestion:
    """Where saliency of picture 2 is bright: on regions of it."""
    questions = plan_questions(load_bank(shipped_bank()))
    return next(one for one in questions if one.question.id == "q09")


def place(name: str) -> np.ndarray:
    """One of the regions that the question names."""
    mask = np.zeros((128, 128), bool)
    at = 8 + 40 * NAMES.index(name)
    mask[at : at + 24, 20:100] = True
    return mask


def light(name: str) -> np.ndarray:
    """A speckled map that is bright on one region."""
    noise = np.random.default_rng(0).random((128, 128)).astype(np.float32)
    return np.where(place(name), 0.6 + 0.4 * noise, 0.05 * noise).astype(np.float32)


def checked(
    question: PlannedQuestion, shown: str, stable: str | None, missing: float | None
) -> KeyQuestion:
    """The entry of a map with its light at `shown`, and at `stable` where nothing was lost."""
    arrays = {"map": light(shown)} | ({"stable": light(stable)} if stable else {})
    values = {} if missing is None else {"one_minus_p": missing}
    records = [
        Record("saliency/2", arrays, {"raw_min": 0.0, "raw_max": 1.0, **values}),
        Record("regions/2", {name: place(name) for name in NAMES}),
        Record("picture/2", {"rgb": np.zeros((128, 128, 3), np.uint8)}),
    ]
    found = Evidence({record.id: record for record in records})
    entry = decide_question(question, found).entry
    assert entry.state == "decided"
    return with_saturation_check(question, entry, found)


def test_a_map_that_loses_nothing_needs_no_word(question: PlannedQuestion) -> None:
    for stable, missing in (("cake", 0.2), ("cake", None), (None, None), (None, 1e-9)):
        entry = checked(question, "cake", stable, missing)
        assert entry.saturation is None and "single precision" not in str(entry.note)


def test_a_lost_part_that_changes_nothing_is_said_and_no_more(question: PlannedQuestion) -> None:
    entry = checked(question, "cake", "cake", LOST / 2)
    assert entry.saturation is not None and entry.note is not None
    assert (entry.saturation.lost, entry.saturation.rounded) == ([2], [])
    assert not entry.saturation.changed and "give the same answer" in entry.note.en
    assert "網路對圖片 2 極為確信" in entry.note.zh_hant and "遺漏了標籤本身" in entry.note.zh_hant
    assert "答案不變" in entry.note.zh_hant
    assert doubt_of(entry) == doubt_of(entry.model_copy(update={"saturation": None}))


def test_an_answer_that_is_another_without_the_loss_is_contested(
    question: PlannedQuestion,
) -> None:
    entry = checked(question, "cake", "phone", LOST / 2)
    assert entry.saturation is not None and entry.saturation.changed and entry.contested
    assert doubt_of(entry) >= estimate.LOST
    names = [reason.sentence for reason in reasons_to_look(entry, None)]
    assert "reason_lost" in names and "reason_rounded" not in names
    # Whatever the network's certainty: the two maps are one quantity.
    again = checked(question, "cake", "phone", 0.3)
    assert (
        again.contested
        and again.correct == entry.correct == checked(question, "cake", None, None).correct
    )


def test_a_map_that_hangs_on_one_rounding_is_contested_by_that_alone(
    question: PlannedQuestion,
) -> None:
    entry = checked(question, "cake", "cake", 2 * LOST)
    assert entry.saturation is not None and entry.saturation.rounded == [2]
    assert not entry.saturation.changed and entry.contested
    assert doubt_of(entry) >= estimate.ROUNDED
    assert "reason_rounded" in [reason.sentence for reason in reasons_to_look(entry, None)]
    assert "取決於一次捨入" in str(entry.note) and "遺漏" not in str(entry.note)
    assert np.float32(1 - 0.99 * LOST) == 1 > np.float32(1 - 1.01 * LOST)
    # From half of the distance of the number before 1 on, to a thirtieth of what is left.
    for missing in (LOST, 0.99e-6):
        at_line = checked(question, "cake", "cake", missing).saturation
        assert at_line is not None and (at_line.lost, at_line.rounded) == ([], [2])
    for missing in (ROUNDED, 1.01e-6):
        assert checked(question, "cake", "cake", missing).saturation is None


def test_pictures_that_lose_a_part_are_named_in_their_order(
    question: PlannedQuestion, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However the rule lists its records; a map of another kind has no such part."""
    arrays = {"map": light("cake"), "stable": light("cake")}
    records = [
        *(Record(f"saliency/{at}", arrays, {"one_minus_p": LOST / 2}) for at in (7, 2)),
        *(Record(f"saliency/{at}", arrays, {"one_minus_p": 2 * LOST}) for at in (5, 3)),
        Record("smoothgrad/1", arrays, {"one_minus_p": LOST / 2}),
    ]
    found = Evidence({record.id: record for record in records})
    rule = replace(question.rule, needs=lambda _: [record.id for record in records])
    asked = replace(question, rule=rule)
    assert list(stable_maps(asked, found)) == [record.id for record in records[:4]]
    entry = checked(question, "cake", None, None)
    base = [option.holds for option in entry.options]
    monkeypatch.setattr("solver.decide.saturation.verdicts_again", lambda *_: base)
    left_open = entry.model_copy(update={"state": "open", "correct": []})
    assert with_saturation_check(asked, left_open, found) is left_open
    check = with_saturation_check(asked, entry, found).saturation
    assert check is not None and (check.lost, check.rounded) == ([2, 7], [3, 5])
