"""How rows begin, many at once: who it is, which attempt, and when, as a table has them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from json import JSONDecoder

import polars as pl

from grader.submissions import Student, Submission

HEAD_SIZE = 256
"""Bytes of a line within which its head mostly ends."""
COLUMNS = ("id", "name", "section", "sis_id", "attempt", "submitted")
_TEXT = r'"([^"\\]*)"'
_PLAIN = (
    rf'^\{{"s":\[\[{_TEXT},{_TEXT},{_TEXT},"[^"\\]*",{_TEXT}\],'
    r'(?:null|([0-9]+)),(?:null|"([0-9-]{10})T([0-9:]{8})\+00:00"),'
)
"""How a line begins of which no text is escaped, with a time to the second."""
_PERSON_AT = len('{"s":[')
_MOST_AFTER = 80
"""Letters that the number of an attempt and a time take in a line, and more."""
_decode = JSONDecoder().raw_decode


@dataclass(frozen=True, slots=True)
class Heads:
    """Of n rows.

    Attributes:
        texts: (n, 6) texts, `COLUMNS`: fields of `Student` as they are, the attempt in digits, the
            time as `table_moment` writes it; "" where there is none.
        moments: when they were handed in; None as a whole where nobody asked.
    """

    texts: pl.DataFrame
    moments: Sequence[datetime | None] | None = None

    def __len__(self) -> int:
        return len(self.texts)


def heads_of(submissions: Sequence[Submission]) -> Heads:
    """Return the heads of rows that are there one by one."""
    rows = [_texts(each.student, each.attempt, each.submitted) for each in submissions]
    return Heads(_frame(rows), [each.submitted for each in submissions])


def heads_of_lines(firsts: Sequence[bytes], whole: Callable[[int], str], *, dated: bool) -> Heads:
    """Return the heads of the lines of a record (`grader.row_record`).

    Args:
        firsts: the first bytes of each line, in UTF-8: `HEAD_SIZE` of them or another number.
        whole: returns a whole line by its place among these.
        dated: whether the times are asked for.
    """
    # Only a letter that is cut in two at the end is left out.
    begun = [first.decode("utf-8", "ignore") for first in firsts]
    column = pl.Series("line", begun, dtype=pl.String)
    groups = column.str.extract_groups(_PLAIN).struct.unnest()
    odd = groups["1"].is_null().arg_true().to_list()
    texts = groups.select(
        *(pl.col(str(place)).alias(name) for place, name in enumerate(COLUMNS[:5], 1)),
        pl.format("{} {} UTC", "6", "7").alias(COLUMNS[5]),
    ).fill_null("")
    moments = list(map(_moment, texts[COLUMNS[5]].to_list())) if dated else None
    if odd:
        rows = texts.rows()
        for place in odd:
            student, attempt, moment = _head(whole(place))
            rows[place] = _texts(student, attempt, moment)
            if moments is not None:
                moments[place] = moment
        texts = _frame(rows)
    return Heads(texts, moments)


def table_moment(moment: datetime | None) -> str:
    """Return a time as the tables have it: ``2026-04-09 03:28:49 UTC``."""
    return f"{moment.astimezone(UTC).isoformat(' ', 'seconds')[:19]} UTC" if moment else ""


def _frame(rows: Sequence[tuple[str, ...]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String), orient="row")


def _texts(student: Student, attempt: int | None, moment: datetime | None) -> tuple[str, ...]:
    number = "" if attempt is None else str(attempt)
    person = (student.id, student.name, student.section, student.sis_id)
    return (*person, number, table_moment(moment))


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(f"{text[:19]}+00:00") if text else None


def _head(line: str) -> tuple[Student, int | None, datetime | None]:
    """Return how a line begins: who, which attempt, when."""
    person, end = _decode(line, _PERSON_AT)
    attempt, moment, _ = line[end + 1 : end + _MOST_AFTER].split(",", 2)
    return (
        Student(*person),
        None if attempt == "null" else int(attempt),
        None if moment == "null" else datetime.fromisoformat(moment[1:-1]),
    )
