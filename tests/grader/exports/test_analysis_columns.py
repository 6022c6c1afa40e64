"""Which question a column is: drop-downs by their text however they are typed, nothing by guess."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from grader.exports.analysis_columns import ColumnMatcher, MatchedColumn, how_matched
from grader.exports.analysis_layout import QuestionColumn
from grader.quizzes.texts import quiz_of_bank, wordings_by_question
from solver.banks.bank import load_bank
from solver.errors import ExportError
from tests.grader.made.canvas_generator import html_to_text

BANK = load_bank(Path(__file__).parents[3] / "questions" / "2021")
WORDINGS = wordings_by_question(quiz_of_bank(BANK, each) for each in ("en", "zh-Hant", "both"))
NAMES = list(WORDINGS)
Q22 = BANK.question("q22")
EN, ZH = Q22.stem.en, Q22.stem.zh_hant
OWN = "Fill in what the exBERT page shows: [word] and [fall]"


def headers(**changed: str | None) -> dict[str, str]:
    """Each question's stem as a header has it, in English; those given otherwise, or left out."""
    texts = {name: BANK.question(name).stem.en for name in NAMES} | changed
    return {name: text for name, text in texts.items() if text is not None}


def matched(texts: dict[str, str], seed: int | None = None, **how: bool) -> list[MatchedColumn]:
    """Match columns whose Canvas id is the number of the name: 107 of q07."""
    names = list(texts)
    if seed is not None:
        random.Random(seed).shuffle(names)
    columns = [
        QuestionColumn(5 + 2 * place, f"1{name[1:]}", texts[name])
        for place, name in enumerate(names)
    ]
    return ColumnMatcher(columns, WORDINGS).match(Path("export.csv"), **how)


def refused(texts: dict[str, str], seed: int | None = None) -> str:
    with pytest.raises(ExportError) as said:
        matched(texts, seed)
    return str(said.value)


def ways(found: list[MatchedColumn]) -> dict[str, str]:
    for each in found:
        assert each.column.canvas_id == f"1{each.question[1:]}"
    return {each.question: each.how for each in found}


@pytest.mark.parametrize(
    ("text", "how"),
    [
        (html_to_text(WORDINGS["q22"][0].stem), "text"),
        (WORDINGS["q22"][0].stem.replace("<p>", "\n").replace("</p>", ""), "text"),
        (EN, "words"),
        (ZH, "words"),
        (f"{EN}\n{ZH}", "words"),
        (f"{EN} [a] [b]", "words"),
        (f"{EN}\n[word]\n\n[how far]", "words"),
        (EN.replace('"', "\u201d"), "words"),
        (f"{EN} The word predicted: [a] and how far P(him) falls: [b]", "first words"),
        (f"{ZH}\n詞：[a]，幅度：[b]", "first words"),
    ],
)
def test_drop_downs_are_recognised_however_they_are_typed(text: str, how: str) -> None:
    # In another order than the key's, where a place says nothing.
    for seed in (1, 2):
        found = ways(matched(headers(q22=text), seed))
        assert found["q22"] == how and set(found) == set(NAMES)


def test_a_column_that_is_missing_is_named_and_no_other() -> None:
    for seed in (None, 3):
        said = refused(headers(q07=None), seed)
        assert "has no column for q07 of the key (29 question columns matched: " in said
        assert "--allow-missing" in said and "--skip-column" not in said
    found = matched(headers(q07=None), allow_missing=True)
    assert "q07" not in ways(found) and len(found) == 29


def test_a_question_in_words_of_its_own_is_told_by_its_place() -> None:
    found = matched(headers(q22=OWN))
    assert ways(found)["q22"] == "order" and "1 by order (q22)" in how_matched(found)
    said = refused(headers(q22=OWN, q07=None))
    assert "has no column for q07 of the key" in said and "1 by order (q22)" in said
    assert "--skip-column" not in said


def test_where_columns_lack_in_one_place_nothing_is_guessed() -> None:
    said = refused(headers(q22=OWN, q23=None, q07=None))
    assert "question 122 ('Fill in what the exBERT page shows" in said
    assert "in that place belong q22, q23, so which is which cannot be told" in said
    assert "no column can be q07;" in said
    assert "recognised by id or text: q01 to q06, q08 to q21, q24 to q30" in said
    assert "--skip-column" not in said and "import-qti" in said
    with pytest.raises(ExportError):
        matched(headers(q22=OWN, q23=None), allow_missing=True)


def test_a_column_that_is_no_question_is_named_and_what_is_missing_too() -> None:
    said = refused({**headers(q07=None), "q99": "How did you like it?"})
    assert "question 199 ('How did you like it?') is no question of the key" in said
    assert "no column can be q07;" in said and "--skip-column 199" in said
    texts = headers(q22=OWN)
    texts = {name: texts[name] for name in NAMES[:22]} | {"q98": "And?"} | texts
    said = refused(texts)
    assert "question 122" in said and "and 1 more column" in said and "belong q22" in said
    assert "leave out what is no question of the key with --skip-column." in said


def test_in_another_order_only_the_last_one_is_told() -> None:
    found = ways(matched(headers(q22=OWN), 5))
    assert found["q22"] == "elimination, being the only ones left"
    for texts in (headers(q22=OWN, q07=None), headers(q22=OWN, q07="something else")):
        said = refused(texts, 5)
        assert "without a column are q07, q22" in said and "cannot be told" in said
        assert "no column can be" not in said


def test_where_nothing_is_recognised_order_needs_every_column() -> None:
    own = {name: f"own words {name}" for name in NAMES}
    assert set(ways(matched(own)).values()) == {"order"}
    del own["q30"]
    said = refused(own)
    assert "none of its question columns (29)" in said and "(30)" in said
    assert "--skip-column" not in said


def test_two_columns_that_begin_alike_are_not_told_by_that() -> None:
    texts = headers(q22=f"{EN} Part 1: [a]", q23=f"{EN} Part 2: [b]")
    said = refused(texts, 4)
    assert "without a column are q22, q23" in said
