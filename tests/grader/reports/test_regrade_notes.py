"""After a regrade the class's page says at its top who decided what, and why."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from grader.key_changes.regrade_log import with_entry
from grader.reports.regrade_notes import regrade_notes
from grader.runs.regrade_run import Regrade, Signature, plan_regrade, write_regrade
from solver.errors import ExportError
from tests.grader.made.made_classes import overridden
from tests.grader.made.page_reader import Page, check_harmless
from tests.grader.runs.made_runs import made_run


def students_pages(run: Path) -> list[Page]:
    """The first and the last student's page of a run."""
    paths = sorted(path for path in (run / "students").iterdir() if path.name != "index.html")
    return [check_harmless(path.read_text("utf-8")) for path in (paths[0], paths[-1])]


def test_the_page_says_so_at_the_top_the_latest_first(tmp_path: Path) -> None:
    run = tmp_path / "run"
    bank, key, _ = made_run(run, 30)
    page = check_harmless((run / "class.html").read_text("utf-8"))
    assert "Regraded" not in page.en and regrade_notes(run) == ()
    assert "regrade" not in students_pages(run)[0].en
    option = next(each for each in "abcd" if [each] != key.questions[0].correct)
    was = key.questions[0].correct[0]
    new = overridden(key, "q01", [option])
    signature = Signature("TA <one>", "c & d read alike", "2026-05-02")
    plan = plan_regrade(Regrade(run, new, bank, "both"))
    write_regrade(plan, signature)
    page = check_harmless((run / "class.html").read_text("utf-8"))
    opening = page.en[page.en.index("Class report") : page.en.index("Keys to look at again")]
    for text in (
        "Regraded: these are the results after it.",
        "No. 1, by TA <one> (2026-05-02): “c & d read alike”.",
        "The current and the former answer earn.",
        f"q01 was earned by {was} and is now earned by {min(was, option)} or {max(was, option)}.",
        "Of 30 students",
    ):
        assert text in opening, text
    assert "已重新計分" in page.zh and "目前與先前的答案都得分" in page.zh
    for student in students_pages(run):
        told = "These points are from a regrade (2026-05-02), which changed how q01 is graded."
        assert told in student.en and "重新計分後的分數（2026-05-02），q01 的計分方式" in student.zh
        assert "TA <one>" not in student.en and "c & d" not in student.en
    write_regrade(
        plan_regrade(Regrade(run, None, bank, "everybody", ["q02"])), Signature("TA", "no picture")
    )
    page = check_harmless((run / "class.html").read_text("utf-8"))
    assert "Regraded 2 times" in page.en
    assert page.en.index("no picture") < page.en.index("c & d read alike")
    assert "is now earned by everybody" in page.en and "現在由 所有人 得分" in page.zh
    assert [note.number for note in regrade_notes(run)] == [2, 1]
    told = "These points are from a regrade, which changed how q01, q02 is graded."
    assert told in students_pages(run)[-1].en


@pytest.mark.parametrize("lost", ["by", "how", "questions", "up"])
def test_a_log_of_another_form_is_refused_by_file_and_line(tmp_path: Path, lost: str) -> None:
    entry = {"by": "TA", "why": "x", "how": "both", "questions": [], "students": 1, "up": 0}
    entry["down"] = 0
    good = with_entry("", entry)
    (tmp_path / "regrades.jsonl").write_text(good)
    assert regrade_notes(tmp_path)[0].why == "x"
    del entry[lost]
    (tmp_path / "regrades.jsonl").write_text(with_entry(good, entry))
    with pytest.raises(ExportError, match=rf"regrades\.jsonl, line 2: has no {lost}"):
        regrade_notes(tmp_path)


def test_what_the_log_says_of_moves_is_what_the_page_says(tmp_path: Path) -> None:
    run = tmp_path / "run"
    bank, _, _ = made_run(run, 30)
    write_regrade(plan_regrade(Regrade(run, None, bank, "everybody", ["q03"])), Signature("A", "b"))
    logged = json.loads((run / "regrades.jsonl").read_text())
    (note,) = regrade_notes(run)
    assert (note.students, note.up, note.down) == (30, logged["up"], 0)
    text = check_harmless((run / "class.html").read_text("utf-8")).en
    assert f"Of 30 students {note.up} went up, 0 down." in text
