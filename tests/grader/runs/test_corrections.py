"""Cells that a person has read: filled in beside the rejects, given back, kept by a regrade."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.grader.cases.small_quiz import Asked, Said, SmallQuiz

ALIKE = Asked("q01", "single", "Which share?", ["<p>&lt; 0.5</p>", "<p>0.5</p>", "0.7"], [1])
COLOURS = Asked("q02", "several", "Which colours?", ["red", "blue", "green"], [0, 1])
PAIR = Asked("q03", "pair", "Which two?", {"x": ["0.5", "<b>0.5</b>"], "y": ["u", "v"]}, [0, 1])
OPEN, BOTH, UV = ("0.5", "0.3"), ("red,blue", "0.3"), ("0.5,v", "0.3")
ROWS = [[OPEN, BOTH, ("0.5", "0.15")], [("0.7", "0.0"), BOTH, UV], [OPEN, ("grey", "0.0"), UV]]
BY = {"by": "TA", "why": "the student told us"}


@pytest.fixture
def made(tmp_path: Path) -> SmallQuiz:
    return SmallQuiz(tmp_path, [ALIKE, COLOURS, PAIR])


@pytest.fixture
def export(made: SmallQuiz) -> Path:
    return made.export(ROWS)


def grade(made: SmallQuiz, export: Path, *arguments: str | Path, out: str = "out") -> Said:
    return made.grade(export, "--mostly-unread", *arguments, out=out)


def opened(folder: Path) -> list[dict[str, Any]]:
    data = yaml.safe_load((folder / "corrections-open.yaml").read_text("utf-8"))
    assert data["format"] == "hw9-corrections/1"
    return data["corrections"]


def given(folder: Path, *entries: dict[str, Any]) -> Path:
    path = folder / "fixes.yaml"
    data = {"format": "hw9-corrections/1", "corrections": list(entries)}
    path.write_text(yaml.safe_dump(data, allow_unicode=True), "utf-8")
    return path


def entry(line: int, question: str, read_as: str, **more: str) -> dict[str, Any]:
    about = {"file": "a.csv", "line": line, "question": question, "read_as": read_as}
    return about | BY | more


def test_the_open_cells_stand_beside_the_rejects_to_be_filled_in(
    made: SmallQuiz, export: Path
) -> None:
    said = grade(made, export)
    assert said.out is not None
    found = opened(said.out)
    places = [(each["line"], each["question"], each["text"]) for each in found]
    assert places == [
        (2, "q01", "0.5"), (2, "q03", "0.5"), (3, "q03", "0.5,v"),
        (4, "q01", "0.5"), (4, "q02", "grey"), (4, "q03", "0.5,v"),
    ]  # fmt: skip
    assert [each["reason"] for each in found] == [
        each["reason"] for each in said.table("rejects.csv")
    ]
    assert all(each["read_as"] is each["by"] is each["why"] is None for each in found)
    assert stat.S_IMODE((said.out / "corrections-open.yaml").stat().st_mode) == 0o600
    # Given back as it is, it changes nothing.
    again = grade(made, export, "--corrections", said.out / "corrections-open.yaml", out="again")
    assert again.totals == said.totals


def test_what_is_filled_in_counts_and_is_open_no_more(made: SmallQuiz, export: Path) -> None:
    said = grade(made, export)
    assert said.totals == {"11": "open", "12": "open", "13": "open"} and said.out is not None
    fixes = opened(said.out)
    answers = ["b", "x=a", "b;b", "a", "", "-"]
    for each, read_as in zip(fixes, answers, strict=True):
        each.update(BY, read_as=read_as)
    fixed = grade(made, export, "--corrections", given(made.folder, *fixes), out="fixed")
    assert fixed.totals == {"11": "0.6", "12": "0.3", "13": "0"}
    (_, _, third) = fixed.table("scores.csv")
    assert [third[name] for name in ("q01", "q02", "q03", "possible")] == ["0", "0", "", "0.6"]
    assert fixed.table("rejects.csv") == [] and fixed.out is not None
    assert not (fixed.out / "corrections-open.yaml").exists()


def test_cells_that_are_not_filled_in_stay_open(made: SmallQuiz, export: Path) -> None:
    fixes = given(made.folder, entry(2, "q01", "b"), entry(2, "q03", "x=a;y=b"))
    fixed = grade(made, export, "--corrections", fixes)
    assert fixed.totals == {"11": "0.9", "12": "open", "13": "open"} and fixed.out is not None
    assert [each["line"] for each in opened(fixed.out)] == [3, 4, 4, 4]


def test_a_regrade_keeps_them(made: SmallQuiz, export: Path) -> None:
    fixes = given(made.folder, *(entry(line, "q01", "b") for line in (2, 4)),
                  entry(2, "q03", "x=a;y=b"))  # fmt: skip
    fixed = grade(made, export, "--corrections", fixes)
    assert fixed.out is not None and fixed.totals["11"] == "0.9"
    bank = ("--bank", made.folder / "bank")
    command = ("regrade", fixed.out, "--how", "everybody", "--question", "q02", *bank)
    said = made.run(*command, "--write", "--by", "TA", "--why", "seen")
    assert said.code == 0, said.text
    assert fixed.totals == {"11": "0.9", "12": "open", "13": "open"}
    rows = {row["student"]: row for row in fixed.table("scores.csv")}
    assert (rows["11"]["q01"], rows["13"]["q01"], rows["13"]["q02"]) == ("0.3", "0.3", "0.3")


@pytest.mark.parametrize(
    ("fix", "why"),
    [
        (entry(9, "q01", "b"), "the exports have no such row"),
        (entry(2, "q01", "b") | {"file": "b.csv"}, "the exports have no such row"),
        (entry(2, "q09", "b"), "the key has no such question; it has q01, q02, q03"),
        (entry(2, "q02", "a"), "the cell was read without help, as 'a,b'"),
        (entry(2, "q01", "b", text="0.7"), "the cell holds '0.5', not '0.7'"),
        (entry(2, "q01", "z"), "read_as 'z'"),
        (entry(2, "q01", "a b"), "read_as 'a b'"),
        (entry(2, "q03", "x=c"), "read_as 'x=c'"),
        (entry(2, "q01", "b", by=" "), "says not who decided and why"),
        (entry(2, "q01", "b", why=""), "says not who decided and why"),
    ],
)
def test_a_correction_that_fits_no_cell_is_an_error(
    made: SmallQuiz, export: Path, fix: dict[str, Any], why: str
) -> None:
    said = grade(made, export, "--corrections", given(made.folder, fix))
    assert said.code == 1 and why in said.text and "fixes.yaml" in said.text
    assert f"{fix['question']} of {fix['file']}, line {fix['line']}" in said.text
    assert not (made.folder / "out").exists()


def test_every_fault_is_told_at_once_with_its_line(made: SmallQuiz, export: Path) -> None:
    fixes = [entry(2, "q01", "b"), entry(9, "q01", "b"), entry(2, "q01", "a"), entry(2, "q02", "a")]
    path = given(made.folder, *fixes)
    said = grade(made, export, "--corrections", path)
    assert said.code == 1
    lines = path.read_text("utf-8").splitlines()
    begins = [n for n, text in enumerate(lines, 1) if text.startswith("- ")]
    for number, why in ((1, "no such row"), (2, "stands in this file twice"), (3, "without help")):
        (part,) = [each for each in said.text.split("; ") if why in each]
        assert f"line {begins[number]}: " in part


def test_a_file_that_is_no_corrections_names_the_place(made: SmallQuiz, export: Path) -> None:
    path = given(made.folder, entry(2, "q01", "b") | {"readas": "b"})
    said = grade(made, export, "--corrections", path)
    assert said.code == 1 and "readas" in said.text and "fixes.yaml" in said.text
