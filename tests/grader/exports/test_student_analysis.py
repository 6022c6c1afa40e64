"""The Student Analysis CSV line by line of what is known of it, and everything wrong with one."""

from __future__ import annotations

import os
import random
from datetime import UTC, datetime
from decimal import Decimal
from itertools import product
from pathlib import Path

import pytest

from grader.csv_files.records import open_text
from grader.exports.fields import canvas_score, points_of
from grader.exports.student_analysis import StudentAnalysis
from grader.exports.times import read_time
from grader.submissions import NOT_SHOWN, UNANSWERED, Refused, Ticked
from solver.errors import ExportError
from tests.grader.made import canvas_generator as canvas
from tests.grader.made.generated import wordings

QUIZ = [
    canvas.Q(
        "q01", 111, "several", "0.3", "First of\ntwo", [[("a", "red"), ("b", "green, blue")]],
        right={"a"},
    ),
    canvas.Q("q02", 222, "single", "0.4", "Second", [[("a", "yes"), ("b", "no")]], right={"b"}),
]  # fmt: skip
HEADER = (
    "name,id,section,section_id,submitted,attempt,111: First of two,0.3,222: Second,0.4,c,i,score"
)
GOOD = "Anna,7,S,70,2026-04-09 03:28:49 UTC,1,red,0.3,no,0.4,2,0,0.7"
BOM = "\ufeff"


def opened(path: Path, content: str | bytes, **options) -> StudentAnalysis:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return StudentAnalysis(path, wordings(QUIZ), ["q01", "q02"], **options)


def rows_of(path: Path, *lines: str, header: str = HEADER) -> list:
    return list(opened(path, "\n".join([header, *lines]) + "\n").rows())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "export.csv"


def test_a_row(path):
    (row,) = rows_of(path, GOOD)
    submission = row.submission
    assert submission.student.id == "7" and submission.student.section_id == "70"
    assert submission.attempt == 1 and submission.line == 2
    assert submission.submitted == datetime(2026, 4, 9, 3, 28, 49, tzinfo=UTC)
    assert submission.responses == {"q01": Ticked(frozenset("a")), "q02": Ticked(frozenset("b"))}
    assert submission.canvas_points == {"q01": Decimal("0.3"), "q02": Decimal("0.4")}
    assert submission.canvas_score == Decimal("0.7") and row.rejects == ()


@pytest.mark.parametrize("flags", list(product((False, True), repeat=7)))
def test_every_layout_of_columns(path, flags):
    zh, sis, root, section_sis, attempt, crlf, semicolon = flags
    style = canvas.Style(
        zh=zh, sis=sis, root=root, section_sis=section_sis, attempt=attempt, crlf=crlf,
        delimiter=";" if semicolon else ",",
    )  # fmt: skip
    rng = random.Random(4)
    rows = [canvas.Row(n, 1, n + 1, {"q01": {"a", "b"}, "q02": {"a"}}) for n in range(3)]
    content = canvas.export(rng, QUIZ, rows, style, ["A, B", "王", "C"])
    newest = list(opened(path, content).rows())
    for number, row in enumerate(newest):
        student = row.submission.student
        assert (student.id, student.name) == (str(9002 - number), ["C", "王", "A, B"][number])
        assert student.section.startswith("Section") and student.section_id.endswith("99")
        assert student.sis_id == (f"b0990{2 - number}" if sis else "")
        assert row.submission.attempt == (1 if attempt else None)
        assert row.submission.submitted == datetime(2026, 4, 9, 10, 3 - number, 49, tzinfo=UTC)
        assert row.submission.responses["q01"] == Ticked(frozenset("ab"))


def test_blank_is_not_the_same_as_not_shown(path):
    (row,) = rows_of(path, "Anna,7,S,70,2026-04-09 03:28:49 UTC,1,,0.0,,,0,1,0.0")
    assert row.submission.responses == {"q01": UNANSWERED, "q02": NOT_SHOWN}
    assert row.submission.canvas_points == {"q01": Decimal("0.0"), "q02": None}


def test_a_blank_that_canvas_gave_points_is_still_a_blank(path):
    (row,) = rows_of(path, "Anna,7,S,70,2026-04-09 03:28:49 UTC,1,,0.3,no,0.4,2,0,0.7")
    assert row.submission.responses["q01"] == UNANSWERED


def test_a_cell_that_fits_nothing_is_refused_and_the_rest_stands(path):
    (row,) = rows_of(path, GOOD.replace(",red,", ",purple,"))
    assert isinstance(row.submission.responses["q01"], Refused)
    assert row.submission.responses["q02"] == Ticked(frozenset("b"))
    (reject,) = row.rejects
    assert (reject.source, reject.line, reject.student, reject.question) == (
        "export.csv",
        2,
        "7",
        "q01",
    )
    assert reject.text == "purple" and "fits no set" in reject.reason


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (",0.3,no", ",x,no", "Canvas' points are not a number"),
        (",0.3,no", ",nan,no", "Canvas' points are not a number"),
        (",0.7", ",?", "Canvas' score is not a number"),
        ("03:28:49 UTC", "03:28:49", "has no time zone"),
        ("2026-04-09 03:28:49 UTC", "2026-13-09 03:28:49 UTC", "is not a valid date and time"),
        ("2026-04-09 03:28:49 UTC", "2026-04-09 ...", "is not written like"),
        ("UTC,1,", "UTC,one,", "the attempt is not a whole number"),
        ("UTC,1,", "UTC,-1,", "the attempt is not a whole number"),
    ],
)
def test_cells_about_the_row_are_refused_without_losing_the_answers(path, old, new, reason):
    good = GOOD.replace("Anna,7", "Bea,8")
    read = rows_of(path, GOOD.replace(old, new), good)
    (reject,) = read[0].rejects
    assert reason in reject.reason
    assert read[0].submission.responses == read[1].submission.responses


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (GOOD.removesuffix(",0.7"), "has 12 cells where the header has 13"),
        (GOOD + ",more", "has 14 cells where the header has 13"),
        (GOOD.replace("Anna", "An\x00na"), "zero byte"),
        (GOOD.replace("Anna", '"Anna" B'), "is not readable as CSV"),
        (GOOD.replace(",7,", ",,"), "has no student id"),
        (GOOD.replace("Anna,7,", ",,"), "has no student id"),
        (GOOD.replace(",7,", ",1.01E+15,"), "rounded by a spreadsheet"),
        ("garbage", "has 1 cell where the header has 13"),
    ],
)  # fmt: skip
def test_a_bad_row_is_refused_and_the_others_stand(path, line, reason):
    read = rows_of(path, GOOD, line, GOOD.replace("Anna,7", "Bea,8"))
    assert [row.submission is None for row in read] == [False, True, False]
    (reject,) = read[1].rejects
    assert reason in reject.reason and reject.line == 3


@pytest.mark.parametrize(
    ("line", "student"),
    [
        ("Anna,7,S,70", "7"),
        ('Anna,7,S,"70, 99",2026-04-09', "7"),
        ("Anna,7,S", ""),
        ("Lin,Mei,7,S,70", ""),  # a name with a comma and no quotes
        ("Anna,7,S,A", ""),
        ("Anna,٧,S,70", ""),
    ],
)
def test_a_row_cut_short_is_its_students_where_the_cells_before_are_whole(path, line, student):
    (row,) = rows_of(path, line)
    assert row.rejects[0].student == student


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="no names of open files here")
def test_a_pipe_gets_a_sentence():
    reading, writing = os.pipe()
    os.write(writing, GOOD.encode())
    os.close(writing)
    with pytest.raises(ExportError, match=r"is a pipe, .* Save it as a file first"):
        open_text(Path(f"/dev/fd/{reading}"))
    os.close(reading)


def test_a_stray_quote_swallows_no_rows(path):
    lines = [GOOD.replace("Anna,7", f"N{n},{n}") for n in range(10, 20)]
    lines[3] = '"' + lines[3]
    read = rows_of(path, *lines)
    assert len(read) == 10
    assert [row.submission is None for row in read] == [n == 3 for n in range(10)]
    assert [row.submission.line for row in read if row.submission] == [2, 3, 4, 6, 7, 8, 9, 10, 11]


def test_two_stray_quotes_lose_only_their_own_rows(path):
    lines = [GOOD.replace("Anna,7", f"N{n},{n}") for n in range(10, 20)]
    lines[2] = lines[2].replace("red", '"red')
    lines[6] = lines[6].replace("red", '"red')
    read = rows_of(path, *lines)
    assert [row.submission is None for row in read] == [n in (2, 6) for n in range(10)]


def test_a_name_over_two_lines_is_one_row(path):
    read = rows_of(
        path, GOOD.replace("Anna", '"An\nna ""Q"", Jr"'), GOOD.replace("Anna,7", "Bea,8")
    )
    assert [row.submission.student.name for row in read] == ['An\nna "Q", Jr', "Bea"]
    assert [row.submission.line for row in read] == [2, 4]


def test_bytes_that_are_not_utf8_refuse_their_row_only(path):
    content = "\n".join([HEADER, GOOD, GOOD.replace("Anna,7", "Bea,8"), ""]).encode()
    read = list(opened(path, content.replace(b"Anna", b"\xa4\xfd")).rows())
    assert read[0].submission is None and "is not UTF-8 in column 1" in read[0].rejects[0].reason
    read[0].rejects[0].text.encode()
    assert read[1].submission is not None


def test_empty_lines_and_a_spreadsheets_empty_columns_are_no_rows(path):
    content = f"{HEADER},,\r\n{GOOD},,\r\n,,,,,,,,,,,,,,\r\n\r\n"
    assert len(list(opened(path, BOM + content).rows())) == 1


def test_what_a_spreadsheet_does_to_a_file(path):
    header = HEADER.replace(",", ";").replace("0.3", "0,3").replace("0.4", "0,4")
    line = "Anna;7;S;70;2026/4/9 3:28 UTC;1;red;0,3;no;0,4;2;0;0,7"
    (row,) = opened(path, f"sep=;\r\n{header}\r\n{line}\r\n").rows()
    assert row.submission.canvas_score == Decimal("0.7") and row.rejects == ()
    assert row.submission.line == 3


@pytest.mark.parametrize("how", ["text", "ident", "order"])
def test_columns_are_matched_in_three_ways_and_it_says_which(path, how):
    path.write_text(f"{HEADER}\n{GOOD}\n")
    export = StudentAnalysis(path, wordings(QUIZ, how), ["q01", "q02"])
    said = {"text": "by text", "ident": "by Canvas' question id", "order": "by order"}[how]
    assert said in export.notes[0] and "q01, q02" in export.notes[0]


def test_columns_in_another_order_are_matched_by_text_and_by_id(path):
    header = HEADER.replace(
        "111: First of two,0.3,222: Second,0.4", "222: Second,0.4,111: First of two,0.3"
    )
    line = GOOD.replace("red,0.3,no,0.4", "no,0.4,red,0.3")
    for how in ("text", "ident"):
        path.write_text(f"{header}\n{line}\n")
        (row,) = StudentAnalysis(path, wordings(QUIZ, how), ["q01", "q02"]).rows()
        assert row.submission.responses["q01"] == Ticked(frozenset("a"))


def test_equal_texts_are_told_apart_by_their_place(path):
    quiz = [canvas.Q(**{**q.__dict__, "stem": "Same"}) for q in QUIZ]
    path.write_text(f"{HEADER}\n{GOOD}\n".replace("First of two", "Same").replace("Second", "Same"))
    export = StudentAnalysis(path, wordings(quiz), ["q01", "q02"])
    assert "place among equal texts" in export.notes[0]
    (row,) = export.rows()
    assert row.rejects == ()


def test_a_column_more_can_be_skipped_and_a_question_less_allowed(path):
    header = HEADER.replace(",c,i", ",333: Survey,1,c,i")
    content = f"{header}\n{GOOD.replace(',2,0,0.7', ',x,0.0,2,0,0.7')}\n"
    with pytest.raises(ExportError, match=r"question 333 .'Survey'. is no question of the key"):
        opened(path, content)
    (row,) = opened(path, content, skip=["333"]).rows()
    assert row.submission.responses["q02"] == Ticked(frozenset("b"))
    less = f"{HEADER.replace('222: Second,0.4,', '')}\n{GOOD.replace('no,0.4,', '')}\n"
    with pytest.raises(ExportError, match="has no column for q02"):
        opened(path, less)
    (row,) = opened(path, less, allow_missing=True).rows()
    assert row.submission.responses["q02"] == NOT_SHOWN


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"name,id\nAnna,7\n", "has no question columns"),
        (b"<html><body>Sign in</body></html>", "has no question columns"),
        (b"PK\x03\x04rest", "is a spreadsheet or an archive"),
        (b"\xd0\xcf\x11\xe0rest", "is a spreadsheet or an archive"),
        (HEADER.encode("utf-16"), "is UTF-16 text"),
        (HEADER.replace("Second", "第二").encode("cp950"), "Big5"),
        (HEADER.replace(",score", "").encode(), "has 2 columns after its 2 questions, from 'c' on"),
        (HEADER.replace(",c,i,score", "").encode(), "has 0 columns after its 2 questions"),
        (HEADER.replace(",0.4", ",points").encode(), "from '222: Second' on"),
        (HEADER.replace("name,id,section,", "").encode(), "has no column name, id, section."),
        (HEADER.replace("name,id,section,section_id,", "").encode(), "has 2 columns before"),
        (HEADER.replace("name,", "a,b,c,d,e,").encode(), "has 10 columns before"),
        (HEADER.replace("111: First", '"111: First').encode(), "has no question columns"),
    ],
)  # fmt: skip
def test_each_malformed_file_gets_one_sentence(path, content, said):
    with pytest.raises(ExportError) as caught:
        opened(path, content)
    text = str(caught.value)
    assert said in text
    assert text.startswith(str(path)) and "\n" not in text and text.endswith(".")


def test_a_file_that_is_not_there(tmp_path):
    for name, said in (("none.csv", "there is no such file"), ("", "is a folder")):
        with pytest.raises(ExportError, match=said):
            StudentAnalysis(tmp_path / name, wordings(QUIZ), ["q01", "q02"])


def test_an_anonymous_survey_is_refused(path):
    header = HEADER.replace("name,id,", "")
    with pytest.raises(ExportError, match="has no names and ids"):
        opened(path, f"{header}\n{GOOD.replace('Anna,7,', '')}\n")


def test_random_damage_never_ends_in_a_traceback(path):
    rng = random.Random(11)
    whole = (
        BOM + "\n".join([HEADER, *[GOOD.replace("7", str(n), 1) for n in range(9)], ""])
    ).encode()
    alive = 0
    for _ in range(1500):
        data = bytearray(whole)
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(len(data))
            data[at : at + rng.choice([0, 1, 1, 5, 40])] = rng.choice(
                [b"", b'"', b",", b"\n", b"\x00", b"\xff", b";", b'""', b"\r", b"9", b"red"]
            )
        try:
            export = opened(path, bytes(data))
        except ExportError as problem:
            assert "\n" not in str(problem)
            continue
        for row in export.rows():
            assert row.submission is not None or len(row.rejects) == 1
            alive += row.submission is not None
    assert alive > 3000


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-04-09 03:28:49 UTC", (2026, 4, 9, 3, 28, 49)),
        ("2026-04-09 11:28:49 +0800", (2026, 4, 9, 3, 28, 49)),
        ("2026-04-09T11:28:49.123+08:00", (2026, 4, 9, 3, 28, 49)),
        ("2026/4/9 3:28 UTC", (2026, 4, 9, 3, 28, 0)),
        ("2026-04-08 23:28:49 -0400", (2026, 4, 9, 3, 28, 49)),
    ],
)
def test_times(text, moment):
    assert read_time(text) == datetime(*moment, tzinfo=UTC)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_wide_encodings_are_named_with_and_without_their_mark(path, encoding):
    for header in (HEADER, HEADER.replace("name", "名稱").replace("section", "班別")):
        with pytest.raises(ExportError, match=encoding[:6].upper()):
            opened(path, f"{header}\n{GOOD}\n".encode(encoding))


@pytest.mark.parametrize("megabytes", [2, 10])
def test_a_cell_of_megabytes_refuses_its_row_once(path, megabytes):
    """Read in pieces, it was counted as several rows, and the lines after it were misnumbered."""
    long = GOOD.replace("Anna", "x" * (megabytes << 20))
    one, two, three = rows_of(path, GOOD, long, GOOD.replace(",7,", ",8,"))
    assert two.submission is None and two.rejects[0].line == 3
    assert "field larger than" in two.rejects[0].reason and len(two.rejects[0].text) <= 500
    assert (one.submission.line, three.submission.line) == (2, 4)


@pytest.mark.parametrize("text", ["1E999999999", "-1E999999999", "1000000", "nan", "x", "0x1"])
def test_what_is_no_number_of_points(text):
    assert points_of(text) is None
    assert canvas_score(text) == (None, "Canvas' score is not a number")


@pytest.mark.parametrize("text", ["0.30", "1,5", " -2 ", "1E-999999999", "999999.9"])
def test_what_is_a_number_of_points(text):
    assert str(points_of(text)) == text.strip().replace(",", ".")
