"""The pages in a browser: nothing runs or loads, the switch works, nothing spills, they print."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from grader.reports.class_report import write_class_report
from grader.reports.student_report import write_student_pages
from tests.grader.made.made_classes import again, made_class, overridden

pytestmark = pytest.mark.browser
NAMES = ("<script>alert(1)</script>", '=HYPERLINK("http://evil.example","x")', "王小明")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pages of a class of 300, the first three students with names to be careful with."""
    bank, key, made = made_class(300, 4)
    key = overridden(key, "q06", ["a"], why="<img src=x onerror=alert(2)>")
    used = list(made.used)
    for place, name in enumerate(NAMES):
        submission = used[place].submission
        student = replace(submission.student, id=f"s{place}", name=name)
        used[place] = replace(used[place], submission=replace(submission, student=student))
    made = again(made, [each.submission for each in used])
    out = tmp_path_factory.mktemp("pages")
    write_class_report(made, out, bank, key)
    write_student_pages(replace(made, used=tuple(used[:3])), out, bank, key, reveal=True)
    return out


class Opened:
    """A page with everything it said and asked for."""

    def __init__(self, browser: Any, path: Path, width: int = 1000) -> None:
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page = browser.new_page(viewport={"width": width, "height": 900})
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", self._dialog)
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(path.as_uri())

    def _dialog(self, dialog: Any) -> None:
        self.said.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def seen(self) -> str:
        text: str = self.page.inner_text("body")
        return text


PAGES = [
    "class.html",
    "students/index.html",
    "students/s0.html",
    "students/s1.html",
    "students/s2.html",
]


@pytest.mark.parametrize("name", PAGES)
def test_nothing_runs_and_nothing_is_asked_for(folder: Path, browser: Any, name: str) -> None:
    opened = Opened(browser, folder / name)
    assert opened.said == []
    assert opened.asked == [(folder / name).as_uri()]
    colour = opened.page.eval_on_selector("body", "e => getComputedStyle(e).color")
    assert colour == "rgb(28, 35, 48)"  # the style sheet passed its own policy
    opened.page.close()


@pytest.mark.parametrize("place", range(3))
def test_names_are_shown_as_they_are(folder: Path, browser: Any, place: int) -> None:
    opened = Opened(browser, folder / f"students/s{place}.html")
    assert opened.page.inner_text("h1") == NAMES[place]
    assert opened.page.title() == NAMES[place]
    opened.page.close()


@pytest.mark.parametrize("name", ["class.html", "students/s0.html"])
def test_the_language_switch_works_by_mouse_and_by_keyboard(
    folder: Path, browser: Any, name: str
) -> None:
    opened = Opened(browser, folder / name)
    english = opened.seen()
    assert "points" in english and "分" not in english.replace(NAMES[2], "")
    opened.page.click("label[for=zh]")
    chinese = opened.seen()
    assert "分" in chinese and "points" not in chinese
    opened.page.focus("#zh")
    opened.page.keyboard.press("ArrowLeft")
    assert opened.seen() == english
    opened.page.close()


@pytest.mark.parametrize("name", PAGES[:3])
@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("width", [360, 390, 800, 1400])
def test_nothing_spills_over_the_side(
    folder: Path, browser: Any, name: str, language: str, width: int
) -> None:
    opened = Opened(browser, folder / name, width)
    opened.page.click(f"label[for={language}]")
    wide = opened.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= width
    opened.page.close()


def test_a_students_page_prints_on_few_sheets(folder: Path, browser: Any) -> None:
    opened = Opened(browser, folder / "students/s0.html")
    data = opened.page.pdf(prefer_css_page_size=True)
    assert data.startswith(b"%PDF")
    assert 1 <= data.count(b"/Type /Page\n") <= 6
    opened.page.emulate_media(media="print")
    assert "中文" not in opened.seen()
    opened.page.close()
