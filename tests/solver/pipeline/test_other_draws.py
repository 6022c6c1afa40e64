"""Other random draws: an answer is decided again on each, and another one makes it contested."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest

from solver.banks.bank import load_bank
from solver.decide.doubt.estimate import doubt_of
from solver.evidence import Evidence, Record
from solver.files.resources import shipped_bank
from solver.key import Key, KeyQuestion
from solver.page.review_flags import reasons_to_look
from solver.pipeline.make_key import decide
from solver.pipeline.other_draws import with_other_draws
from solver.rules.registry import PlannedQuestion, plan_questions

PARTS = ("outline", "soup", "spring_onion")


@lru_cache
def asked() -> PlannedQuestion:
    """Where SmoothGrad of picture 9 is bright: on regions of it."""
    questions = plan_questions(load_bank(shipped_bank()))
    return next(one for one in questions if one.question.id == "q12")


@pytest.fixture
def question() -> PlannedQuestion:
    return asked()


def smoothgrad(part: int) -> Record:
    """A map with light on one of the parts."""
    light = np.full((128, 128, 3), 0.05)
    light[10 + 30 * part : 30 + 30 * part, 20:100] = 1.0
    return Record("smoothgrad/9", {"map": light})


def evidence() -> Evidence:
    """Three parts one below another, and light on the first."""
    regions = {name: np.zeros((128, 128), bool) for name in PARTS}
    for at, mask in enumerate(regions.values()):
        mask[10 + 30 * at : 30 + 30 * at, 20:100] = True
    regions["bowl"] = np.logical_or.reduce(list(regions.values()))
    picture = Record("picture/9", {"rgb": np.zeros((128, 128, 3), np.uint8)})
    records = [smoothgrad(0), Record("regions/9", regions), picture]
    return Evidence({record.id: record for record in records})


@lru_cache
def key_of(*parts: int) -> Key:
    draws = [Evidence({"smoothgrad/9": smoothgrad(part)}) for part in parts]
    return decide(load_bank(shipped_bank()), [asked()], evidence(), reseeded=draws).key


def entry_of(*parts: int) -> KeyQuestion:
    return key_of(*parts).questions[0]


def test_draws_that_agree_are_counted_and_not_told() -> None:
    alone, entry = entry_of(), entry_of(0, 0)
    assert alone.draws is None and entry.draws is not None
    assert (entry.draws.draws, entry.draws.sets, entry.draws.others) == (2, [], 0)
    assert (entry.note, entry.contested) == (alone.note, alone.contested)


def test_another_answer_is_told_contested_and_flagged() -> None:
    alone, entry = entry_of(), entry_of(0, 1, 2, 1)
    second, third = entry_of(1, 1), entry_of(2)
    assert second.draws and third.draws and entry.draws
    soup, onion = second.draws.sets[0].correct, third.draws.sets[0].correct
    assert alone.correct == entry.correct and len({*alone.correct, *soup, *onion}) == 3
    assert [(one.correct, one.share) for one in entry.draws.sets] == [(soup, 0.5), (onion, 0.25)]
    assert entry.contested and entry.draws.others == 3
    assert doubt_of(entry) >= 3 / 5
    assert entry.note is not None
    told = f"Of 4 other draws of SmoothGrad, 2 give {soup[0]}, 1 gives {onion[0]}."
    assert entry.note.en.endswith(told)
    assert f"2 次得到 {soup[0]}、1 次得到 {onion[0]}" in entry.note.zh_hant
    flags = {reason.sentence: reason.values for reason in reasons_to_look(entry, None)}
    assert flags["reason_draws"] == {"n": 3, "of": 4}


def test_a_draw_that_does_not_decide_is_another_outcome(question: PlannedQuestion) -> None:
    unreadable = Record("smoothgrad/9", {"map": np.zeros((3,))})
    again = with_other_draws(
        question, entry_of(), evidence(), [Evidence({unreadable.id: unreadable})]
    )
    assert again.draws and [one.correct for one in again.draws.sets] == [[]]
    assert again.note and again.note.en.endswith("Of 1 other draw of SmoothGrad, 1 gives none.")


def test_draws_of_other_records_and_open_questions_change_nothing(
    question: PlannedQuestion,
) -> None:
    entry = entry_of()
    other = [Evidence({"smoothgrad/3": Record("smoothgrad/3", {})})]
    assert with_other_draws(question, entry, evidence(), other) is entry
    nothing = decide(load_bank(shipped_bank()), [question], Evidence(), reseeded=[evidence()]).key
    assert nothing.questions[0].draws is None
