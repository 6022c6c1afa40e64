"""Evidence of another edition's settings, or of before superpixels had one, is remarked on."""

from __future__ import annotations

from typing import Any

import numpy as np

from solver.banks.bank import load_bank
from solver.banks.course_settings import Methods, plain
from solver.decide.edition_remarks import edition_remarks
from solver.evidence import Evidence, Record
from solver.files.resources import shipped_bank
from solver.pipeline.make_key import decide, planned

METHODS = Methods()
NOW = {name: plain(value) for name, value in METHODS.run_settings().items()}


def evidence_with(**settings: Any) -> Evidence:
    found = Evidence()
    found.add(Record("lime/6", {}, {}, settings))
    return found


def said(**settings: Any) -> list[tuple[str, str]]:
    return edition_remarks(evidence_with(**settings), ["lime/6"], METHODS)


def test_evidence_of_the_edition_is_not_remarked_on() -> None:
    assert said(**NOW) == []


def test_evidence_made_by_hand_is_not_remarked_on() -> None:
    assert said() == []


def test_lime_of_before_is_told() -> None:
    (english, chinese), *more = said(lime_seed=16, lime_samples=1000, lime_start_label=0)
    assert more == []
    assert english.startswith("lime/6 was made by an earlier version")
    assert "scikit-image 0.16" in english
    assert "0.16" in chinese


def test_another_setting_is_named_with_both_values() -> None:
    other = {**NOW["lime_superpixels"], "scikit_image": "0.18", "start_label": 1}
    english = [one for one, _ in said(**{**NOW, "lime_superpixels": other, "lime_shown": 5})]
    assert english == [
        "lime/6 was made with lime_superpixels.scikit_image = 0.18, where this edition has 0.16.",
        "lime/6 was made with lime_superpixels.start_label = 1, where this edition has 0.",
        "lime/6 was made with lime_shown = 5, where this edition has 11.",
    ]


def test_records_with_one_difference_share_a_sentence() -> None:
    evidence = evidence_with(**{**NOW, "lime_seed": 1})
    evidence.add(Record("lime/4", {}, {}, {**NOW, "lime_seed": 1}))
    (only,) = edition_remarks(evidence, ["lime/4", "lime/6"], METHODS)
    assert only[0].startswith("lime/4, lime/6 was made with lime_seed = 1")


def test_the_note_of_the_question_says_it_and_its_answer_stays() -> None:
    bank = load_bank(shipped_bank())
    signs = np.zeros((128, 128), np.int8)
    signs[:, :64] = 1
    left = np.zeros((128, 128), bool)
    left[:, :64] = True
    evidence = Evidence()
    evidence.add(Record("regions/6", {"food": left, "plate": ~left}))
    evidence.add(Record("picture/6", {"rgb": np.zeros((128, 128, 3), np.uint8)}))
    evidence.add(Record("lime/6", {"signs": signs}))
    questions = planned(bank, ["q01"])
    (plainly,) = decide(bank, questions, evidence).key.questions
    evidence.add(Record("lime/6", {"signs": signs}, {}, {"lime_seed": 16}))
    (remarked,) = decide(bank, questions, evidence).key.questions
    assert remarked.correct == plainly.correct == ["a"]
    assert plainly.note is not None
    assert remarked.note is not None
    assert remarked.note.en.startswith(plainly.note.en)
    assert "lime/6 was made by an earlier version" in remarked.note.en
    assert "較早版本" in remarked.note.zh_hant
