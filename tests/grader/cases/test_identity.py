"""Small inputs in which one student became another, graded as a TA would."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from grader.cli.grade import grade
from solver.errors import ExportError, Hw9Error

LEAD = "name,id,section,section_id,submitted"
HEADER = f"{LEAD},1: First?,0.3,2: Second?,0.3,n correct,n incorrect,score"
ROWS = (
    "Wang,11,A,5,2026-04-11 00:00:00 UTC,x,0.3,x,0.3,2,0,0.6",
    "Wang,12,A,5,2026-04-11 00:00:01 UTC,y,0.0,y,0.0,0,2,0.0",
    "Lin,13,A,5,2026-04-11 00:00:02 UTC,y,0.0,x,0.3,1,1,0.3",
)
TOTALS = {"11": ("Wang", "0.6"), "12": ("Wang", "0"), "13": ("Lin", "0.3")}


def both(text: str) -> dict[str, str]:
    return {"en": text, "zh-Hant": text}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A bank of two questions of one answer each, and its key."""
    options = [{"id": o, "claim": {}, "text": both(t)} for o, t in (("a", "x"), ("b", "y"))]
    questions = [
        {
            "id": name, "kind": "single", "points": "0.3", "rule": "maps.brightest_region",
            "stem": both(stem),
            "options": options,
        }
        for name, stem in (("q01", "First?"), ("q02", "Second?"))
    ]  # fmt: skip
    bank = {"title": both("Made"), "edition": "made"}
    topic = {"topic": "made", "title": both("Made"), "questions": questions}
    key = {
        "format": "hw9-key/1",
        "questions": [
            {"id": name, "kind": "single", "points": "0.3", "correct": ["a"]}
            for name in ("q01", "q02")
        ],
    }
    (tmp_path / "bank").mkdir()
    for name, data in (("bank/bank.yaml", bank), ("bank/01.yaml", topic), ("key.yaml", key)):
        (tmp_path / name).write_text(yaml.safe_dump(data, allow_unicode=True), "utf-8")
    return tmp_path


def graded(
    folder: Path, *exports: str, out: str = "out", words: tuple[str, ...] = ()
) -> dict[str, tuple[str, str]]:
    files = []
    for number, text in enumerate(exports):
        files.append(str(folder / f"export{number}.csv"))
        Path(files[-1]).write_text(text, "utf-8")
    words = (*words, "--no-pages")
    where = ["--key", str(folder / "key.yaml"), "--bank", str(folder / "bank")]
    done = CliRunner().invoke(grade, [*files, *where, "--out", str(folder / out), *words])
    if isinstance(done.exception, Hw9Error):
        raise done.exception
    assert done.exit_code == 0, done.output
    with (folder / out / "scores.csv").open(encoding="utf-8-sig", newline="") as file:
        return {row["student"]: (row["name"], row["total"]) for row in csv.DictReader(file)}


def with_column(at: int, header: str, rows=ROWS) -> str:
    lines = [header_line.split(",") for header_line in (HEADER, *rows)]
    for number, cells in enumerate(lines):
        cells.insert(at, header if number == 0 else str(number))
    return "\n".join(",".join(cells) for cells in lines) + "\n"


def ordered(order: tuple[int, ...]) -> str:
    lines = [line.split(",") for line in (HEADER, *ROWS)]
    return "\n".join(",".join([*[c[at] for at in order], *c[5:]]) for c in lines) + "\n"


@pytest.mark.parametrize("at", range(6))
@pytest.mark.parametrize("header", ["No.", "#", "座號"])
def test_a_column_that_was_added_makes_no_ids_of_names(folder: Path, at: int, header: str) -> None:
    assert graded(folder, with_column(at, header)) == TOTALS


@pytest.mark.parametrize("order", [(1, 0, 2, 3, 4), (2, 3, 1, 0, 4), (4, 1, 0, 3, 2)])
def test_columns_that_changed_places_are_known_by_their_headers(folder: Path, order) -> None:
    assert graded(folder, ordered(order)) == TOTALS


def test_headers_that_changed_places_without_their_cells_are_refused(folder: Path) -> None:
    swapped = HEADER.replace("name,id", "id,name")
    with pytest.raises(ExportError, match="headers and cells contradict each other"):
        graded(folder, "\n".join([swapped, *ROWS]))
    assert not (folder / "out").exists()


def test_an_added_column_among_headers_that_nobody_knows_is_refused(folder: Path) -> None:
    unknown = HEADER.replace(LEAD, "nombre,n.º,clase,c.,entregado")
    lines = [f"{number}," + line for number, line in enumerate(ROWS, 1)]
    with pytest.raises(ExportError, match="should hold ids and mostly does not"):
        graded(folder, "\n".join([f"orden,{unknown}", *lines]))
    assert graded(folder, "\n".join([unknown, *ROWS])) == TOTALS


def test_exports_of_two_quizzes_are_no_attempts_of_each_other(folder: Path) -> None:
    one = "\n".join([HEADER, *ROWS])
    other = one.replace("1: First?", "71: First?").replace("2: Second?", "72: Second?")
    with pytest.raises(ExportError, match=r"export1\.csv: shares none of its 2 question ids"):
        graded(folder, one, other)
    one_quiz = graded(folder, one, other, out="one", words=("--one-quiz",))
    assert one_quiz == TOTALS
    later = "\n".join([HEADER, ROWS[1].replace("00:00:01", "09:00:00").replace("y,0.0", "x,0.3")])
    remade = later.replace("2: Second?", "72: Second?")
    assert graded(folder, one, later)["12"] == ("Wang", "0.6")
    assert graded(folder, one, remade, out="again")["12"] == ("Wang", "0.6")


def test_a_number_in_a_file_of_ones_own_is_no_canvas_id(folder: Path) -> None:
    one, own = "\n".join([HEADER, *ROWS]), "student,q01,q02\n11,b,b\n"
    with pytest.raises(ExportError, match="their students cannot be matched"):
        graded(folder, one, own)
    assert graded(folder, own.replace("student", "id"), one)["11"] == ("Wang", "0.6")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("Wang,12,", "Lin,11,", "the id 11 stands with two names, 'Lin' and 'Wang'"),
        ("id,section,", "id,sis_id,section,", "the SIS id b1 stands with two ids, '11' and '12'"),
    ],
)
def test_rows_whose_ids_name_two_people_are_refused(folder: Path, old, new, said) -> None:
    text = "\n".join([HEADER, *ROWS]).replace(old, new)
    if "sis_id" in new:
        for student, sis in (("11", "b1"), ("12", "b1"), ("13", "b3")):
            text = text.replace(f",{student},A", f",{student},{sis},A")
    assert set(graded(folder, text)) == {"13"}
    with (folder / "out" / "rejects.csv").open(encoding="utf-8-sig", newline="") as file:
        reasons = [row["reason"] for row in csv.DictReader(file)]
    assert len(reasons) == 2 and all(reason.startswith(said) for reason in reasons)


GRADEBOOK = """Student,ID,SIS Login ID,Section,HW9 (1234)
    Points Possible,,,,0.60
Wang,11,b11,A,
Wang,12,11,A,
"""


@pytest.mark.parametrize(
    ("header", "said"), [("student", "names or numbers of its own"), ("login", ""), ("id", "")]
)
def test_a_gradebook_is_filled_by_ids_of_one_system(folder: Path, header: str, said: str) -> None:
    (folder / "book.csv").write_text(GRADEBOOK)
    words = ("--gradebook", str(folder / "book.csv"), "--column", "HW9 (1234)")
    own = f"{header},q01,q02\n11,a,b\n"
    if said:
        with pytest.raises(ExportError, match=said):
            graded(folder, own, words=words)
        return
    graded(folder, own, words=words)
    filled = (folder / "out" / "gradebook.csv").read_text().splitlines()[2:]
    first, second = ("0.30", "") if header == "id" else ("", "0.30")
    assert filled == [f"Wang,11,b11,A,{first}", f"Wang,12,11,A,{second}"]
