"""Markup, scripts and marks that turn the writing in every text of the grader's pages."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from grader.key_changes.regrade_log import with_entry
from grader.reports.class_report import write_class_report
from grader.reports.student_report import write_student_pages
from grader.scoring.attempts import UNREAD_CELL
from grader.submissions import Refused, Student
from grader.table.witness import CanvasDoubt
from solver.key import Sentence
from tests.grader.made.made_classes import again, made_class, with_question
from tests.hostile_texts import (
    HOSTILE,
    Texts,
    bare,
    check_shown,
    check_tags,
    hostile_bank,
    shown_by,
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """Pages of a class whose bank, key, names, ids, sections and cells are all hostile."""
    texts = Texts()
    bank, key, graded = made_class(len(HOSTILE), 4)
    for question in key.questions:
        said = question.options[0].sentence.model_copy(
            update={"en": texts(""), "zh_hant": texts("")}
        )
        options = [each.model_copy(update={"sentence": said}) for each in question.options]
        key = with_question(key, question.id, options=options)
    used = []
    for place, one in enumerate(graded.used):
        student = Student(f"s{place}", texts(""), texts(""), texts(""), texts(""))
        responses = dict(one.submission.responses)
        first = next(iter(responses))
        responses[first] = Refused(texts(""), texts(""))
        submission = replace(one.submission, student=student, responses=responses, source=texts(""))
        used.append(replace(one, submission=submission, doubt=UNREAD_CELL))
    pages = replace(graded, used=tuple(used))
    graded = again(graded, [each.submission for each in used])
    doubts = [
        CanvasDoubt(question.id, Sentence(en=texts(""), zh_hant=texts("")))
        for question in graded.questions
    ]
    graded = replace(graded, canvas_doubts=tuple(doubts))
    out = tmp_path_factory.mktemp("hostile")
    note = {"by": texts(""), "why": texts(""), "when": texts(""), "how": "both", "students": 1}
    side = {"accepted": [texts("")], "points": "0.3", "void": False}
    changes = [{"id": texts(""), "before": side, "after": side}]
    log = with_entry("", {**note, "up": 1, "down": 0, "questions": changes})
    (out / "regrades.jsonl").write_text(log, "utf-8")
    worded = hostile_bank(bank, texts)
    write_class_report(graded, out, worded, key)
    write_student_pages(pages, out, worded, key, reveal=True)
    return out, texts.given


def pages(folder: Path) -> list[Path]:
    return [folder / "class.html", *sorted((folder / "students").glob("*.html"))]  # the index first


def test_no_page_has_an_element_or_handler_out_of_a_text(made: tuple[Path, list[str]]) -> None:
    found = pages(made[0])
    assert len(found) == 2 + len(HOSTILE)
    for path in found:
        page = path.read_text("utf-8")
        check_tags(page, scripts=1 if path.name == "index.html" else 0)
        assert not re.search("[\u202a-\u202e\u2066-\u2069]", page)
        assert "default-src &#39;none&#39;" in page or "default-src 'none'" in page


@pytest.mark.browser
@pytest.mark.parametrize("policy", ["with its policy", "without"])
def test_in_a_browser_nothing_runs_and_nothing_is_asked_for(
    browser: Any, made: tuple[Path, list[str]], tmp_path: Path, policy: str
) -> None:
    folder, given = made
    shown = [
        shown_by(browser, path if policy == "with its policy" else bare(path, tmp_path))
        for path in pages(folder)[:5]
    ]
    check_shown(" ".join(shown), given, 40)
