"""Every kind of record, and every record that a shipped bank needs, has a name in words."""

from __future__ import annotations

from solver.banks.bank import load_bank
from solver.explain.registry import all_explanations
from solver.files.resources import shipped_bank
from solver.pipeline.make_key import needed_records, planned
from solver.text.record_names import record_name, records_named


def test_records_have_names_in_words_in_both_languages() -> None:
    for identifier in needed_records(planned(load_bank(shipped_bank()))):
        english, chinese = record_name(identifier)
        assert english != identifier and "/" not in english and english != chinese, identifier


def test_every_explanation_has_a_name_in_words() -> None:
    for kind in all_explanations():
        names = (record_name(f"{kind}{rest}")[0] for rest in ("", "/1", "/1/2"))
        assert any("/" not in name and name != kind for name in names), kind


def test_what_is_no_record_stays_as_it_is() -> None:
    for text in ("", "lime", "lime/1/2", "a map of the handle", "hidden_states/1"):
        assert record_name(text) == (text, text)
    assert records_named(["lime/1", "x"]) == ("LIME, picture 1; x", "LIME，圖片 1；x")
