"""Cells that a person has read where the program could not: kept with who and why.

``corrections-open.yaml`` stands beside ``rejects.csv`` with every open cell, to be filled in and
given back with ``hw9 grade --corrections``:

    format: hw9-corrections/1
    corrections:
    - file: export.csv
      line: 12
      question: q03
      text: one,two,three          # as it stands there
      reason: fits more than one set of options: a+b or c
      read_as: a b                 # option ids; "" for not answered, "-" for not shown
      by: TA
      why: the student told us
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import polars as pl
import yaml
from pydantic import BaseModel, ConfigDict, Field

from grader.exports.plain_csv import read_ids
from grader.submissions import Refused, ScoredQuestion
from grader.table.answers import CORRECTIONS, NUMBER, TEXT_SHOWN, AnswerTable, answer
from solver.errors import ExportError
from solver.files.atomic_write import write_whole
from solver.files.yaml_source import PlacedYaml, load_placed_yaml, validated

FORMAT: Literal["hw9-corrections/1"] = "hw9-corrections/1"
OPEN_FILE = "corrections-open.yaml"


class Correction(BaseModel):
    """One cell, as a person reads it."""

    model_config = ConfigDict(extra="forbid")

    file: str = Field(description="the export, as rejects.csv names it")
    line: int = Field(description="line of the export on which the row begins")
    question: str = Field(description="id of the question")
    text: str = Field("", description="the cell's text, for the reader")
    reason: str = Field("", description="why it could not be read, for the reader")
    read_as: str | None = Field(None, description="option ids; null: still open")
    by: str | None = Field(None, description="who decided")
    why: str | None = Field(None, description="why")


class CorrectionsFile(BaseModel):
    """A file of corrections."""

    model_config = ConfigDict(extra="forbid")

    format: Literal["hw9-corrections/1"]
    corrections: list[Correction]


def corrected(table: AnswerTable, questions: Sequence[ScoredQuestion], path: Path) -> AnswerTable:
    """Return a table with the corrections of a file applied.

    Raises:
        ExportError: not such a file, or a correction that fits no cell; all faults in one message.
    """
    placed = load_placed_yaml(path, ExportError)
    given = validated(placed, CorrectionsFile, ExportError)
    filled = [(n, each) for n, each in enumerate(given.corrections) if each.read_as is not None]
    work = _Corrections(table, {question.id: question for question in questions}, placed)
    for number, each in filled:
        work.take(number, each)
    if work.faults:
        raise ExportError("; ".join(work.faults), path=path)
    return work.table()


class _Corrections:
    """Corrections applied to the cells of a table, one after another."""

    def __init__(
        self, table: AnswerTable, questions: dict[str, ScoredQuestion], placed: PlacedYaml
    ) -> None:
        self._table = table
        self._questions = questions
        self._placed = placed
        self._numbers: dict[str, dict[int, int]] = {}
        # Rows with something unread, of which nearly all corrections are: no search of the table.
        rows = table.frame[table.rejects["row"].unique()].select("file", "line")
        self._odd = dict(zip(rows.iter_rows(), table.rejects["row"].unique(), strict=True))
        self._taken: list[tuple[int, str, str, str, str, str]] = []
        self.faults: list[str] = []

    def take(self, number: int, each: Correction) -> None:
        """Take a correction, or name its fault."""
        row = self._row(each)
        fault = self._fault(row, each)
        if fault:
            line = self._placed.line_of(("corrections", number))
            self.faults.append(
                f"line {line}: {each.question} of {each.file}, line {each.line}: {fault}"
            )

    def _row(self, each: Correction) -> int | None:
        row = self._odd.get((each.file, each.line))
        if row is None:
            here = (pl.col("file") == each.file) & (pl.col("line") == each.line)
            row = next(iter(self._table.frame.select(here.arg_true()).to_series()), None)
        return row

    def _fault(self, row: int | None, each: Correction) -> str:
        question = self._questions.get(each.question)
        if question is None:
            return f"the key has no such question; it has {', '.join(self._questions)}"
        if row is None:
            return "the exports have no such row"
        place = self._table.cells.place[question.id]
        known = self._numbers.setdefault(question.id, {})
        cell = self._table.cells.of[place][self._table.frame[answer(question.id)][row]]
        if row in known:
            return "stands in this file twice"
        if not cell.refused:
            return f"the cell was read without help, as {cell.code or 'not answered'!r}"
        # As corrections-open.yaml shows it, from which the text given was copied.
        text = cell.response.text[:TEXT_SHOWN] if isinstance(cell.response, Refused) else ""
        if each.text and each.text != text:
            return f"the cell holds {text!r}, not {each.text!r}"
        response = read_ids(question, each.read_as or "")
        if isinstance(response, Refused):
            return f"read_as {each.read_as!r} {response.reason}"
        if not (each.by or "").strip() or not (each.why or "").strip():
            return "says not who decided and why (by, why)"
        # With the cell's points of Canvas: the comparison with Canvas stays as it was.
        known[row] = self._table.cells.number_of(place, response, cell.points)
        said = (each.read_as or "", (each.by or "").strip(), (each.why or "").strip())
        self._taken.append((row, question.id, text, *said))
        return ""

    def table(self) -> AnswerTable:
        """Return the table with every correction that was taken."""
        table, columns = self._table, []
        for name, numbers in self._numbers.items():
            # A corrected answer may be a cell with a larger number than the column's small type
            # holds.
            column = table.frame[answer(name)].cast(NUMBER)
            places = pl.Series(list(numbers), dtype=pl.UInt32)
            columns.append(column.scatter(places, pl.Series(list(numbers.values()), dtype=NUMBER)))
        taken = pl.DataFrame(self._taken, schema=CORRECTIONS, orient="row")
        # A cell that a person has read is no reject any more.
        left = table.rejects.join(taken, on=["row", "question"], how="anti", maintain_order="left")
        return AnswerTable(
            table.frame.with_columns(columns),
            table.cells,
            left,
            pl.concat([table.corrections, taken]).sort("row", maintain_order=True),
        )


def write_open(table: AnswerTable, path: Path) -> int:
    """Write the cells that are still open, to be filled in; return how many.

    Nothing is written where there is none.

    Raises:
        OutputError: it cannot be written.
    """
    entries = []
    for row, each in zip(table.rejects["row"], table.each_reject(), strict=True):
        # A reject of a whole row, or one that is corrected by now, has no cell to fill in.
        if each.question and _refused(table, row, each.question):
            told = {"file": each.source, "line": each.line, "question": each.question}
            told |= {"text": each.text, "reason": each.reason}
            entries.append({**told, "read_as": None, "by": None, "why": None})
    if entries:
        data = {"format": FORMAT, "corrections": entries}
        text = yaml.safe_dump(data, allow_unicode=True, sort_keys=False, width=100)
        write_whole(path, text, private=True)
    return len(entries)


def _refused(table: AnswerTable, row: int, question: str) -> bool:
    number = table.frame[answer(question)][row]
    return table.cells.of[table.cells.place[question]][number].refused
