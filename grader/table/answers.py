"""The table of a run: every row of its exports, and for each question which cell the row has.

Columns: `ROW`, and ``answer:ID`` for each question, the number of its cell (`grader.table.cells`).
A row that was refused as a whole has no student. `rejects` has a line for everything that could not
be read: the place of its row, the question ("" of a row), the text, the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from decimal import Decimal
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

import polars as pl

from grader.submissions import (
    NOT_SHOWN,
    ReadRow,
    Refused,
    Reject,
    Student,
    Submission,
)
from grader.table.cells import Cells

PERSON = ("student", "name", "section", "section_id", "sis_id")
MOMENT = pl.Datetime("us", "UTC")


def _numbered(name: str) -> pl.Categorical:
    return pl.Categorical(pl.Categories(name, "hw9"))


# Categories by name: every block of a run numbers its texts alike, so that blocks are joined
# without numbering them anew.
ROW: dict[str, Any] = {
    **{name: _numbered(name) for name in PERSON},
    "attempt": pl.Int64,
    "submitted": MOMENT,
    "canvas_score": _numbered("canvas_score"),
    "file": _numbered("file"),
    "line": pl.Int64,
}
"""Texts that stand in many rows are numbered (a polars Categorical), each kind for itself."""
# While blocks are read; a whole table takes the smallest type that holds its numbers.
NUMBER = pl.UInt32
REJECTS = {
    **{"row": pl.Int64, "student": pl.String, "question": pl.String},
    **{"text": pl.String, "reason": pl.String},
}
CORRECTIONS = {
    **{"row": pl.Int64, "question": pl.String, "text": pl.String},
    **{"read_as": pl.String, "by": pl.String, "why": pl.String},
}
BLOCK_ROWS = 2000
TEXT_SHOWN = 500
"""Letters of a text that could not be read, as far as a table of rejects shows it."""
_decimal = lru_cache(maxsize=1 << 14)(Decimal)


def answer(question: str) -> str:
    """Return the name of a question's column."""
    return f"answer:{question}"


@dataclass(frozen=True, slots=True)
class Block:
    """Rows that follow each other, as a part of a table; `rejects` count rows from 0."""

    frame: pl.DataFrame
    rejects: pl.DataFrame


@dataclass(frozen=True, slots=True)
class AnswerTable:
    """Every row of a run.

    Attributes:
        frame: (rows, ...) in the order of reading; see above.
        cells: the cells that the numbers stand for.
        rejects: rows and cells not read, in the order of reading; ``student`` is whom a row seems
            to be of that was refused as a whole ("" if that cannot be told).
        corrections: cells that a person has read (`grader.runs.corrections`), by row.
    """

    frame: pl.DataFrame
    cells: Cells
    rejects: pl.DataFrame
    corrections: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=CORRECTIONS))

    def submission(self, row: int) -> Submission:
        """Return the submission of a row that has one."""
        (only,) = self.submissions(self.frame[[row]])
        return only

    def submissions(self, frame: pl.DataFrame) -> Iterator[Submission]:
        """Yield the submissions of some rows of the table, refused ones passed over."""
        questions = list(map(answer, self.cells.names))
        kept = frame.select(*ROW, *questions).filter(pl.col("student").is_not_null())
        # polars would make each moment one of `zoneinfo`; `_submission` gives back `datetime.UTC`.
        naive = kept.with_columns(pl.col("submitted").dt.replace_time_zone(None))
        for begin in range(0, len(naive), BLOCK_ROWS):
            for row in naive[begin : begin + BLOCK_ROWS].iter_rows():
                yield self._submission(row)

    def _submission(self, row: tuple[Any, ...]) -> Submission:
        *person, attempt, moment, score, file, line = row[: len(ROW)]
        found = [
            cells[number] for cells, number in zip(self.cells.of, row[len(ROW) :], strict=True)
        ]
        return Submission(
            Student(*person),
            attempt,
            moment.replace(tzinfo=UTC) if moment else None,
            {name: cell.response for name, cell in zip(self.cells.names, found, strict=True)},
            {name: cell.points for name, cell in zip(self.cells.names, found, strict=True)},
            None if score is None else _decimal(score),
            file,
            line,
        )

    def each_correction(self) -> list[CorrectedRow]:
        """Return the cells that a person has read, in the order of reading."""
        where = self.frame.select("file", "line")[self.corrections["row"]]
        rows = where.hstack(self.corrections.drop("row")).iter_rows()
        return [CorrectedRow(*row) for row in rows]

    def each_reject(self) -> Iterator[Reject]:
        """Yield the rows and cells that could not be read."""
        where = self.frame.select("file", "line")[self.rejects["row"]]
        for row in where.hstack(self.rejects.drop("row")).iter_rows():
            yield Reject(*row)


class CorrectedRow(NamedTuple):
    """A cell that a person has read, and where it stands."""

    file: str
    line: int
    question: str
    text: str
    read_as: str
    by: str
    why: str


def table_of(blocks: Iterable[Block], cells: Cells) -> AnswerTable:
    """Return one table of blocks that follow each other."""
    questions = list(map(answer, cells.names))
    # The smallest type there is: "vertical_relaxed" widens a column as far as one block needs.
    none = {**schema_of(cells.names), **dict.fromkeys(questions, pl.UInt8)}
    frames, rejects, rows = [pl.DataFrame(schema=none)], [pl.DataFrame(schema=REJECTS)], 0
    for block in blocks:
        wide = [name for name in questions if block.frame.schema[name] == NUMBER]
        # Thirty columns of four bytes a row would be most of a large class's memory.
        frames.append(block.frame.with_columns(block.frame[name].shrink_dtype() for name in wide))
        if len(block.rejects):
            rejects.append(block.rejects.with_columns(pl.col("row") + rows))
        rows += len(block.frame)
    return AnswerTable(
        pl.concat(frames, how="vertical_relaxed", rechunk=True), cells, pl.concat(rejects)
    )


def table_of_rows(rows: Iterable[ReadRow], questions: Sequence[str]) -> AnswerTable:
    """Return the table of rows that were read one by one."""
    cells = Cells(questions)
    return table_of(blocks_of_rows(rows, cells), cells)


def blocks_of_rows(rows: Iterable[ReadRow], cells: Cells) -> Iterator[Block]:
    """Yield rows, however many, as blocks."""
    rows = iter(rows)
    while some := list(islice(rows, BLOCK_ROWS)):
        yield block_of_rows(some, cells)


def block_of_rows(rows: Sequence[ReadRow], cells: Cells) -> Block:
    """Return rows that were read one by one as a block."""
    found = [_fields(row, cells) for row in rows]
    rejects = [
        (place, each.student, each.question, each.text, each.reason)
        for place, row in enumerate(rows)
        for each in (*row.rejects, *_untold(row))
    ]
    return Block(
        pl.DataFrame(found, schema=schema_of(cells.names), orient="row"),
        pl.DataFrame(rejects, schema=REJECTS, orient="row"),
    )


def _untold(row: ReadRow) -> Iterator[Reject]:
    """Yield the unread cells of a row that its reader did not list as rejects."""
    made = row.submission
    if made is None:
        return
    told = {each.question for each in row.rejects}
    for question, response in made.responses.items():
        if isinstance(response, Refused) and question not in told:
            text = response.text[:TEXT_SHOWN]
            yield Reject(made.source, made.line, made.student.id, question, text, response.reason)


def schema_of(questions: Sequence[str]) -> dict[str, Any]:
    """Return names and types of a table's columns."""
    return {**ROW, **dict.fromkeys(map(answer, questions), NUMBER)}


def _fields(row: ReadRow, cells: Cells) -> tuple[Any, ...]:
    made = row.submission
    if made is None:
        # A refused row keeps its line, since rows are counted; whose it is, is not known.
        where = (row.rejects[0].source, row.rejects[0].line) if row.rejects else ("", 0)
        numbers = [cells.number_of(place, NOT_SHOWN, None) for place in range(len(cells.names))]
        return (*[None] * (len(ROW) - 2), *where, *numbers)
    numbers = [
        cells.number_of(place, made.responses.get(name, NOT_SHOWN), made.canvas_points.get(name))
        for place, name in enumerate(cells.names)
    ]
    who = made.student
    return (
        *(who.id, who.name, who.section, who.section_id, who.sis_id),
        made.attempt,
        made.submitted.astimezone(UTC) if made.submitted else None,
        None if made.canvas_score is None else str(made.canvas_score),
        made.source,
        made.line,
        *numbers,
    )


def per_distinct(frame: pl.DataFrame, of: Callable[..., Any], dtype: Any) -> pl.Series:
    """Return of(...) for every row of some columns, each distinct row worked out once.

    Args:
        frame: (n, columns).
        of: takes a value a column; a fault of a value is raised as it is.
        dtype: of the result.
    """
    # In order, so that which fault of `of` is raised does not hang on polars' threads.
    distinct = frame.unique(maintain_order=True)
    found = pl.Series("found", [of(*row) for row in distinct.iter_rows()], dtype=dtype)
    joined = frame.join(
        distinct.with_columns(found),
        on=frame.columns,
        how="left",
        # By default a null equals no other, and its row would lose the value.
        nulls_equal=True,
        maintain_order="left",
    )
    return joined["found"]
