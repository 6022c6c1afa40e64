"""The gradebook: one column filled, every other byte as it was, or a refusal."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.csv_files.spans import cell_spans, replaced
from grader.runs.gradebook import Gradebook, score_text
from grader.submissions import GradedSubmission, Student, Submission
from solver.errors import ExportError
from tests.grader.made.gradebook_files import COOL


def graded(student: str, total: str, sis: str = "", **more) -> GradedSubmission:
    person = Student(student, sis_id=sis)
    submission = Submission(person, 1, None, {}, {}, None, "export.csv", 2)
    return GradedSubmission(submission, {}, Decimal(total), Decimal(10), **more)


def book(tmp_path: Path, content: str | bytes, column: str = "HW9 (1234)") -> Gradebook:
    path = tmp_path / "grades.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return Gradebook(path, column)


def test_only_the_cells_of_graded_students_change(tmp_path):
    filled = book(tmp_path, COOL).fill([graded("101", "9.7"), graded("102", "10.0")])
    expected = COOL.replace(",,9.00,\r\n", ",,9.00,9.70\r\n").replace("8.5,3.25", "8.5,10.00")
    assert filled.content == expected.encode()
    assert (filled.filled, filled.replaced, filled.points_possible) == (2, 1, "10.00")


def test_excused_absent_and_incomplete_are_left(tmp_path):
    some = [graded("103", "9"), graded("104", "9"), graded("101", "1", complete=False)]
    filled = book(tmp_path, COOL).fill(some)
    assert filled.content == COOL.encode()
    assert (filled.filled, filled.kept, filled.incomplete) == (0, 2, 1)


UPSTREAM = COOL.replace("SIS Login ID", "SIS User ID,SIS Login ID")
UPSTREAM = UPSTREAM.replace("Possible,", "Possible,,").replace(",b099", ",s99,b099")
for _number in "1234":
    UPSTREAM = UPSTREAM.replace(f",s99,b09900{_number}", f",s99{_number},b09900{_number}")


def test_an_id_is_looked_for_in_the_column_of_its_system_alone(tmp_path):
    grades = book(tmp_path, COOL)
    assert b"9.00,1.00\r\n" in grades.fill([graded("b099001", "1")], ids="login").content
    for student, ids in (("b099001", "canvas"), ("101", "login")):
        with pytest.raises(ExportError, match=f"has no student {student}"):
            grades.fill([graded(student, "1")], ids=ids)
    upstream = book(tmp_path, UPSTREAM)
    assert b"9.00,1.00\r\n" in upstream.fill([graded("s991", "1")], ids="sis").content
    assert b"9.00,1.00\r\n" in upstream.fill([graded("me", "1", sis="s991")], ids="own").content
    with pytest.raises(ExportError, match="has no student s991"):
        upstream.fill([graded("s991", "1")], ids="login")


def test_a_gradebook_without_a_column_of_such_ids_is_refused(tmp_path):
    grades = book(tmp_path, COOL)
    with pytest.raises(ExportError, match=r"names or numbers of its own\. Give it a column id"):
        grades.fill([graded("101", "1")], ids="own", skip_unknown=True)
    with pytest.raises(ExportError, match="has no column 'SIS User ID'"):
        grades.fill([graded("101", "1")], ids="sis")


@pytest.mark.parametrize(
    ("student", "sis", "ids", "said"),
    [
        ("101", "s992", "canvas", "lead to the row with ID 101 and 102"),
        ("999", "s992", "canvas", "row with ID 102, which has ID 102"),
        ("101", "s999", "canvas", "row with ID 101, which has SIS User ID s991"),
        ("b099001", "s992", "login", "lead to the row with ID 101 and 102"),
    ],
)
def test_two_ways_that_name_two_people_fill_neither(tmp_path, student, sis, ids, said):
    grades = book(tmp_path, UPSTREAM)
    one, other = graded(student, "1", sis=sis), graded("103" if ids == "canvas" else "b099003", "2")
    with pytest.raises(ExportError, match="the student of this row cannot be determined") as caught:
        grades.fill([one, other], ids=ids)
    assert said in str(caught.value)
    filled = grades.fill([one, other], ids=ids, skip_unknown=True)
    assert (filled.content, filled.unknown) == (UPSTREAM.encode(), 1)
    right = graded("101", "1", sis="S991") if ids == "canvas" else graded("b099001", "1")
    assert grades.fill([right], ids=ids).filled == 1


def test_upstream_columns_and_the_manual_posting_row(tmp_path):
    content = (
        "Student,ID,SIS User ID,SIS Login ID,Integration ID,Section,HW9 (1234),Final Score\n"
        ",,,,,,Manual Posting,\n    Points Possible,,,,,,10,(read only)\n"
        'A,1,u1,l1,,S,,55\n\n"Student, Test",2,,,,S,,\n'
    )
    filled = book(tmp_path, content, "1234").fill([graded("1", "0.3")])
    assert filled.content == content.replace("S,,55", "S,0.30,55").encode()


@pytest.mark.parametrize(
    ("old", "new", "column", "said"),
    [
        ("", "", "HW10", "has no column 'HW10', and a new one would make a new assignment"),
        ("", "", "99", "has no column '99'"),
        ("", "", "Notes", "the column 'Notes' is no assignment"),
        ("", "", "ID", "the column 'ID' is no assignment"),
        ("HW8 (1200)", "HW9 (1234)", "HW9 (1234)", "has the column 'HW9 (1234)' 2 times"),
        (",102,", ",101,", "HW9 (1234)", "record 4: the student with ID 101 appears twice"),
        ("Student,", "學生,", "HW9 (1234)", "has no column 'Student'"),
        ("Notes", "ID", "HW9 (1234)", "has 'ID' twice"),
        ("ID,SIS Login ID", "SIS Login ID,ID", "HW9 (1234)", "no ids of Canvas in its column 'ID'"),
        ("8.5,3.25", "8.5", "HW9 (1234)", "has 6 cells where the header has 7"),
        ('"Lin', '"Lin" x', "HW9 (1234)", "line 3: text follows a quoted cell"),
        ('"S ""A"""', '"S ""A""', "HW9 (1234)", "a quoted cell does not end"),
    ],
)  # fmt: skip
def test_what_is_refused(tmp_path, old, new, column, said):
    with pytest.raises(ExportError) as caught:
        book(tmp_path, COOL.replace(old, new) if old else COOL, column)
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_unknown_and_double_students_are_refused(tmp_path):
    grades = book(tmp_path, COOL)
    with pytest.raises(ExportError, match="has no student 999"):
        grades.fill([graded("999", "1")])
    assert grades.fill([graded("999", "1")], skip_unknown=True).unknown == 1
    with pytest.raises(ExportError, match="two of the graded students"):
        grades.fill([graded("101", "1"), graded("101", "2")])
    twice = book(tmp_path, COOL.replace("b099002", "b099001"))
    with pytest.raises(ExportError, match="b099001 lead to the row with ID 101 and 102"):
        twice.fill([graded("b099001", "1")], ids="login")


def test_other_files_get_a_sentence(tmp_path):
    for content, said in (
        (b"", "is empty"),
        ("Student,ID,Section,\u5b78".encode("cp950"), "UTF-8"),
    ):
        with pytest.raises(ExportError, match=said):
            book(tmp_path, content)
    with pytest.raises(ExportError, match="there is no such file"):
        Gradebook(tmp_path / "none.csv", "1")


@pytest.mark.parametrize(
    ("total", "text"),
    [("9.7", "9.70"), ("10", "10.00"), ("0", "0.00"), ("0.3333", "0.3333"), ("9.70000", "9.70")],
)
def test_scores_have_two_decimals_unless_they_need_more(total, text):
    assert score_text(Decimal(total)) == text


CELL = st.text(alphabet='ab ",;\n\r王=', max_size=6)


@st.composite
def gradebooks(draw):
    """Bytes of a gradebook, the students' ids, and where each one's cell lies, by construction."""
    delimiter = draw(st.sampled_from(",;"))
    end = draw(st.sampled_from(["\n", "\r\n"]))
    extra = draw(st.integers(0, 3))
    place = draw(st.integers(0, extra))
    ids = draw(st.lists(st.integers(1, 10**6), unique=True, max_size=5))

    def written(text: str) -> str:
        plain = not any(letter in text for letter in '",;\n\r')
        if plain and draw(st.booleans()):
            return text
        return '"' + text.replace('"', '""') + '"'

    header = ["Student", "ID", "Section", *[f"Old {n} ({n})" for n in range(extra)]]
    header.insert(3 + place, "HW9 (1234)")
    lines = [[written(each) for each in header]]
    possible = ["    Points Possible", "", "", *[""] * extra]
    possible.insert(3 + place, "10.00")
    lines.append(possible)
    for student in ids:
        cells = [written(draw(CELL)), written(str(student)), written(draw(CELL))]
        cells += [written(draw(CELL)) for _ in range(extra)]
        cells.insert(3 + place, draw(st.sampled_from(["", "1.00", '""', '"9"'])))
        lines.append(cells)
    bom = draw(st.sampled_from(["", "\ufeff"]))
    last = draw(st.sampled_from(["", end]))
    return bom, delimiter, end, last, lines, ids, 3 + place


@given(gradebooks(), st.data())
@settings(max_examples=200, deadline=None)
def test_byte_for_byte(tmp_path_factory, made, data):
    bom, delimiter, end, last, lines, ids, place = made
    folder = tmp_path_factory.getbasetemp()
    content = bom + end.join(delimiter.join(line) for line in lines) + last
    some = data.draw(st.lists(st.sampled_from(ids), unique=True)) if ids else []
    scores = {student: data.draw(st.sampled_from(["9.7", "10", "0"])) for student in some}
    filled = book(folder, content).fill([graded(str(s), total) for s, total in scores.items()])
    for line, student in zip(lines[2:], ids, strict=True):
        if student in scores:
            line[place] = score_text(Decimal(scores[student]))
    expected = bom + end.join(delimiter.join(line) for line in lines) + last
    assert filled.content == expected.encode()


@given(st.lists(st.lists(CELL, min_size=2, max_size=4), min_size=1, max_size=5), st.data())
@settings(deadline=None)
def test_spans_are_the_cells(rows, data):
    text = "\n".join(",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows)
    found = list(cell_spans(text.encode(), b","))
    assert [[span.text for span in record] for record in found] == rows
    assert replaced(text.encode(), {}) == text.encode()
    record = data.draw(st.sampled_from(found))
    span = data.draw(st.sampled_from(record))
    changed = list(cell_spans(replaced(text.encode(), {span: b"new"}), b","))
    rows[found.index(record)][record.index(span)] = "new"
    assert [[each.text for each in row] for row in changed] == rows


def test_a_long_file_is_read_in_linear_time():
    line = b"Name,1," + b"x" * 300 + b",\n"
    records = sum(1 for _ in cell_spans(line * 20000, b","))
    assert records == 20000


def test_nothing_is_kept_of_an_earlier_fill(tmp_path):
    grades = book(tmp_path, COOL)
    first = grades.fill([graded("101", "1")])
    second = grades.fill([graded("101", "2")])
    assert b"9.00,1.00" in first.content and b"9.00,2.00" in second.content
    assert replace(first, content=b"") == replace(second, content=b"")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "big5"])
def test_other_encodings_are_named(tmp_path, encoding):
    name = "Big5" if encoding == "big5" else encoding[:6].upper()
    with pytest.raises(ExportError, match=name):
        book(tmp_path, COOL.removeprefix("\ufeff").encode(encoding))
