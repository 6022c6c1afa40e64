"""`hw9 grade` from files to a folder."""

from __future__ import annotations

import csv
import json
import os
import random
import stat
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from grader.cli.grade import grade
from grader.runs.grading import grade_table
from grader.runs.record import read_run
from grader.scoring.accepted_answers import scored_questions
from solver.errors import Hw9Error
from solver.key import KeyQuestion, Override, save_key
from tests.grader.made import canvas_generator as canvas
from tests.grader.made.bank_files import as_quiz, write_bank_and_key
from tests.grader.made.made_classes import with_question
from tests.grader.made.ten_line_scorer import totals


class Desk:
    """A folder with a bank, a key and an export, and `hw9 grade` run in it."""

    def __init__(self, folder: Path, questions: int = 12) -> None:
        self.folder = folder
        self.bank, self.key = write_bank_and_key(folder, questions)
        self.quiz = as_quiz(self.bank, self.key)
        self.rows: list[canvas.Row] = []

    def export(self, name: str = "export.csv", seed: int = 0, students: int = 5, **style) -> Path:
        rng = random.Random(seed)
        for student in range(students):
            for attempt in range(1, rng.randint(1, 3) + 1):
                ticks = {q.id: canvas.random_ticks(rng, q) for q in self.quiz}
                self.rows.append(canvas.Row(student, attempt, len(self.rows) + 1, ticks))
        path = self.folder / name
        path.write_bytes(canvas.export(rng, self.quiz, self.rows, canvas.Style(**style)))
        return path

    def run(self, *arguments: str, ok: bool = True, out: str = "out") -> str:
        plain = ["--key", "key.yaml", "--bank", "questions", "--out", out]
        here = Path.cwd()
        os.chdir(self.folder)
        try:
            result = CliRunner().invoke(grade, [*arguments, *plain])
        finally:
            os.chdir(here)
        if isinstance(result.exception, Hw9Error):
            assert not ok, result.exception
            return str(result.exception)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert (result.exit_code == 0) == ok, result.output
        return result.output

    def table(self, name: str, out: str = "out") -> list[dict[str, str]]:
        with (self.folder / out / name).open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_scores_as_the_ten_lines_say(desk):
    desk.export()
    said = desk.run("export.csv")
    scores = desk.table("scores.csv")
    expected = totals(desk.quiz, desk.rows, "highest")
    assert {int(each["student"]) - 9000: Decimal(each["total"]) for each in scores} == {
        student: Decimal(total.numerator) / total.denominator for student, total in expected.items()
    }
    superseded = len(desk.rows) - 5
    assert f"{len(desk.rows)} rows read = 5 graded + {superseded} superseded" in said
    assert desk.table("rejects.csv") == []
    for each in scores:
        points = [Decimal(each[q.id] or 0) for q in desk.quiz]
        assert sum(points) == Decimal(each["total"])


def test_one_of_a_kind_is_said_in_the_singular(desk):
    desk.export(students=1, seed=3)
    said = desk.run("export.csv", "--attempts", "average")
    assert len(desk.rows) == 1
    assert "1 row read = 1 graded" in said and "\n1 student = 1 with a score" in said
    page = (desk.folder / "out" / "class.html").read_text("utf-8")
    assert "1 rows read" not in page and ">students<" not in page and ">student<" in page


def test_the_folder_holds_everything_and_is_private(desk):
    desk.export()
    desk.run("export.csv", "--deadline", "2026-04-09 10:03 +0000")
    out = desk.folder / "out"
    names = {"scores.csv", "rejects.csv", "late.csv", "items.csv", "summary.json", "class.html"}
    names |= {"run.json", "rows.parquet", "key.yaml"}
    assert names <= {each.name for each in out.iterdir()}
    pages = {each.name for each in (out / "students").iterdir()}
    assert len(pages) == 6 and "index.html" in pages
    for path in [out, *out.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    late = desk.table("late.csv")
    assert len(late) == sum(1 for row in desk.rows if row.minute >= 3)
    assert [p.name for p in desk.folder.iterdir() if p.name.startswith(".")] == []


def test_the_same_inputs_give_the_same_bytes(desk):
    desk.export()
    desk.run("export.csv", "--no-pages")
    desk.run("export.csv", "--no-pages", out="again")
    for path in (desk.folder / "out").iterdir():
        assert path.read_bytes() == (desk.folder / "again" / path.name).read_bytes()


def test_a_run_can_be_graded_again_without_the_exports(desk):
    desk.export()
    desk.run("export.csv", "--no-pages", "--attempts", "latest")
    record = read_run(desk.folder / "out")
    questions = scored_questions(record.key, desk.bank)
    again = grade_table(record.table(), questions, record.rules)
    assert [str(each.total.normalize()) for each in again.used] == [
        str(Decimal(row["total"]).normalize()) for row in desk.table("scores.csv")
    ]


def test_an_older_run_is_not_written_over_unasked(desk):
    desk.export()
    desk.run("export.csv", "--no-pages")
    before = (desk.folder / "out" / "scores.csv").stat().st_mtime_ns
    assert "holds a run already" in desk.run("export.csv", "--no-pages", ok=False)
    assert (desk.folder / "out" / "scores.csv").stat().st_mtime_ns == before
    desk.run("export.csv", "--no-pages", "--replace")
    assert (desk.folder / "out" / "scores.csv").stat().st_mtime_ns != before


def test_a_folder_of_somebody_else_is_left_alone(desk):
    desk.export()
    (desk.folder / "out").mkdir()
    (desk.folder / "out" / "thesis.txt").write_text("mine")
    assert "is not empty" in desk.run("export.csv", "--replace", ok=False)
    assert [each.name for each in (desk.folder / "out").iterdir()] == ["thesis.txt"]


def test_nothing_is_left_behind_when_it_fails_late(desk):
    desk.export()
    (desk.folder / "grades.csv").write_text("Student,ID,Section,HW9 (1)\nA,1,S,\n")
    said = desk.run("export.csv", "--gradebook", "grades.csv", "--column", "1", ok=False)
    assert "has no student 9000" in said
    assert not (desk.folder / "out").exists()
    assert [p.name for p in desk.folder.iterdir() if p.name.startswith(".")] == []


def test_the_gradebook_is_filled_and_a_difference_said(desk):
    desk.export()
    rows = "".join(f"S{n},{9000 + n},S,\n" for n in range(6))
    head = "Student,ID,Section,HW9 (1)\n    Points Possible,,,20.00\n"
    (desk.folder / "g.csv").write_text(head + rows)
    said = desk.run("export.csv", "--gradebook", "g.csv", "--column", "HW9 (1)", "--no-pages")
    assert "5 scores filled in" in said and "Points Possible are 20.00, the key's 4.0" in said
    scores = {each["student"]: Decimal(each["total"]) for each in desk.table("scores.csv")}
    lines = (desk.folder / "out" / "gradebook.csv").read_text().splitlines()
    assert lines[:2] == head.splitlines() and lines[7] == "S5,9005,S,"
    for line in lines[2:7]:
        _, student, _, score = line.split(",")
        assert Decimal(score) == scores[student]


def test_a_person_gets_a_sentence_and_a_program_an_exit_code(desk):
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    command = [sys.executable, "-m", "grader.cli", "grade", "none.csv", "--key", "key.yaml"]
    done = subprocess.run(
        [*command, "--bank", "questions", "--out", "out"],
        cwd=desk.folder, capture_output=True, text=True, check=False, env=environment,
    )  # fmt: skip
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr == "hw9: none.csv: there is no such file.\n"


def test_names_are_defused_and_numbers_are_not(desk):
    desk.export()
    style = canvas.Style()
    names = ['=HYPERLINK("x")', "+1", "-2", "@cmd", "王小明"]
    path = desk.folder / "export.csv"
    path.write_bytes(canvas.export(random.Random(0), desk.quiz, desk.rows, style, names))
    desk.run("export.csv", "--no-pages")
    scores = desk.table("scores.csv")
    assert [each["name"] for each in scores] == [f"'{name}" for name in names[:4]] + ["王小明"]
    assert any(each["fudge"].startswith("-") for each in scores)


def test_pseudonyms_leave_no_name_anywhere(desk):
    desk.export()
    names = ["Aardvark Q", "Bumblebee Q", "Caterpillar Q", "Dragonfly Q", "Earthworm Q"]
    path = desk.folder / "export.csv"
    rows = canvas.export(random.Random(0), desk.quiz, desk.rows, canvas.Style(sis=True), names)
    broken = "Aardvark Q,9000,b09900,too,short\n"
    path.write_bytes(rows + broken.encode())
    desk.run("export.csv", "--pseudonyms", "table.csv")
    for each in (desk.folder / "out").rglob("*"):
        if each.is_file():
            text = each.name + each.read_bytes().decode("utf-8", "replace")
            if each.suffix == ".parquet":  # compressed: what it holds is asked
                text = str(pl.read_parquet(each).rows())
            for word in [*names, *(f"{9000 + n}" for n in range(5)), "b0990"]:
                assert word not in text, (each, word)
    table = (desk.folder / "table.csv").read_text("utf-8-sig")
    assert all(name in table for name in names)
    assert stat.S_IMODE((desk.folder / "table.csv").stat().st_mode) == 0o600
    first = desk.table("scores.csv")
    desk.run("export.csv", "--pseudonyms", "table.csv", "--no-pages", out="again")
    assert desk.table("scores.csv", "again") == first
    assert (desk.folder / "table.csv").read_text("utf-8-sig") == table


def test_pseudonyms_lie_apart(desk):
    desk.export()
    assert "kept apart" in " ".join(
        desk.run("export.csv", "--pseudonyms", "out/table.csv", ok=False).split()
    )


def test_an_open_question_is_not_graded_unasked(desk):
    desk.export()
    open_key = with_question(desk.key, "q04", state="open", correct=[])
    save_key(open_key, desk.folder / "key.yaml")
    assert "has no answer for q04" in desk.run("export.csv", ok=False)
    said = desk.run("export.csv", "--leave-out-open")
    assert "left out, since the key has no answer: q04" in said
    assert "q04" not in desk.table("scores.csv")[0]


def test_overrides_and_voided_questions_count(desk):
    desk.export(students=8)
    single = next(q for q in desk.key.questions if q.kind == "single")
    other = next(option.id for option in single.options if option.id not in single.correct)
    key = with_question(desk.key, single.id, override=Override(correct=[other], why="seen"))
    void = next(q for q in desk.key.questions if q.kind == "pair")
    key = with_question(key, void.id, void=True)
    save_key(key, desk.folder / "key.yaml")
    desk.run("export.csv", "--attempts", "first", "--no-pages")
    firsts = {9000 + row.student: row for row in desk.rows if row.attempt == 1}
    for each in desk.table("scores.csv"):
        ticks = firsts[int(each["student"])].ticks
        expected = (
            "" if ticks[single.id] is None else str(single.points * (ticks[single.id] == {other}))
        )
        assert Decimal(each[single.id] or 0) == Decimal(expected or 0)
        assert each[void.id] == ("" if ticks[void.id] is None else str(void.points))


def test_a_key_with_an_unknown_option_says_so(desk):
    desk.export()
    wrong: KeyQuestion = desk.key.questions[0]
    save_key(with_question(desk.key, wrong.id, correct=["z"]), desk.folder / "key.yaml")
    said = desk.run("export.csv", ok=False)
    assert f"{wrong.id}: correct is z, but its own verdicts hold for" in said
    assert "; the answer names 'z', which the question does not have (a, b, c, d" in said
    assert f'hw9 key override {wrong.id} --correct "OPTION" --why' in said


def test_json_says_what_was_done(desk):
    desk.export()
    data = json.loads(desk.run("export.csv", "--json", "--no-pages"))
    rows = data["rows"]
    assert rows["read"] == rows["graded"] + rows["superseded"] + rows["rejected"] == len(desk.rows)
    assert data["students"] == 5 and "scores.csv" in data["files"]


def test_several_files_are_one_class(desk):
    desk.export()
    rng = random.Random(0)
    early = [row for row in desk.rows if row.attempt == 1]
    path = desk.folder / "early.csv"
    path.write_bytes(canvas.export(rng, desk.quiz, early, canvas.Style(zh=True)))
    alone = desk.run("export.csv", "--no-pages", out="alone")
    said = desk.run("export.csv", "early.csv", "--no-pages")
    assert "5 graded" in alone and f"{len(desk.rows) + 5} rows read = 5 graded" in said
    both, one = desk.table("scores.csv"), desk.table("scores.csv", "alone")
    assert [each["total"] for each in both] == [each["total"] for each in one]
    assert "is the same file as" in desk.run("export.csv", "export.csv", ok=False, out="x")


def test_half_a_command_line_is_refused(desk):
    desk.export()
    assert "belong together" in desk.run("export.csv", "--gradebook", "g.csv", ok=False)
    assert "no time zone" in desk.run("export.csv", "--deadline", "2026-04-09 10:00", ok=False)
    assert "not written like" in desk.run("export.csv", "--deadline", "tomorrow", ok=False)


def test_help_is_quick_and_loads_nothing_heavy():
    code = (
        "import sys; from grader.cli.grade import grade\n"
        "try: grade(['--help'])\nexcept SystemExit: pass\n"
        "heavy = {'torch', 'numpy', 'polars', 'matplotlib', 'pydantic', 'jinja2'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Examples:" in done.stdout
    assert time.monotonic() - began < 3  # half a second where nothing else runs


def test_grading_never_imports_torch(desk):
    desk.export()
    code = (
        "import sys; from grader.cli.grade import grade\n"
        "try: grade(sys.argv[1:])\nexcept SystemExit: pass\n"
        "assert not {'torch', 'torchvision'} & set(sys.modules)"
    )
    arguments = ["export.csv", "--key", "key.yaml", "--bank", "questions", "--out", "out"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=desk.folder, capture_output=True, text=True, check=False, env=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
