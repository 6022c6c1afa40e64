"""Ids that name two people; their rows are refused, else one of the two would get no grade."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import polars as pl

from grader.student_ids.look_alikes import folded
from grader.submissions import NOT_SHOWN
from grader.table.answers import NUMBER, REJECTS, ROW, TEXT_SHOWN, AnswerTable, answer

_NAMELESS = "the names and ids of this student's rows are those of two people"


class Person(NamedTuple):
    """Names and ids of one row's student; those that a file does not have are "".

    Attributes:
        id: in the file's own system (`grader.student_ids.id_systems`).
        sis_id: beside it.
        name: as it is shown.
        source: the file, in which one id has one name.
    """

    id: str
    sis_id: str = ""
    name: str = ""
    source: str = ""


def conflicts(persons: Iterable[Person]) -> dict[str, str]:
    """Return the ids whose rows name two people, each with the reason.

    Two people are: one id with two SIS ids, one SIS id with two ids, and one id with two names in
    one file, case, width and blanks aside.

    Args:
        persons: distinct ones suffice, in any order.

    Example:
        >>> conflicts([Person("7", "b01"), Person("7", "b02"), Person("8", "b03")])
        {'7': "the id 7 stands with two SIS ids, 'b01' and 'b02', which are two people"}
    """
    sis_of: dict[str, set[str]] = {}
    ids_of: dict[str, set[str]] = {}
    names_of: dict[tuple[str, str], dict[str, str]] = {}
    for person in persons:
        if person.sis_id:
            sis_of.setdefault(person.id, set()).add(person.sis_id)
            ids_of.setdefault(person.sis_id, set()).add(person.id)
        if form := folded(person.name):
            # By file: Canvas writes a name as it is on the day, and people change theirs.
            shown = names_of.setdefault((person.id, person.source), {})
            shown[form] = min(person.name, shown.get(form, person.name))
    found: dict[str, str] = {}
    for sis, ids in sorted(ids_of.items()):
        if len(ids) > 1:
            for student in sorted(ids):
                found[student] = f"the SIS id {sis} stands with {_two(ids, 'ids')}"
    for (student, _), names in sorted(names_of.items()):
        if len(names) > 1:
            found[student] = f"the id {student} stands with {_two(names.values(), 'names')}"
    # Last, as the surest reason: of a student with several only this one is shown.
    for student, several in sis_of.items():
        if len(several) > 1:
            found[student] = f"the id {student} stands with {_two(several, 'SIS ids')}"
    return dict(sorted(found.items()))


def without_conflicts(table: AnswerTable, *, names: bool = True) -> AnswerTable:
    """Return a table in which rows whose ids name two people are refused; see `conflicts`.

    Args:
        table: stays as it is.
        names: have names and ids in the reasons; False with pseudonyms.
    """
    people = table.frame.select("student", "sis_id", "name", "file")
    distinct = people.filter(pl.col("student").is_not_null()).unique(maintain_order=True)
    # Nearly everybody in a large class has one name and one SIS id; only the others are compared.
    sis, student = pl.col("sis_id"), pl.col("student")
    several = (
        (pl.col("name").n_unique().over("student") > 1)
        | (sis.n_unique().over("student") > 1)
        | ((sis != "") & (student.n_unique().over("sis_id") > 1))
    )
    distinct = distinct.filter(several)
    found = conflicts(Person(*row) for row in distinct.iter_rows())
    return with_refused(table, found if names else dict.fromkeys(found, _NAMELESS))


def with_refused(table: AnswerTable, reasons: Mapping[str, str]) -> AnswerTable:
    """Return a table in which every row of some students is refused as a whole.

    Args:
        table: stays as it is.
        reasons: by student id, why.
    """
    if not reasons:
        return table
    numbered = table.frame.with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))
    rows = numbered.filter(pl.col("student").is_in(list(reasons)))
    told = [
        (row, student, "", ", ".join(filter(None, (student, name)))[:TEXT_SHOWN], reasons[student])
        for row, student, name in rows.select("row", "student", "name").iter_rows()
    ]
    # A row that is refused as a whole is listed once, not for each of its cells too.
    others = table.rejects.filter(~pl.col("row").is_in(rows["row"].to_list()))
    rejects = pl.concat([others, pl.DataFrame(told, schema=REJECTS, orient="row")])
    kept = pl.col("student").is_null() | ~pl.col("student").is_in(list(reasons))
    # Its file and line (the last two columns) stay, so that every row is still accounted for.
    nobody = [pl.when(kept).then(pl.col(name)).alias(name) for name in list(ROW)[:-2]]
    blank = [
        pl.when(kept)
        .then(pl.col(answer(name)))
        .otherwise(pl.lit(table.cells.number_of(place, NOT_SHOWN, None), dtype=NUMBER))
        .alias(answer(name))
        for place, name in enumerate(table.cells.names)
    ]
    return AnswerTable(
        table.frame.with_columns(*nobody, *blank),
        table.cells,
        rejects.sort("row", maintain_order=True),
        table.corrections,
    )


def _two(texts: Iterable[str], what: str) -> str:
    one, two, *more = sorted(texts)
    number = "two" if not more else str(len(more) + 2)
    shown = f"{one!r} and {two!r}" if not more else f"{one!r}, {two!r} and others"
    return f"{number} {what}, {shown}, which are {number} people"
