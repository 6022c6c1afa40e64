"""A stretch of a Student Analysis CSV read by polars.

Each rule is stated once, in `grader.exports.student_analysis`: the meaning of a pair of cells, an
attempt, a time or a score is asked there, once for each distinct text. A row with an odd person,
time, attempt or score is given to `StudentAnalysis.row` as a whole. Where polars cannot be shown to
have read the cells that the csv module would have read, nothing is returned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from grader.csv_files.records import Record
from grader.csv_files.regular import RegularStretch
from grader.exports.analysis_cells import AnalysisColumn, ReadCell
from grader.exports.fields import attempt_number, canvas_score, moment_of
from grader.submissions import NOT_SHOWN
from grader.table.answers import (
    MOMENT,
    PERSON,
    REJECTS,
    ROW,
    TEXT_SHOWN,
    Block,
    answer,
    block_of_rows,
    schema_of,
)

if TYPE_CHECKING:
    from grader.exports.student_analysis import StudentAnalysis
    from grader.table.cells import Cells

_ODD_TEXT = r"^\s|\s$|[\x00-\x1f]"
"""Signs that would be stripped from a person's text."""
_NUMBER = r"^[0-9]{1,17}$"
_MOMENT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2} UTC$"
_MOST_PLACES = 1 << 16
Codes = NDArray[np.integer[Any]]
Flags = NDArray[np.bool_]


class AnalysisFrames:
    """Reads stretches of one export, one after another.

    Args:
        export: opened already.
        cells: of the run; new ones are added.
    """

    def __init__(self, export: StudentAnalysis, cells: Cells) -> None:
        self._export = export
        self._cells = cells
        width, score_at = export.layout.width, export.layout.score
        # Columns of few distinct texts are read as numbers of these; names and times hardly repeat.
        few = {at for column in export.columns for at in (column.at, column.at + 1)}
        few |= {at for at in (export.attempt_at, score_at) if at is not None}
        self._texts = {at: _Texts() for at in sorted(few)}
        self._plain = [f"{at}" for at in range(width) if at not in few]
        self._schema: dict[str, Any] = {f"{at}": pl.String for at in range(width)}
        self._schema |= {f"{at}": texts.kind for at, texts in self._texts.items()}
        self._columns = [
            _NumberedColumn(column, self._texts[column.at], self._texts[column.at + 1], cells)
            for column in export.columns
        ]
        self._asked = {
            name: _Asked(self._texts[at], what, ROW[name])
            for name, at, what in (
                ("attempt", export.attempt_at, attempt_number),
                ("canvas_score", score_at, _score_text),
            )
            if at is not None
        }

    def block(self, stretch: RegularStretch, before: int, *, header: bool) -> Block | None:
        """Return the rows of a stretch of the file, None if they are not surely these.

        Args:
            stretch: whole records.
            before: how many lines of the file stand before it.
            header: whether its first record is the header.
        """
        read = self._table(stretch)
        if read is None:
            return None
        table, codes = read
        lines = np.arange(len(table)) if stretch.starts is None else stretch.starts
        table = table.with_columns(line=pl.Series(lines + (before + 1), dtype=pl.Int64))
        kept = np.ones(len(table), dtype=np.bool_)
        kept[:1] = not header
        # A row of empty cells is no row; to look at all cells takes as long as to parse them, so
        # that only a stretch with a row without an id is looked at.
        if (table[f"{self._export.person_at[0]}"] == "").any():
            kept &= self._texts_of(table).select(pl.any_horizontal(pl.all() != ""))["0"].to_numpy()
        if not kept.all():
            table = table.filter(kept)
            codes = {at: of[kept] for at, of in codes.items()}
        return self._rows(table, codes)

    def _table(self, stretch: RegularStretch) -> tuple[pl.DataFrame, dict[int, Codes]] | None:
        """Return all cells, None if these are not surely those that the bytes hold.

        Of columns with few distinct texts the numbers of these are returned, too.
        """
        try:
            table = pl.read_csv(
                stretch.data,
                has_header=False,
                schema=self._schema,
                separator=self._export.delimiter,
                empty_string_is_null=False,
                extra_columns="raise",  # a short row passes, and is found by `_is_whole`
            )
        except pl.exceptions.PolarsError:
            return None
        codes = self._codes(table)
        return (table, codes) if self._is_whole(table, codes, stretch) else None

    def _is_whole(
        self, table: pl.DataFrame, codes: dict[int, Codes], stretch: RegularStretch
    ) -> bool:
        """Say whether every byte is in a cell, between two, or a mark."""
        # A cell in quotation marks may hold line ends: then records are counted by their starts.
        records = stretch.lines + (not stretch.data.endswith(b"\n"))
        if stretch.starts is not None:
            records = len(stretch.starts)
        sizes = table.select(pl.col(self._plain).str.len_bytes().cast(pl.Int64).sum())
        cells = sum(map(int, sizes.row(0))) if self._plain else 0
        cells += sum(int(self._texts[at].sizes[of].sum()) for at, of in codes.items())
        ends = records - (not stretch.data.endswith(b"\n"))
        # A separator between two cells, an end a record, and quotation marks, of which one of a
        # doubled pair is a byte of its cell.
        between = len(table) * (len(self._schema) - 1) + ends + stretch.marks - stretch.doubled
        return len(table) == records and cells + between == len(stretch.data)

    def _codes(self, table: pl.DataFrame) -> dict[int, Codes]:
        """Return the numbers of the texts of each column that has few distinct ones."""
        if not self._texts:
            return {}
        names = [f"{at}" for at in self._texts]
        # 0 is the empty cell, which polars reads as null.
        numbers = table.select((pl.col(names).to_physical() + 1).fill_null(0)).to_numpy()
        for texts, most in zip(self._texts.values(), numbers.max(axis=0, initial=0), strict=True):
            texts.learn(int(most))
        return dict(zip(self._texts, numbers.T, strict=True))

    def _texts_of(self, table: pl.DataFrame) -> pl.DataFrame:
        return table.select(pl.col(list(self._schema)).cast(pl.String).fill_null(""))

    def _rows(self, table: pl.DataFrame, codes: dict[int, Codes]) -> Block:
        export = self._export
        places = {name: f"{at}" for name, at in zip(PERSON, export.person_at, strict=False)}
        clock = pl.col(f"{export.submitted_at}")
        odd_person = pl.col(list(places.values())).str.contains(_ODD_TEXT)
        read = table.select(
            *(
                # Not every export has SIS ids, the last of PERSON.
                (pl.col(places[name]) if name in places else pl.lit("")).cast(ROW[name]).alias(name)
                for name in PERSON
            ),
            "line",
            pl.lit(export.source).cast(ROW["file"]).alias("file"),
            # An id that is no plain number may be a spreadsheet's (1.2E+05).
            odd=~pl.col(places["student"]).str.contains(_NUMBER) | pl.any_horizontal(odd_person),
            submitted=pl.when(clock.str.contains(_MOMENT)).then(
                clock.str.slice(0, 19)
                # The 31st of February is null here, and goes to the reader of single rows.
                .str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us", strict=False)
                .dt.replace_time_zone("UTC")
            ),
        )
        submitted, odd = _with_others(read["submitted"], table[f"{export.submitted_at}"])
        odd |= read["odd"].to_numpy()
        fields = {"submitted": submitted}
        for name, at in (("attempt", export.attempt_at), ("canvas_score", export.layout.score)):
            if at is None:  # an export without this column
                fields[name] = pl.Series([None], dtype=ROW[name]).new_from_index(0, len(table))
                continue
            fields[name], wrong = self._asked[name].of(codes[at])
            odd |= wrong
        numbers, rejects = self._numbers(table, codes)
        frame = read.with_columns(**fields).with_columns(numbers)
        rows = frame.select(*schema_of(self._cells.names))
        if not odd.any():
            return Block(rows, rejects)
        return self._with_odd(rows, rejects, table, pl.Series(odd))

    def _with_odd(
        self, rows: pl.DataFrame, rejects: pl.DataFrame, table: pl.DataFrame, odd: pl.Series
    ) -> Block:
        """Return the block with some rows read one by one."""
        places = odd.arg_true().cast(pl.Int64)
        records = self._texts_of(table[places]).iter_rows()
        read = [
            self._export.row(Record(line, list(cells)))
            for line, cells in zip(table["line"].gather(places), records, strict=True)
        ]
        block = block_of_rows(read, self._cells)
        own = pl.Series("place", range(len(rows)))
        numbered = list(map(answer, self._cells.names))
        together = pl.concat(
            [rows.with_columns(place=own).filter(~odd), block.frame.with_columns(place=places)],
            how="vertical_relaxed",
        ).sort("place")
        again = block.rejects.with_columns(row=places.gather(block.rejects["row"]))
        kept = rejects.filter(~pl.col("row").is_in(places.implode()))
        return Block(
            together.select(*ROW, *numbered),
            pl.concat([kept, again]).sort("row", maintain_order=True),
        )

    def _numbers(
        self, table: pl.DataFrame, codes: dict[int, Codes]
    ) -> tuple[list[pl.Series], pl.DataFrame]:
        """Return a column of cells' numbers for each question, and the cells not read."""
        without = {name: kind for name, kind in REJECTS.items() if name != "student"}
        columns, rejects = [], [pl.DataFrame(schema={**without, "at": pl.Int64})]
        for column in self._columns:
            at = column.source.at
            numbers, wrong = column.read(codes[at], codes[at + 1])
            columns.append(numbers)
            rejects += wrong
        read = {column.source.question for column in self._columns}
        for place, name in enumerate(self._cells.names):
            if name not in read:
                number = self._cells.number_of(place, NOT_SHOWN, None)
                columns.append(_series(name, np.full(len(table), number)))
        together = pl.concat(rejects).sort("row", "at", maintain_order=True)
        students = table[f"{self._export.person_at[0]}"].gather(together["row"])
        return columns, together.with_columns(student=students).select(*REJECTS)


def _score_text(text: str) -> tuple[str | None, str]:
    score, wrong = canvas_score(text)
    return None if score is None else str(score), wrong


def _with_others(moments: pl.Series, texts: pl.Series) -> tuple[pl.Series, Flags]:
    """Return times with those that are written otherwise, and which of them are to be looked at."""
    odd = np.zeros(len(texts), dtype=np.bool_)
    others = moments.is_null().arg_true()
    if len(others):
        said = [moment_of(text) for text in texts.gather(others)]
        found = pl.Series([moment for moment, _ in said], dtype=MOMENT)
        moments = moments.scatter(others, found)
        odd[others.to_numpy()] = [bool(wrong) for _, wrong in said]
    return moments, odd


def _series(question: str, numbers: Codes) -> pl.Series:
    """Return numbers of cells in the smallest type that holds them: most classes need a byte."""
    kind = np.min_scalar_type(int(numbers.max(initial=0)))
    return pl.Series(answer(question), numbers.astype(kind))


class _Texts:
    """The distinct texts of a column that were met, each at its number; "" is 0.

    Attributes:
        kind: with which polars reads the column as numbers of these texts, less one.
        texts, sizes: each text, and its bytes.
    """

    def __init__(self) -> None:
        self.kind = pl.Categorical(pl.Categories.random())
        self._kept = pl.Series(dtype=self.kind)  # polars forgets texts that no series needs
        self.texts = [""]
        self.sizes = np.zeros(1, dtype=np.int64)

    def learn(self, most: int) -> None:
        """Learn the texts up to the number `most`."""
        known = len(self.texts)
        if most >= known:
            new = self.kind.categories.to_series()[known - 1 :]
            self.texts += new.to_list()
            self.sizes = np.append(self.sizes, new.str.len_bytes().to_numpy())


class _Asked:
    """A column of few texts, with a value that each of them says.

    Args:
        texts: of the column.
        what: returns a text's value, and why it says none.
        dtype: of the values.
    """

    def __init__(self, texts: _Texts, what: Callable[[str], tuple[Any, str]], dtype: Any) -> None:
        self._texts = texts
        self._what = what
        self._values = pl.Series(dtype=dtype)
        self._wrong = np.zeros(0, dtype=np.bool_)

    def of(self, codes: Codes) -> tuple[pl.Series, Flags]:
        """Return the values of texts, and which say nothing that can be read."""
        said = [self._what(text) for text in self._texts.texts[len(self._values) :]]
        if said:
            new = pl.Series([value for value, _ in said], dtype=self._values.dtype)
            self._values = pl.concat([self._values, new], rechunk=True)
            self._wrong = np.append(self._wrong, [bool(wrong) for _, wrong in said])
        return self._values.gather(codes), self._wrong[codes]


class _NumberedColumn:
    """A question's two columns, as numbers of the cells they make together."""

    def __init__(
        self, source: AnalysisColumn, answers: _Texts, points: _Texts, cells: Cells
    ) -> None:
        self.source = source
        self._answers, self._points = answers, points
        self._cells = cells
        self._place = cells.place[source.question]
        self._known: dict[tuple[int, int], int] = {}

    def read(self, answers: Codes, points: Codes) -> tuple[pl.Series, list[pl.DataFrame]]:
        """Return the number of each row's cell, and the cells that could not be read."""
        across = len(self._points.texts)
        joint = answers.astype(np.int64) * across + points
        distinct, which = _distinct(joint, len(self._answers.texts) * across)
        pairs = [divmod(each, across) for each in distinct.tolist()]
        numbers = np.array([self._known.get(pair, 0) for pair in pairs], dtype=np.uint32)
        new = [n for n, pair in enumerate(pairs) if pair not in self._known]
        rejects: list[pl.DataFrame] = []
        if new:
            # Texts have their numbers from threads, cells theirs from the order of the rows.
            first = np.zeros(len(pairs), dtype=np.int64)
            # Assigned from the end, so that the first row of each stays.
            first[which[::-1]] = np.arange(len(which))[::-1]
            for n in sorted(new, key=first.__getitem__):
                answer_code, points_code = pairs[n]
                cell = self.source.read(
                    self._answers.texts[answer_code], self._points.texts[points_code]
                )
                numbers[n] = self._cells.number(self._place, cell)
                if cell.has_rejects:
                    # Not remembered: each of its rows is listed among the rejects.
                    rejects += self._rejects(cell, np.flatnonzero(which == n))
                else:
                    self._known[pairs[n]] = int(numbers[n])
        return _series(self.source.question, numbers[which]), rejects

    def _rejects(self, cell: ReadCell, rows: Codes) -> Iterator[pl.DataFrame]:
        for question, text, reason in cell.rejects(self.source.question):
            yield pl.DataFrame({"row": rows}).with_columns(
                question=pl.lit(question),
                text=pl.lit(text[:TEXT_SHOWN]),
                reason=pl.lit(reason),
                at=pl.lit(self.source.at, pl.Int64),
            )


def _distinct(numbers: Codes, end: int) -> tuple[Codes, Codes]:
    """Return `np.unique` of numbers from 0 to below `end`, faster where they are few."""
    if end > _MOST_PLACES:
        return np.unique(numbers, return_inverse=True)
    found = np.flatnonzero(np.bincount(numbers, minlength=end))
    place = np.zeros(end, dtype=np.int64)
    place[found] = np.arange(len(found))
    return found, place[numbers]
