"""Ids that name two people."""

from __future__ import annotations

import random
from itertools import permutations

from grader.student_ids.conflicts import Person, conflicts, without_conflicts
from grader.submissions import ReadRow, Refused, Reject, Student, Submission, Ticked
from grader.table.answers import table_of_rows

ONE = Person("101", "b01", "Lin, Mei", "a.csv")


def test_one_person_in_many_rows_is_one() -> None:
    rows = [
        ONE,
        ONE._replace(sis_id=""),
        ONE._replace(name=""),
        ONE._replace(name="ＬＩＮ,  mei"),
        ONE._replace(name="Lin, M.", source="b.csv"),  # changed between two exports
        Person("102", "b02", "Lin, Mei", "a.csv"),  # two people may have one name
    ]
    assert conflicts(rows) == {}
    assert conflicts([]) == {}


def test_two_people_under_one_id() -> None:
    (reason,) = conflicts([ONE, ONE._replace(sis_id="b02")]).values()
    assert reason == "the id 101 stands with two SIS ids, 'b01' and 'b02', which are two people"
    (reason,) = conflicts([ONE, ONE._replace(name="Chen")]).values()
    assert "two names, 'Chen' and 'Lin, Mei'" in reason
    three = [ONE, ONE._replace(name="Chen"), ONE._replace(name="Wang")]
    assert "3 names, 'Chen', 'Lin, Mei' and others, which are 3 people" in conflicts(three)["101"]


def test_one_person_under_two_ids_is_told_of_both() -> None:
    found = conflicts([ONE, ONE._replace(id="102"), Person("103", "b03")])
    assert list(found) == ["101", "102"]
    assert set(found.values()) == {
        "the SIS id b01 stands with two ids, '101' and '102', which are two people"
    }


def test_the_order_of_rows_does_not_matter() -> None:
    rows = [ONE, ONE._replace(sis_id="b02"), ONE._replace(name="Chen"), Person("9", "b01")]
    assert len({tuple(conflicts(some).items()) for some in permutations(rows)}) == 1


def row(student: str, sis: str = "", name: str = "", file: str = "a.csv", line: int = 2) -> ReadRow:
    ticked = {"q01": Refused("?", "fits no option") if name == "odd" else Ticked(frozenset("a"))}
    rejects = (Reject(file, line, student, "q01", "?", "fits no option"),) if name == "odd" else ()
    who = Student(student, name, sis_id=sis)
    made = Submission(who, 1, None, ticked, {"q01": None}, None, file, line)
    return ReadRow(made, rejects)


def test_every_row_of_an_id_that_names_two_people_is_refused() -> None:
    rows = [
        row("101", "b01", "Lin", line=2),
        row("102", "b02", "odd", line=3),
        row("101", "b09", "Lin", line=4),
        row("102", "b02", "Wang", line=5),
        row("103", "b03", "Chen", line=6),
        row("103", "b03", "Chen M.", "b.csv", line=2),
    ]
    table = table_of_rows(rows, ["q01"])
    found = without_conflicts(table)
    assert found.frame["student"].to_list() == [None, None, None, None, "103", "103"]
    told = list(found.each_reject())
    assert [(each.line, each.question) for each in told] == [(2, ""), (3, ""), (4, ""), (5, "")]
    assert told[0].text == "101, Lin" and "two SIS ids, 'b01' and 'b09'" in told[0].reason
    assert "two names, 'Wang' and 'odd'" in told[1].reason
    assert table.frame["student"].null_count() == 0  # and is as it was
    kept = [made.student.id for made in found.submissions(found.frame)]
    assert kept == ["103", "103"]


def test_what_the_table_finds_is_what_the_rows_say() -> None:
    rng = random.Random(3)
    for _ in range(60):
        people = [
            Person(
                rng.choice("1234"), rng.choice(["", "b1", "b2"]), rng.choice(["", "Lin", "Wang"]),
                rng.choice(["a.csv", "b.csv"]),
            )
            for _ in range(rng.randint(1, 6))
        ]  # fmt: skip
        table = table_of_rows([row(p.id, p.sis_id, p.name, p.source) for p in people], ["q01"])
        refused = [each is None for each in without_conflicts(table).frame["student"]]
        assert refused == [person.id in conflicts(people) for person in people]


def test_no_name_stands_in_a_reason_where_none_may() -> None:
    table = table_of_rows([row("101", "b01", "Lin"), row("101", "b02", "Wang")], ["q01"])
    told = list(without_conflicts(table, names=False).each_reject())
    assert len(told) == 2
    for each in told:
        assert not any(name in each.reason for name in ("101", "b0", "Lin", "Wang"))


def test_a_table_without_conflicts_is_the_same() -> None:
    table = table_of_rows([row("101", "b01"), row("102", "b02")], ["q01"])
    assert without_conflicts(table) is table
