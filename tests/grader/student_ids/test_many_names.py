"""One id with several names: graded, and told with the names and where they stand."""

from __future__ import annotations

import csv
import json
import random
from pathlib import Path

import pytest
from click.testing import CliRunner

from grader.cli.grade import grade
from grader.exports.blocks import read_blocks
from grader.exports.student_analysis import StudentAnalysis
from grader.runs.grading import Rules, grade_table
from grader.table.answers import table_of
from grader.table.cells import Cells
from tests.grader.campaigns.both_ways import stretches
from tests.grader.made import canvas_generator as canvas
from tests.grader.made.bank_files import write_bank_and_key
from tests.grader.made.generated import scored, wordings
from tests.grader.made.made_classes import grade as grade_rows


def notes_of(folder: Path, *people: tuple[str, str], words: tuple[str, ...] = ()) -> list[str]:
    """Grade plain CSVs with a row for each (id, name), an attempt each; return what is told.

    An id that comes again stands in the next file: in one file it has one name.
    """
    _, key = write_bank_and_key(folder, 6)
    files: dict[int, list[tuple[str, str, int]]] = {}
    for number, (student, name) in enumerate(people, 1):
        before = sum(student == each for each, _ in people[: number - 1])
        files.setdefault(before, []).append((student, name, number))
    for which, rows in files.items():
        with (folder / f"{which}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["student", "name", "attempt", *(each.id for each in key.questions)])
            writer.writerows([*row, *["" for _ in key.questions]] for row in rows)
    command = [str(folder / f"{which}.csv") for which in files]
    command += ["--key", str(folder / "key.yaml"), "--json", *words]
    command += ["--bank", str(folder / "questions"), "--out", str(folder / "out"), "--no-pages"]
    done = CliRunner().invoke(grade, command)
    assert done.exit_code == 0, done.output
    said = json.loads(done.output)
    assert said["students"] == len({student for student, _ in people})
    return [note for note in said["notes"] if "different names" in note]


def test_two_names_of_one_id_are_told_with_their_lines(tmp_path: Path) -> None:
    people = [("101", "甲"), ("102", "Bea"), ("101", "乙"), ("101", "甲"), ("b9", "x"), ("b9", "y")]
    (note,) = notes_of(tmp_path, *people)
    assert "'101' is '甲' (0.csv, line 2) and '乙' (1.csv, line 2); 'b9' is" in note
    assert "'102'" not in note
    assert "each graded as one student" in note and "correct the id in the export" in note


@pytest.mark.parametrize(
    "names",
    [
        ("王小明", " 王小明 "),
        ("Anna Lee", "anna  lee"),
        ("Anna Lee", "ＡＮＮＡ　Ｌｅｅ"),
        ("陳大文", "陳大\u200b文"),
        ("Anna", ""),
        ("", "Anna"),
        ("Anna", " \u200b"),
        ("", ""),
    ],
)
def test_a_name_written_otherwise_or_left_out_is_no_other_name(
    tmp_path: Path, names: tuple[str, str]
) -> None:
    assert notes_of(tmp_path, *(("101", name) for name in names)) == []


def test_many_are_shortened(tmp_path: Path) -> None:
    one = [("101", f"name {n}") for n in range(8)]
    others = [(f"{id_}", name) for id_ in range(200, 208) for name in ("甲", "乙")]
    (note,) = notes_of(tmp_path, *one, *others)
    assert "and 3 more names; '200' is" in note and "and 4 more ids." in note


def test_no_name_gets_into_a_run_with_pseudonyms(tmp_path: Path) -> None:
    words = ("--pseudonyms", str(tmp_path / "table.csv"))
    assert notes_of(tmp_path, ("101", "甲"), ("101", "乙"), words=words) == []


@pytest.mark.parametrize("odd", ["", '"'])
def test_rows_read_as_columns_say_the_same(tmp_path: Path, odd: str) -> None:
    rng = random.Random(3)
    quiz = canvas.random_quiz(rng)
    ticks = {question.id: question.right for question in quiz}
    rows = [canvas.Row(n // 3, 1 + n % 3, n, ticks) for n in range(60)]
    names = [f"N{n}{odd if n == 4 else ''}" for n in range(20)]
    data = canvas.export(rng, quiz, rows, canvas.Style(), names)
    data = data.replace(b"9005,", b"9004,", 1).replace(b"N7,9007,", b"n7,9007,", 1)
    path = tmp_path / "export.csv"
    path.write_bytes(data)
    export = StudentAnalysis(path, wordings(quiz), [question.id for question in quiz])
    questions = scored(quiz)
    by_row = grade_rows(export.rows(), questions)
    with stretches(2000) as met:
        cells = Cells([question.id for question in quiz])
        columned = grade_table(table_of(read_blocks([export], cells), cells), questions, Rules())
    assert met["as columns"] > 1
    (only,) = by_row.many_names
    assert only == columned.many_names[0] and only.student == "9004"
    assert {row.name for row in only.rows} == {f"N4{odd}", "N5"}
    assert [row.source for row in only.rows] == ["export.csv"] * 2
