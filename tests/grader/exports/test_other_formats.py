"""Plain CSV and one person's YAML."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.exports import ExportFormat, ReadingContext
from grader.exports.answers_yaml import FORMAT as ANSWERS
from grader.exports.answers_yaml import AnswersYaml
from grader.exports.open import formats, open_export
from grader.exports.plain_csv import PlainCsv
from grader.submissions import (
    NOT_SHOWN,
    UNANSWERED,
    Chosen,
    ReadRow,
    Refused,
    Reject,
    ScoredQuestion,
    Ticked,
)
from solver.errors import ExportError

ONE = Decimal(1)
QUESTIONS = (
    ScoredQuestion("q01", "single", ONE, (Ticked(frozenset("a")),), ("a", "b")),
    ScoredQuestion("q02", "several", ONE, (Ticked(frozenset("ac")),), ("a", "b", "c")),
    ScoredQuestion(
        "q03", "pair", ONE, (Chosen(frozenset({("word", "a"), ("drop", "0.44")})),), (),
        (("word", ("a", "b")), ("drop", ("0.1", "0.44"))),
    ),
)  # fmt: skip
HEADER = "student,name,attempt,submitted,q01,q02,q03"


def plain(tmp_path: Path, *lines: str, header: str = HEADER, **options) -> list:
    path = tmp_path / "plain.csv"
    path.write_text("\n".join([header, *lines, ""]), "utf-8-sig")
    return list(PlainCsv(path, QUESTIONS, **options).rows())


def response(tmp_path: Path, question: str, cell: str):
    quoted = '"' + cell + '"'
    cells = [quoted if name == question else "" for name in ("q01", "q02", "q03")]
    (row,) = plain(tmp_path, f"s1,,,,{','.join(cells)}")
    return row.submission.responses[question]


def test_a_row(tmp_path):
    (row,) = plain(tmp_path, "b099,王,2,2026-04-09 03:28 UTC,b,a c,a;0.44")
    submission = row.submission
    assert (submission.student.id, submission.student.name, submission.attempt) == ("b099", "王", 2)
    assert submission.responses == {
        "q01": Ticked(frozenset("b")),
        "q02": Ticked(frozenset("ac")),
        "q03": QUESTIONS[2].accepted[0],
    }
    assert submission.canvas_score is None and row.rejects == ()


@pytest.mark.parametrize(
    ("question", "cell", "expected"),
    [
        ("q01", "", UNANSWERED),
        ("q01", "-", NOT_SHOWN),
        ("q02", "c, a", Ticked(frozenset("ac"))),
        ("q02", "a;b|c", Ticked(frozenset("abc"))),
        ("q03", "word=b; drop=0.440", Chosen(frozenset({("word", "b"), ("drop", "0.44")}))),
        ("q03", ";0.1", Chosen(frozenset({("drop", "0.1")}))),
        ("q03", ";", UNANSWERED),
    ],
)
def test_cells(tmp_path, question, cell, expected):
    assert response(tmp_path, question, cell) == expected


@pytest.mark.parametrize(
    ("question", "cell", "reason"),
    [
        ("q01", "z", "names 'z'; the question's options are a, b"),
        ("q01", "a b", "several options of a question that takes one"),
        ("q02", "a a", "twice"),
        ("q03", "a", "has 1 choice where the question has 2"),
        ("q03", "a;0.2", "chooses '0.2'; drop has 0.1, 0.44"),
        ("q03", "word=a;word=b", "twice"),
        ("q03", "verb=a", "names 'verb'; the drop-downs are word, drop"),
    ],
)
def test_cells_that_are_refused(tmp_path, question, cell, reason):
    refused = response(tmp_path, question, cell)
    assert isinstance(refused, Refused) and reason in refused.reason


@given(st.text(max_size=8))
@settings(max_examples=150, deadline=None)
def test_any_text_is_read_or_refused(cell):
    from grader.exports.plain_csv import read_ids

    for question in QUESTIONS:
        read = read_ids(question, cell)
        if isinstance(read, Ticked):
            assert read.options <= set(question.options)
        if isinstance(read, Chosen):
            assert all(choice in dict(question.blanks)[blank] for blank, choice in read.choices)


def test_rows_and_headers_that_are_refused(tmp_path):
    lines = ("s1,,,,a,a,;", ",,,,a,a,;", "s2,,,,a", "s3,,x,soon,a,a,;", "1E+05,,,,a,a,;")
    rows = plain(tmp_path, *lines)
    assert [row.submission is None for row in rows] == [False, True, True, False, True]
    assert "has no student id" in rows[1].rejects[0].reason
    assert "rounded by a spreadsheet" in rows[4].rejects[0].reason
    assert [each.reason.split()[1] for each in rows[3].rejects] == ["attempt", "time"]
    for header, said in (
        (HEADER + ",q99", "'q99' is neither a question of the key nor known"),
        (HEADER + ",q01", "'q01' appears twice"),
        ("student,q01", "has no column for q02, q03"),
    ):
        with pytest.raises(ExportError, match=said):
            plain(tmp_path, header=header)
    many = tuple(replace(QUESTIONS[0], id=f"q{at:02d}") for at in range(1, 13))
    path = tmp_path / "few.csv"
    path.write_text("student,q01\n", "utf-8")
    with pytest.raises(ExportError, match="q09 and 3 more"):
        PlainCsv(path, many)
    (row,) = plain(tmp_path, "s,a", header="student,q01", allow_missing=True)
    assert row.submission.responses["q03"] == NOT_SHOWN


def answers(tmp_path: Path, text: str):
    path = tmp_path / "me.yaml"
    path.write_text(text, "utf-8")
    return AnswersYaml(path, QUESTIONS, left_out=["q04"]).submission()


def test_one_persons_yaml(tmp_path):
    text = "answers:\n  q01: b\n  q02: [a, c]\n  q03: {word: a, drop: 0.44}\n  q04: z\n"
    submission = answers(tmp_path, text)
    assert submission.student.id == "me"
    assert submission.responses["q03"] == QUESTIONS[2].accepted[0]
    assert answers(tmp_path, "student: x\nanswers: {q01: }\n").responses == dict.fromkeys(
        ["q01", "q02", "q03"], UNANSWERED
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("answers:\n  q01: b\n  q99: a\n", "line 3: the key has no question 'q99'"),
        ("answers:\n  q01: z\n", "line 2: the answer to q01 names 'z'"),
        ("answers:\n  q01: {a: b}\n", "line 2: the answer to q01 must be option ids"),
        ("answers:\n  q03: [a, b]\n", "line 2: the answer to q03 must be one choice a drop-down"),
        ("answers: [a]\n", "has no mapping 'answers'"),
        ("- 1\n", "has no mapping 'answers'"),
        ("", "has no mapping 'answers'"),
        ('answers: {}\nstudent: "\\ud800"\n', "line 2: is not readable YAML"),
        ('answers: {}\nstudent: "a\\u202eb"\n', "line 2: the student's name holds signs"),
        ("answers: {}\nname: x\n", "line 2: 'name' is not known here"),
        ("answers: {q01: !!python/object:os.system x}\n", "is not readable YAML"),
        ("answers: {q01: a, q01: b}\n", "appears twice"),
    ],
)
def test_yaml_that_is_refused_names_its_line(tmp_path, text, said):
    with pytest.raises(ExportError) as caught:
        answers(tmp_path, text)
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_formats_are_told_apart(tmp_path):
    context = ReadingContext(QUESTIONS, {})
    (tmp_path / "a.csv").write_text("student;q01;q02;q03\ns;a;a;\n")
    (tmp_path / "a.yml").write_text("answers: {}\n")
    assert isinstance(open_export(tmp_path / "a.csv", context), PlainCsv)
    assert isinstance(open_export(tmp_path / "a.yml", context), AnswersYaml)
    (tmp_path / "b.csv").write_text("name,mark\nx,1\n")
    with pytest.raises(ExportError, match="has no question columns") as caught:
        open_export(tmp_path / "b.csv", context)
    assert all(each.name in str(caught.value) for each in formats())
    with pytest.raises(ExportError, match="there is no such file"):
        open_export(tmp_path / "c.csv", context)


def test_a_format_need_not_know_of_files_that_are_not_there(tmp_path, monkeypatch):
    """Its `fits` may just look into the file: that ended in a traceback."""
    new = ExportFormat("a new one", lambda path: path.read_bytes() == b"new", PlainCsv)
    monkeypatch.setattr("grader.exports.open.formats", lambda: (new, ANSWERS))
    with pytest.raises(ExportError, match="there is no such file"):
        open_export(tmp_path / "c.csv", ReadingContext(QUESTIONS, {}))
    with pytest.raises(ExportError, match="is a folder"):
        open_export(tmp_path, ReadingContext(QUESTIONS, {}))


def test_an_attempt_of_twenty_digits_is_no_attempt(tmp_path):
    """It is more than the store of rows takes, and ended the run of the whole class."""
    one, two = plain(tmp_path, "s1,,99999999999999999999,,a,a,;", "s2,,1,,a,a,;")
    assert one.submission.attempt is None and two.submission.attempt == 1
    assert "the attempt is not a whole number" in one.rejects[0].reason


def test_a_format_is_found_by_its_module_and_the_one_for_all_files_is_tried_last(
    tmp_path: Path,
) -> None:
    found = formats()
    (tmp_path / "answers.yml").write_text("answers: {q01: b}\n")
    fitting = [each for each in found if each.fits(tmp_path / "answers.yml") and not each.last]
    assert [each.name for each in fitting] == [ANSWERS.name]
    assert found[-1].last and not any(each.last for each in found[:-1])


def test_a_row_is_not_refused_without_a_reason() -> None:
    of_a_cell = Reject("a.csv", 2, "7", "q01", "?", "fits no option")
    for rejects in ((), (of_a_cell,)):
        with pytest.raises(ValueError, match="says why"):
            ReadRow(None, rejects)
