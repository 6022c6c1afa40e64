"""The index of students: who it lists, who is in which bar, its script under its policy."""

from __future__ import annotations

import re
import stat
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from grader.reports.class_report import write_class_report
from grader.reports.student_report import write_student_pages
from grader.scoring.attempts import MAY_BE_HIGHER
from grader.submissions import GradedSubmission, Refused, Student
from grader.table.graded import GradedClass
from solver.files.resources import data_folder
from tests.grader.made.made_classes import again, made_class
from tests.grader.made.page_reader import Page, check_harmless

SCRIPT = (data_folder("templates") / "student" / "index.js").read_text("utf-8")


def written(out: Path, made: GradedClass, bank: Any, key: Any) -> Page:
    write_student_pages(made, out, bank, key)
    return check_harmless((out / "students" / "index.html").read_text("utf-8"), script=SCRIPT)


def with_student(one: GradedSubmission, **changes: Any) -> GradedSubmission:
    student = replace(one.student, **changes)
    return replace(one, submission=replace(one.submission, student=student))


def in_bars(source: str) -> dict[str, list[str]]:
    """Pages linked from each bar's list, by the bar's address."""
    lists = re.findall(r'<ul class="names" id="(bar-\d+)">(.*?)</ul>', source, re.DOTALL)
    return {address: re.findall(r'href="([^"]+)"', part) for address, part in lists}


def test_it_lists_every_student_and_links_to_a_page_that_is_there(tmp_path: Path) -> None:
    bank, key, made = made_class(40, 5, questions=10)
    page = written(tmp_path, made, bank, key)
    for each in made.used:
        assert each.student.name in page.en and each.student.sis_id in page.zh
        assert f"{each.student.id}.html" in page.attributes("href")
    for link in page.attributes("href"):
        if not link.startswith(("#", "../")):
            assert (tmp_path / "students" / link).is_file()
    assert stat.S_IMODE((tmp_path / "students" / "index.html").stat().st_mode) == 0o600


def test_every_bar_of_the_class_page_leads_to_as_many_students_as_it_counts(tmp_path: Path) -> None:
    bank, key, made = made_class(60, 5, questions=10)
    first, *others = [each.submission for each in made.used]
    unread = replace(first, responses={**first.responses, "q01": Refused("?", "fits none")})
    made = again(made, [unread, *others])
    written(tmp_path, made, bank, key)
    write_class_report(made, tmp_path, bank, key)
    source = (tmp_path / "class.html").read_text("utf-8")
    counted = re.findall(r'href="students/index\.html#(bar-\d+)"[^>]*><rect.*?n = (\d+)</', source)
    listed = in_bars((tmp_path / "students" / "index.html").read_text("utf-8"))
    assert {address: int(n) for address, n in counted} == {
        address: len(pages) for address, pages in listed.items()
    }
    assert sum(map(len, listed.values())) == 59
    totals = {f"{each.student.id}.html": each.total for each in made.used}
    intervals = dict(re.findall(r'#(bar-\d+)" aria-label="([^"]+)"', source))
    for address, pages in listed.items():
        low, high = map(Decimal, intervals[address].strip("[)]").split(", "))
        assert all(low <= totals[page] <= high for page in pages)
        assert sorted(pages, key=totals.__getitem__) == pages


def test_who_is_in_no_bar_late_or_to_be_entered_is_told(tmp_path: Path) -> None:
    bank, key, made = made_class(3, 1, questions=6)
    one, two, three = made.used
    doubt = "another attempt, with a cell that could not be read, may be higher"
    one = replace(one, complete=False, doubt=MAY_BE_HIGHER)
    two = replace(two, late=timedelta(hours=2), fudge=Decimal("-0.15"))
    page = written(tmp_path, replace(made, used=(one, two, three)), bank, key)
    assert "not final" in page.en and doubt in page.en and "分數可能更高" in page.zh
    assert "late by 2 h" in page.en and "−0.15" in page.en
    assert "In no bar, since the total is not certain n = 1" in page.en
    listed = in_bars(page.source)
    assert sorted(page for pages in listed.values() for page in pages) == [
        "10001.html",
        "10002.html",
    ]


def test_an_id_called_index_gets_another_page(tmp_path: Path) -> None:
    bank, key, made = made_class(2, 1, questions=3)
    one, two = made.used
    used = (with_student(one, id="Index"), with_student(two, id="index"))
    page = written(tmp_path, replace(made, used=used), bank, key)
    assert {"Index~2.html", "index~3.html"} <= set(page.attributes("href"))
    assert len(list((tmp_path / "students").iterdir())) == 3


def test_who_has_no_name_is_called_by_the_id_and_an_empty_class_has_an_index(
    tmp_path: Path,
) -> None:
    bank, key, made = made_class(1, 1, questions=3)
    (one,) = made.used
    nameless = replace(made, used=(with_student(one, name="", sis_id="", section=""),))
    assert '<a href="10000.html">10000</a>' in written(tmp_path / "one", nameless, bank, key).source
    nobody = written(tmp_path / "none", again(made, []), bank, key)
    assert "Who is in which bar" not in nobody.en


def test_a_students_page_leads_to_nobody_else(tmp_path: Path) -> None:
    bank, key, made = made_class(2, 1, questions=3)
    written(tmp_path, made, bank, key)
    for each in made.used:
        source = (tmp_path / "students" / f"{each.student.id}.html").read_text("utf-8")
        assert all(link.startswith("#") for link in check_harmless(source).attributes("href"))


# --- in a browser ---------------------------------------------------------------------------

PEOPLE = {
    "a9": ("王小明", "b10", "4.2"),
    "a10": ("Ａｎｎａ Lee", "B9", "10"),
    "a2": ("<b>李</b>", "x", "-0.5"),
    "a1": ("Zoë anna", "y", "9.75"),
}


@pytest.fixture
def index(tmp_path: Path, browser: Any) -> Any:
    bank, key, made = made_class(4, 1, questions=3)
    used = [
        replace(
            one,
            submission=replace(one.submission, student=Student(id_, name, sis, "", sis)),
            total=Decimal(total),
            fudge=None if id_ == "a9" else Decimal(total),
        )
        for one, (id_, (name, sis, total)) in zip(made.used, PEOPLE.items(), strict=True)
    ]
    write_student_pages(replace(made, used=tuple(used)), tmp_path, bank, key)
    page = browser.new_page(viewport={"width": 1000, "height": 700})
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto((tmp_path / "students" / "index.html").as_uri())
    yield page
    page.close()
    assert said == []


def shown(page: Any) -> list[str]:
    rows = page.query_selector_all("table.students tbody tr:not([hidden]) td:nth-child(2)")
    return [row.inner_text().split()[0] for row in rows]


@pytest.mark.browser
def test_search_finds_names_ids_and_sections_however_they_are_typed(index: Any) -> None:
    assert shown(index) == ["a9", "a10", "a2", "a1"]
    for sought, found in {
        "小明": ["a9"],
        "ANNA": ["a10", "a1"],
        "lee anna": ["a10"],
        "<b>": ["a2"],
        "b9": ["a10"],
        "nobody": [],
        "  ": ["a9", "a10", "a2", "a1"],
    }.items():
        index.fill("#find", sought)
        assert shown(index) == found, sought
        assert index.inner_text("#shown") == f"{len(found)} / 4"


@pytest.mark.browser
@pytest.mark.parametrize(
    ("column", "ascending"),
    [
        (2, ["a1", "a2", "a9", "a10"]),
        (4, ["a2", "a9", "a1", "a10"]),
        (5, ["a2", "a1", "a10", "a9"]),  # what is not known comes last either way
    ],
)
def test_a_column_sorts_up_then_down_by_mouse_and_keyboard(
    index: Any, column: int, ascending: list[str]
) -> None:
    head = f"table.students th:nth-child({column})"
    index.click(f"{head} button")
    assert shown(index) == ascending
    assert index.get_attribute(head, "aria-sort") == "ascending"
    index.keyboard.press("Enter")
    known = [each for each in ascending if (column, each) != (5, "a9")]
    assert shown(index) == known[::-1] + [each for each in ascending if each not in known]
    assert index.get_attribute(head, "aria-sort") == "descending"
    index.click("table.students th:nth-child(1) button")
    assert index.get_attribute(head, "aria-sort") is None


@pytest.mark.browser
def test_a_bar_opens_the_list_of_who_is_in_it(index: Any) -> None:
    address = index.get_attribute(".names[id]", "id")
    assert not index.is_visible(f"#{address}")
    index.evaluate(f"location.hash = '#{address}'")
    index.wait_for_selector(f"#{address}", state="visible")
    index.reload()  # as one who comes from class.html
    index.wait_for_selector(f"#{address}", state="visible")
