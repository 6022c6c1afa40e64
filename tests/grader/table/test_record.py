"""A table written as Parquet and read back: the same rows, cells, rejects and corrections."""

from __future__ import annotations

import stat
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from grader.submissions import Ticked
from grader.table import record
from grader.table.answers import CORRECTIONS, AnswerTable
from grader.table.record import points_of_text, read_rows, write_rows
from solver.errors import ExportError
from tests.grader.table.small_tables import table

NAMES = ["q1", "q2"]
ROWS = ["7 1 3 a=0.30 ab", "cut 8", "9 . . ? -", "8 2 4 _=0 a=0.4", "cut ."]


def written(folder: Path, *, corrections: Sequence[tuple] = ()) -> tuple[Path, AnswerTable]:
    made = table(NAMES, *ROWS)
    told = pl.DataFrame(list(corrections), schema=CORRECTIONS, orient="row")
    made = AnswerTable(made.frame, made.cells, made.rejects, told)
    path = folder / "rows.parquet"
    write_rows(made, path, "hash")
    return path, made


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    said = [(2, "q1", "?", "a", "TA", "seen"), (3, "q2", "x", "b", "TA", "asked")]
    path, made = written(tmp_path, corrections=said)
    again = read_rows(path, NAMES, "hash")
    assert list(again.submissions(again.frame)) == list(made.submissions(made.frame))
    assert list(again.each_reject()) == list(made.each_reject())
    assert again.corrections.equals(made.corrections)
    assert again.rejects.equals(made.rejects)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    numbers = [cell.points_text for cell in again.cells.of[0]]
    assert "0.30" in numbers  # as Canvas wrote it


def test_the_same_rows_give_the_same_bytes_however_their_cells_are_numbered(tmp_path: Path) -> None:
    path, _ = written(tmp_path)
    before = path.read_bytes()
    write_rows(read_rows(path, NAMES, "hash"), tmp_path / "again", "hash")
    assert (tmp_path / "again").read_bytes() == before


@pytest.mark.parametrize("rows", [1, 2, 4])
def test_a_group_of_any_size_holds_the_same_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    (tmp_path / "whole").mkdir()
    expected, _ = written(tmp_path / "whole", corrections=[(2, "q1", "?", "a", "TA", "seen")])
    monkeypatch.setattr(record, "GROUP", rows)
    path, _ = written(tmp_path, corrections=[(2, "q1", "?", "a", "TA", "seen")])
    assert pl.read_parquet(path).equals(pl.read_parquet(expected))


def test_a_cell_that_no_row_has_leaves_no_text_behind(tmp_path: Path) -> None:
    path, made = written(tmp_path)
    before = path.read_bytes()
    answer = Ticked(frozenset("cd"))  # of a stretch that was read again row by row
    made.cells.number_of(0, answer, Decimal("0.17"))
    path.unlink()
    write_rows(made, path, "hash")
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("names", "hashed", "why"),
    [
        (NAMES, "other", "was not written by this run"),
        (["q1", "q3"], "hash", "lacks the column 'answer:q3'"),
    ],
)
def test_a_record_of_another_run_is_refused(
    tmp_path: Path, names: list[str], hashed: str, why: str
) -> None:
    path, _ = written(tmp_path)
    with pytest.raises(ExportError, match=why):
        read_rows(path, names, hashed)


def test_a_file_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="there is no such file"):
        read_rows(tmp_path / "rows.parquet", NAMES, "hash")
    (tmp_path / "rows.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(ExportError, match="cannot be read"):
        read_rows(tmp_path / "rows.parquet", NAMES, "hash")


@pytest.mark.parametrize("text", ["x", "nan", "1e9", "-1000000", "Infinity"])
def test_points_no_export_has_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        points_of_text(text)


def test_points_an_export_has_are_read() -> None:
    assert points_of_text(None) is None
    assert str(points_of_text("0.30")) == "0.30" and str(points_of_text("-999999")) == "-999999"
