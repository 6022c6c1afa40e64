"""Who a student is: by headers that are known, by place and shape where they are not."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest

from grader.student_ids.person_columns import PersonColumns
from solver.errors import ExportError

EN = ("name", "id", "section", "section_id", "submitted")
ZH = ("名稱", "ID", "班別", "section_id", "已提交")
ES = ("nombre", "identificador", "sección", "id de sección", "entregado")
WHO = ("Wang", "11", "A", "5", "2026-04-11 00:00:00 UTC")
ALSO = ("Chen", "12", "A", "5", "2026-04-11 00:00:01 UTC")
FIELDS = {name: at for at, name in enumerate(EN)}


def fields(header, *rows) -> dict[str, int]:
    return PersonColumns(header, rows or (WHO, ALSO), Path("export.csv")).fields()


def refused(header, *rows) -> str:
    with pytest.raises(ExportError) as caught:
        fields(header, *rows)
    return str(caught.value)


@pytest.mark.parametrize("header", [EN, ZH, ES, tuple(f" {each.upper()} " for each in EN)])
def test_canvas_own_order_in_any_language(header) -> None:
    assert fields(header) == FIELDS
    assert fields(header, *[]) == FIELDS


@pytest.mark.parametrize("header", [EN, ZH])
def test_known_headers_decide_wherever_they_stand(header) -> None:
    for order in permutations(range(5)):
        moved = [[row[at] for at in order] for row in (header, WHO, ALSO)]
        found = fields(moved[0], *moved[1:])
        assert found == {EN[at]: place for place, at in enumerate(order)}


@pytest.mark.parametrize("at", range(6))
@pytest.mark.parametrize("name", ["No.", "", "備註", "Group"])
def test_a_column_that_somebody_added_moves_nobody(at, name) -> None:
    def more(row, cell):
        return [*row[:at], cell, *row[at:]]

    columns = PersonColumns(more(EN, name), [more(WHO, "1"), more(ALSO, "2")], Path("x"))
    found = columns.fields()
    assert found == {field: place + (place >= at) for field, place in FIELDS.items()}
    assert columns.passed_over(found) == [f"column {at + 1} ({name!r})"]


def test_what_canvas_adds_at_times_is_known_by_its_header() -> None:
    header = ("name", "id", "sis_id", "root_account", "section", "section_id", "section_sis_id")
    header += ("submitted", "attempt")
    row = ("Wang", "11", "b099", "cool.example", "A", "5", "s5", WHO[-1], "1")
    assert fields(header, row) == {name: at for at, name in enumerate(header)}


def test_headers_of_another_language_go_by_place_and_shape() -> None:
    header = (*ES, "intento")
    assert fields(header, (*WHO, "1"))["attempt"] == 5
    with_root = ("nombre", "identificador", "cuenta", *ES[2:])
    assert fields(with_root, ("Wang", "11", "cool", *WHO[2:]))["section"] == 3


def test_unknown_headers_whose_cells_are_no_ids_are_refused() -> None:
    header = ("n.º", *ES)
    said = refused(header, ("1", *WHO), ("2", *ALSO))
    assert "'nombre'" in said and "should hold ids and mostly does not" in said


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (("name", "name", "section", "section_id", "submitted"), "two columns that say name"),
        (("name", "id", "ID", "section", "section_id", "submitted"), "two columns that say id"),
        (("section", "section_id", "submitted", "attempt"), "has no names and ids"),
        (("name", "id", "section", "submitted"), "has no column section_id"),
        (("No.", "name", "id", "clase", "section_id", "submitted"), "cannot be told"),
        (("a", "b"), "has 2 columns before its first question"),
    ],
)
def test_a_header_that_tells_nobody(header, said) -> None:
    rows = [tuple("1" * len(header))]
    assert said in refused(header, *rows)


def test_headers_that_contradict_their_cells() -> None:
    swapped = ("id", "name", *EN[2:])
    said = refused(swapped)
    assert "column 1 ('id') should hold ids and mostly does not, while column 2 ('name')" in said
    assert "contradict each other" in said
    times = ("name", "id", "submitted", "section_id", "section")
    assert "should hold times" in refused(times)


def test_damaged_ids_are_for_their_rows_to_tell() -> None:
    rows = [("Wang", "1.01E+15", *WHO[2:]), ("Chen", "1.01E+15", *WHO[2:])]
    assert fields(EN, *rows) == FIELDS


def test_a_name_of_digits_among_damaged_ids_is_no_id() -> None:
    rows = [("Wang", "x1", *WHO[2:]), ("12", "x2", *WHO[2:]), ("13", "x3", *WHO[2:])]
    assert fields(EN, *rows) == FIELDS
    assert "contradict" in refused(EN, *[("11", *row[1:]) for row in rows])


def test_an_attempt_before_all_others_is_read() -> None:
    assert fields(("attempt", *EN), ("1", *WHO))["attempt"] == 0


def test_columns_in_front_of_known_headers_move_nobody_however_many() -> None:
    front = tuple(f"front {n}" for n in range(8))
    read = fields((*front, *EN), ("1", "2", "3", "4", "5", "6", "7", "8", *WHO))
    assert read == {name: at + 8 for name, at in FIELDS.items()}
