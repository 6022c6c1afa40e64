"""Answers read leniently: unmistakable ones are read and listed, all others listed as faults."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from grader.self_check.lenient_answers import (
    LenientAnswers,
    nearest,
    number_of,
    one_named,
    plain,
    read_leniently,
)
from grader.submissions import UNANSWERED, Chosen, ScoredQuestion, Ticked
from solver.banks.bank import Bank, load_bank
from solver.errors import ExportError
from solver.files.resources import shipped_bank

SHIPPED = load_bank(shipped_bank())
FALLS = ("0.16", "0.318", "0.64")


def question(name: str) -> ScoredQuestion:
    """A shipped question as it is scored; a measured drop-down offers three numbers."""
    asked = SHIPPED.question(name)
    blanks, names = [], []
    for blank in asked.blanks:
        offered = tuple(option.id for option in blank.options or []) or FALLS
        goes_by = {each: each for each in offered}
        goes_by |= dict(zip("abc", FALLS, strict=True)) if blank.options is None else {}
        blanks.append((blank.id, offered))
        names.append((blank.id, tuple(goes_by.items())))
    return ScoredQuestion(
        name, asked.kind, Decimal("0.3"), (), tuple(o.id for o in asked.options), tuple(blanks),
        choice_names=tuple(names),
    )  # fmt: skip


QUESTIONS = [question(name) for name in ("q01", "q02", "q03", "q22", "q28")]


def read(folder: Path, answers: str, bank: Bank = SHIPPED, **more: object) -> LenientAnswers:
    path = folder / "answers.yaml"
    path.write_text(answers, "utf-8")
    return read_leniently(path, QUESTIONS, bank, **more)  # type: ignore[arg-type]


def ticked(*options: str) -> Ticked:
    return Ticked(frozenset(options))


@pytest.mark.parametrize(
    ("written", "options"),
    [
        ("b", "b"), ("B", "b"), ("Ｂ", "b"), ("(b)", "b"), ("[b]", "b"), ("'b.'", "b"),
        ("on the food in red", None),
    ],
)  # fmt: skip
def test_an_id_however_it_is_written(tmp_path: Path, written: str, options: str | None) -> None:
    if options is None:
        with pytest.raises(ExportError, match="its options are a, b, c, d"):
            read(tmp_path, f"answers: {{q01: {written}}}")
        return
    found = read(tmp_path, f"answers: {{q01: {written}}}")
    assert found.responses["q01"] == ticked(options)
    exact = written in ("b", "[b]")
    assert [(each.place, each.read_as) for each in found.readings] == (
        [] if exact else [("q01", "b")]
    )


@pytest.mark.parametrize("language", ["en", "zh-Hant"])
def test_every_option_is_read_from_its_text(tmp_path: Path, language: str) -> None:
    for option in SHIPPED.question("q02").options:
        text = option.text.in_language(language)
        for written in (text, f" {text.upper()}. ", f"{option.id}) {text}"):
            found = read(tmp_path, f'answers: {{q02: "{written}"}}')
            assert found.responses["q02"] == ticked(option.id), written
            assert len(found.readings) == 1


@pytest.mark.parametrize("written", ["[a, B]", "a b", "'a,b'", "ab", "A+B", "[a, '(b)']", "a、b"])
def test_several_options(tmp_path: Path, written: str) -> None:
    assert read(tmp_path, f"answers: {{q03: {written}}}").responses["q03"] == ticked("a", "b")


@pytest.mark.parametrize("name", ["Q1", "q1", "1", "Question 1", "第1題", "'01'"])
def test_questions_by_number(tmp_path: Path, name: str) -> None:
    found = read(tmp_path, f"answers: {{{name}: c}}")
    assert found.responses["q01"] == ticked("c")
    assert found.readings[0].read_as == "q01"


@pytest.mark.parametrize("written", [".32", "0.32", "'32%'", "0.318", "b", "'.3'"])
def test_a_number_stands_for_the_one_choice_near_it(tmp_path: Path, written: str) -> None:
    words, fall = SHIPPED.question("q22").blanks
    word = words.options[0].id if words.options else ""
    found = read(tmp_path, f"answers: {{q22: {{{words.id}: {word}, {fall.id}: {written}}}}}")
    assert found.responses["q22"] == Chosen(frozenset({(words.id, word), (fall.id, "0.318")}))
    assert bool(found.readings) == (written not in ("0.318", "b"))
    listed = read(tmp_path, f"answers: {{q22: [{word}, {written}]}}")
    assert listed.responses == found.responses


def test_a_number_between_two_is_none_of_them(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"q22, .*0\.24.*it has 0\.16, 0\.318, 0\.64"):
        read(tmp_path, f"answers: {{q22: {{{SHIPPED.question('q22').blanks[1].id}: .24}}}}")
    assert nearest("1", ["2"]) is None and nearest("2.05", ["2"]) == "2"
    assert nearest("x", ["1"]) is None and nearest("1", ["x"]) is None
    assert number_of("1e999999999") is None and number_of("nan") is None
    # Layers are ids, not measurements: 10 is not "9, nearly".
    assert one_named("10", {"a": ["9"], "b": ["12"]}) is None
    assert plain("  ") == ""


def test_a_text_of_two_options_is_none_of_them() -> None:
    with pytest.raises(Exception, match="may be a or b"):
        one_named("same", {"a": ["Same"], "b": ["same."]})


def test_all_slips_are_told_at_once_with_their_lines(tmp_path: Path) -> None:
    text = (
        "answers:\n  q01: z\n  q02: [a, b]\n  q99: a\n  q03: [a, A]\n  q28: {k: a}\n  Q01: {a: b}\n"
    )
    with pytest.raises(ExportError) as found:
        read(tmp_path, text)
    said = str(found.value)
    assert "6 answers cannot be read" in said
    for part in (
        "line 2: the answer to q01 names 'z'", "line 3: q02 takes one option, and a, b are given",
        "line 4: the key has no question 'q99'; it has q01, q02, q03, q22, q28",
        "line 5: the answer to q03 names an option twice", "line 6: q28 has no drop-down 'k'",
        "line 7: q01 is answered twice",
    ):  # fmt: skip
        assert part in said


def test_the_same_question_twice(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="line 3: q01 is answered twice"):
        read(tmp_path, "answers:\n  q01: a\n  Q1: b\n")


def test_what_is_empty_is_unanswered_and_half_is_told(tmp_path: Path) -> None:
    first, second = SHIPPED.question("q28").blanks
    option = first.options[0].id if first.options else ""
    text = (
        f"answers:\n  q01:\n  q02: ''\n  q03: []\n  q28: {{{first.id}: {option}, {second.id}: }}\n"
    )
    found = read(tmp_path, text)
    assert all(found.responses[name] == UNANSWERED for name in ("q01", "q02", "q03", "q22"))
    assert found.half == [f"q28: {second.id}"]


def test_a_question_left_out_may_be_answered_in_any_way(tmp_path: Path) -> None:
    assert "q30" not in read(tmp_path, "answers: {q30: whatever}", left_out=["q30"]).responses
