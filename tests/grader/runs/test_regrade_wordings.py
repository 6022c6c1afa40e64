"""A run is regraded only with a key whose options are those that its record speaks of."""

from __future__ import annotations

import pytest

from grader.key_changes.regrading import refuse_other_options
from solver.banks.bank import Wording
from solver.banks.wording import wording_of
from solver.errors import KeyFileError
from solver.key import Key
from tests.grader.made.made_classes import made_bank, made_key, with_question

BANK = made_bank(5)


def worded() -> Key:
    key = made_key(BANK)
    entries = [
        each.model_copy(update={"wording": wording_of(BANK.question(each.id))})
        for each in key.questions
    ]
    return key.model_copy(update={"questions": entries})


def test_options_that_changed_places_are_refused() -> None:
    key = worded()
    wording = key.questions[0].wording
    a, b = wording.options["a"], wording.options["b"]
    swapped = wording.model_copy(update={"options": {**wording.options, "a": b, "b": a}})
    with pytest.raises(KeyFileError) as caught:
        refuse_other_options(key, with_question(key, "q01", wording=swapped))
    said = str(caught.value)
    assert "q01: option a is 'a) the food' in the run and 'b) the plate' in this key" in said
    assert "Grade the exports again with this key." in said


def test_a_mended_stem_and_a_key_without_wordings_are_taken() -> None:
    key = worded()
    stem = Wording(en="Which is NOT?", zh_hant="何者不是？")
    mended = key.questions[0].wording.model_copy(update={"stem": stem})
    refuse_other_options(key, with_question(key, "q01", wording=mended))
    refuse_other_options(key, made_key(BANK))
    refuse_other_options(made_key(BANK), key)
    fewer = key.model_copy(update={"questions": key.questions[1:]})
    refuse_other_options(key, fewer)
