"""Options left near their line: said with their chances, contested where these are not small."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from solver.banks.bank import load_bank
from solver.decide.decide import decide_question
from solver.decide.doubt.estimate import doubt_of
from solver.decide.early_stop import TOLD, with_close_claims
from solver.decide.margins import identity_of
from solver.evidence import Evidence, Record
from solver.explain.sampling.claims import CLOSE
from solver.files.resources import shipped_bank
from solver.key import KeyQuestion, OptionVerdict, Sentence
from solver.page.review_flags import reasons_to_look
from solver.rules.registry import PlannedQuestion, plan_questions


@pytest.fixture(scope="module")
def question() -> PlannedQuestion:
    """What is bright in SmoothGrad of picture 9: regions of it."""
    questions = plan_questions(load_bank(shipped_bank()))
    return next(one for one in questions if one.question.id == "q12")


def entry_of(question: PlannedQuestion, close: Any) -> KeyQuestion:
    """The entry on a map whose record has this value of close claims."""
    names = ("outline", "soup", "spring_onion", "bowl")
    rows = np.arange(128)[:, None] // 32 + np.zeros((128, 128), int)
    light = np.where(rows == 1, 0.9, 0.1) * np.random.default_rng(0).random((128, 128))
    values = {"samples": 160, "raw_min": 0.0, "raw_max": 1.0}
    records = [
        Record(
            "smoothgrad/9", {"map": np.repeat(light[..., None], 3, 2)}, {**values, CLOSE: close}
        ),
        Record("regions/9", {name: rows == at for at, name in enumerate(names)}),
        Record("picture/9", {"rgb": np.zeros((128, 128, 3), np.uint8)}),
    ]
    found = Evidence({record.id: record for record in records})
    entry = decide_question(question, found).entry
    assert entry.state == "decided"
    return with_close_claims(question, entry, found)


def close(question: PlannedQuestion, **chances: float) -> dict[str, Any]:
    places = {"a": "0", "b": "1", "c": "2", "d": "3"}
    told = {"of": 500, "chances": {places[name]: one for name, one in chances.items()}}
    return {identity_of(question): told}


def test_an_option_near_its_line_is_contested_with_its_chance(question: PlannedQuestion) -> None:
    entry = entry_of(question, close(question, a=0.2, b=0.004))
    assert entry.close is not None and entry.note is not None
    assert entry.close.chances == {"a": 0.2, "b": 0.004}
    assert entry.close.samples == {"smoothgrad/9": (160, 500)}
    assert entry.contested
    assert doubt_of(entry) >= 0.2
    assert "160 of 500" in entry.note.en and "a 20.0%, b 0.4%" in entry.note.en
    assert "20.0%" in entry.note.zh_hant
    assert "reason_close_claims" in [
        one.sentence for one in reasons_to_look(entry, question.question)
    ]


def test_a_small_chance_is_told_and_not_contested(question: PlannedQuestion) -> None:
    entry = entry_of(question, close(question, a=0.004))
    plain = entry.model_copy(update={"close": None})
    assert entry.note is not None and "a 0.4%" in entry.note.en
    assert entry.contested == plain.contested


def test_chances_of_other_claims_and_what_is_none_are_passed_over(
    question: PlannedQuestion,
) -> None:
    other = {"another": {"of": 500, "chances": {"0": 0.2}}}
    next_to_none = close(question, a=0.0009)
    assert entry_of(question, close(question, a=TOLD)).close is not None
    for value in (other, None, 3, {identity_of(question): 3}, next_to_none):
        assert entry_of(question, value).close is None
    for told in (
        {},
        {"of": "x", "chances": {"0": 0.2}},
        {"of": 500, "chances": 3},
        {"of": 500, "chances": {"9": 0.2}},
        {"of": 500, "chances": {"a": 0.2}},
    ):
        assert entry_of(question, {identity_of(question): told}).close is None


def test_an_open_question_is_returned_as_it_is(question: PlannedQuestion) -> None:
    told = Record("smoothgrad/9", {}, {"samples": 160, CLOSE: close(question, a=0.2)})
    entry = entry_of(question, None).model_copy(update={"state": "open", "correct": []})
    assert with_close_claims(question, entry, Evidence({told.id: told})) is entry


def test_a_record_that_says_nothing_of_it_keeps_no_other_from_being_read(
    question: PlannedQuestion,
) -> None:
    values = {"samples": 160, CLOSE: close(question, a=0.2)}
    records = [Record("smoothgrad/9", {}), Record("regions/9", {}, values)]
    found = Evidence({record.id: record for record in records})
    entry = entry_of(question, None)
    told = with_close_claims(question, entry, found).close
    assert told is not None and told.samples == {"regions/9": (160, 500)}


def test_choices_around_a_measured_value_share_the_chance_of_their_one_claim() -> None:
    """The choices of the other drop-down have the same ids, and no part in it."""
    questions = plan_questions(load_bank(shipped_bank()))
    pair = next(one for one in questions if None in [option for _, option in one.options])
    at, (measured, _) = next(each for each in enumerate(pair.options) if each[1][1] is None)
    (other,) = {blank for blank, _ in pair.options} - {measured}
    options = [
        OptionVerdict(id=name, blank=blank, holds=False, sentence=Sentence(en="x", zh_hant="x"))
        for blank in (other, measured)
        for name in ("a", "b")
    ]
    entry = KeyQuestion(
        id=pair.question.id, kind="pair", points=1, correct={str(other): "a"}, options=options
    )
    told = {"of": 500, "chances": {str(at): 0.2}}
    record = Record(pair.needs[0], {}, {"samples": 9, CLOSE: {identity_of(pair): told}})
    found = with_close_claims(pair, entry, Evidence({record.id: record})).close
    assert found is not None and found.chances == {f"{measured}: a": 0.2, f"{measured}: b": 0.2}
