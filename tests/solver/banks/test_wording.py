"""What a key was made for, and what differs from a bank."""

from __future__ import annotations

import pytest

from solver.banks.bank import Blank, MeasuredChoices, Question, Wording
from solver.banks.wording import QuestionWording, differences, wording_of
from tests.grader.made.made_classes import made_bank

BANK = made_bank(5)
SEVERAL, PAIR = BANK.question("q02"), BANK.question("q05")


def text(en: str, zh: str = "同") -> Wording:
    return Wording(en=en, zh_hant=zh)


def with_option(question: Question, **changes: object) -> Question:
    first, *others = question.options
    return question.model_copy(update={"options": [first.model_copy(update=changes), *others]})


def found(one: Question, other: Question, **more: bool) -> list[str]:
    return list(differences(wording_of(one), wording_of(other), **more))


def test_a_wording_holds_what_a_student_reads_and_nothing_else() -> None:
    wording = wording_of(SEVERAL)
    assert wording.stem == SEVERAL.stem
    assert list(wording.options) == [option.id for option in SEVERAL.options]
    assert list(wording_of(PAIR).blanks) == ["x", "y"]
    other = with_option(SEVERAL, claim={"region": "plate"})
    changed = other.model_copy(update={"rule": "t.other", "settings": {"top": 3}})
    assert found(SEVERAL, changed) == []


def test_white_space_and_the_order_of_options_do_not_count() -> None:
    again = SEVERAL.model_copy(update={"options": list(reversed(SEVERAL.options))})
    spaced = text(f"  {SEVERAL.stem.en.replace(' ', chr(10))} ", SEVERAL.stem.zh_hant)
    assert found(SEVERAL, again.model_copy(update={"stem": spaced})) == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"stem": text("Which is NOT?", SEVERAL.stem.zh_hant)}, "its text is"),
        ({"stem": text(SEVERAL.stem.en, "不")}, "its text is"),
        ({"choose": 2}, "the number to choose is only in the bank"),
    ],
)
def test_what_differs_is_told(changed: dict[str, object], said: str) -> None:
    other = SEVERAL.model_copy(update=changed)
    (only,) = found(SEVERAL, other)
    assert only.startswith(said)
    assert found(SEVERAL, other, options_only=True) == []
    assert len(found(other, SEVERAL)) == 1


def test_options_that_changed_places_or_names() -> None:
    a, b, *others = SEVERAL.options
    swapped = [a.model_copy(update={"text": b.text}), b.model_copy(update={"text": a.text})]
    said = found(SEVERAL, SEVERAL.model_copy(update={"options": [*swapped, *others]}))
    assert [each.split(" is ")[0] for each in said] == ["option a", "option b"]
    fewer = found(SEVERAL, SEVERAL.model_copy(update={"options": SEVERAL.options[:-1]}))
    assert fewer == [f"option {SEVERAL.options[-1].id} is only in the key"]
    assert found(SEVERAL, with_option(SEVERAL, text=text("another")), options_only=True)


def test_drop_downs_by_label_choice_and_measure() -> None:
    x, y = PAIR.blanks
    label = PAIR.model_copy(update={"blanks": [x.model_copy(update={"label": text("Z")}), y]})
    assert [each.split(" is ")[0] for each in found(PAIR, label)] == ["the label of drop-down x"]
    assert found(PAIR, label, options_only=True) == []
    measured = Blank(id="y", label=y.label, measured=MeasuredChoices(factors=["2"], decimals=2))
    given = found(PAIR, PAIR.model_copy(update={"blanks": [x, measured]}))
    assert all(each.endswith("of drop-down y is only in the key") for each in given) and given
    renamed = [x, y.model_copy(update={"id": "w"})]
    assert found(PAIR, PAIR.model_copy(update={"blanks": renamed}), options_only=True)


def test_every_difference_is_told() -> None:
    a, *others = SEVERAL.options
    changed = [*others[:-1], others[-1].model_copy(update={"text": text("another")})]
    said = found(SEVERAL, SEVERAL.model_copy(update={"options": changed}))
    assert said[0] == f"option {a.id} is only in the key" and len(said) == 2


def test_a_long_text_is_shown_where_it_differs() -> None:
    long = "word " * 60
    one, two = (QuestionWording(stem=text(f"{long}{end} {long}")) for end in ("is", "is not"))
    (only,) = differences(one, two)
    assert "is not" in only and len(only) < 260
    assert only.count("'...") == 2 and only.count("...'") == 2
    short = QuestionWording(stem=text("word"))
    (only,) = differences(QuestionWording(stem=text(long)), short)
    assert "is 'word word" in only and only.endswith("'word' in the bank")


def test_a_wording_goes_through_a_file() -> None:
    made = wording_of(PAIR)
    assert QuestionWording.model_validate(made.model_dump(by_alias=True)) == made
