"""Names and ids that mean harm: graded as they stand, told where they mislead, and never run."""

from __future__ import annotations

import csv
import json
import random
from pathlib import Path

import pytest
from click.testing import CliRunner

from grader.cli.grade import grade
from grader.student_ids.look_alikes import plain_form
from solver.errors import Hw9Error
from tests.grader.made import canvas_generator as canvas
from tests.grader.made.bank_files import as_quiz, write_bank_and_key

NAMES = [
    "=HYPERLINK(\"http://evil.example\")", "+1", "-1", "@SUM(A1)", "\t=1+1", "\r=1+1",
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "\u202egnp.exe", "a\u0000b"[:1],
    "'; DROP TABLE row; --", "{{ 7 * 7 }}", "\x1b[2J", "陳\u200b大文", "javascript:alert(1)",
]  # fmt: skip
IDS = ["../../x", "/etc/passwd", "..", "con", "a/b", "x" * 300, "\u202e7", "=1+1", "~", ".hidden"]


def graded(folder: Path, ids: list[str], names: list[str]) -> dict:
    """Grade a plain CSV of these students with every page, in `folder`."""
    _, key = write_bank_and_key(folder, 6)
    with (folder / "plain.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["student", "name", *(question.id for question in key.questions)])
        for number, student in enumerate(ids):
            writer.writerow([student, names[number % len(names)], *["" for _ in key.questions]])
    command = [str(folder / "plain.csv"), "--key", str(folder / "key.yaml"), "--json"]
    command += ["--bank", str(folder / "questions"), "--out", str(folder / "out")]
    done = CliRunner().invoke(grade, command)
    if isinstance(done.exception, Hw9Error):
        raise done.exception
    assert done.exit_code == 0, done.output
    return json.loads(done.output)


def test_ids_that_are_paths_stay_in_the_folder(tmp_path: Path) -> None:
    desk = tmp_path / "a" / "b"
    desk.mkdir(parents=True)
    said = graded(desk, IDS, ["Anna"])
    assert said["rows"]["graded"] == len(IDS) == said["students"]
    pages = list((desk / "out" / "students").glob("*.html"))
    assert len(pages) == len(IDS) + 1  # and their index
    outside = [path for path in tmp_path.rglob("*") if not path.is_relative_to(desk)]
    assert outside == [tmp_path / "a"]


def test_no_cell_of_any_table_is_a_formula(tmp_path: Path) -> None:
    ids = [*IDS, *(f"s{number}" for number in range(len(NAMES)))]
    graded(tmp_path, ids, NAMES)
    for path in (tmp_path / "out").glob("*.csv"):
        with path.open(encoding="utf-8-sig", newline="") as file:
            cells = [cell for row in csv.reader(file) for cell in row]
        numbers = [cell for cell in cells if cell.lstrip("-").replace(".", "").isdigit()]
        harmful = [
            cell for cell in cells if cell[:1] in "=+-@\t\r" and cell and cell not in numbers
        ]
        assert harmful == [], path.name


def test_no_page_holds_markup_out_of_a_name(tmp_path: Path) -> None:
    graded(tmp_path, [f"s{number}" for number in range(len(NAMES))], NAMES)
    for path in (tmp_path / "out").rglob("*.html"):
        text = path.read_text("utf-8")
        if path.name == "index.html":  # its one script, which the page's policy names by hash
            assert text.count("<script") == 1 and "script-src 'sha256-" in text
            text = text.replace('<script>"use strict"', "", 1)
        assert (
            "<script" not in text
            and "<img src=x" not in text
            and "49" not in text.split("<h1")[1][:40]
        )
        assert "default-src 'none'" in text


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("b09901001", "B09901001"),
        ("caf\u00e9", "cafe\u0301"),
        ("9001", "\uff19\uff10\uff10\uff11"),
        ("b0990", "b0990\u200e"),
        ("stra\u00dfe", "STRASSE"),
        ("101", "101.0"),
        ("101", " 0101"),
        ("0101", "00101"),
        ("0101", "101.00"),
        ("101,0", "101"),
        ("1" * 20, "0" + "1" * 20),
    ],
)
def test_ids_that_read_alike_are_told_and_not_merged(tmp_path: Path, one: str, two: str) -> None:
    said = graded(tmp_path, [one, two, "someone else"], ["Anna"])
    assert said["students"] == 3
    (note,) = [each for each in said["notes"] if "differ only in how they are written" in each]
    assert repr(one.strip()) in note and repr(two.strip()) in note
    assert "someone else" not in note


def test_ids_that_differ_are_not_told_of(tmp_path: Path) -> None:
    numbers = ["9001", "9002", "0", "90", "090010", "1", "1,000", "1.5", "1.05"]
    said = graded(tmp_path, [*numbers, "b1", "b2", "王", "玉"], ["Anna"])
    assert not [note for note in said["notes"] if "how they are written" in note]


def test_a_number_is_its_own_plain_form() -> None:
    assert plain_form("9001") == "9001" == plain_form(" 9\u200b001\u202e")
    assert plain_form("00") == plain_form("0.0") == "0" and plain_form(".0") == ".0"
    assert plain_form("0" * 100_000 + "x").endswith("0x")  # and does not take for ever


def test_three_ways_to_write_one_number_are_told_together(tmp_path: Path) -> None:
    said = graded(tmp_path, ["101", "101.0", " 0101", "7"], ["Anna"])
    assert said["students"] == 4
    (note,) = [each for each in said["notes"] if "differ only in how they are written" in each]
    assert "'101' and '0101'; '0101' and '101.0'" in note
    assert "write the id in one way in the export" in note


def test_an_export_from_canvas_tells_of_them_too(tmp_path: Path) -> None:
    bank, key = write_bank_and_key(tmp_path, 6)
    quiz = as_quiz(bank, key)
    rng = random.Random(1)
    rows = [canvas.Row(n, 1, n + 1, {q.id: q.right for q in quiz}) for n in range(2)]
    data = canvas.export(rng, quiz, rows, canvas.Style(attempt=False), ["A", "B"])
    (tmp_path / "export.csv").write_bytes(data.replace(b"9001", "９000".encode()))
    command = [str(tmp_path / "export.csv"), "--key", str(tmp_path / "key.yaml"), "--no-pages"]
    command += ["--bank", str(tmp_path / "questions"), "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(grade, command)
    assert done.exit_code == 0, done.output
    assert "2 graded" in done.output and "differ only in how they are written" in done.output
