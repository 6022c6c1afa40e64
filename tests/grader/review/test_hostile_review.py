"""Hostile texts in the local pages, in Chromium: they are shown, and nothing runs or leaves.

The texts are those of the bank, the key, the evidence (pieces, words, regions) and the class
(names, ids, sections, its folder), and of a region file. Requests are answered by the applications
themselves, without a port.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("starlette")

from grader.review.figure_worker import _Desk
from grader.review.key_app import key_app
from grader.review.key_review import KeyReview
from grader.review.region_app import region_app
from grader.review.region_drawing import RegionDrawing
from grader.scoring.accepted_answers import scored_questions
from grader.submissions import Student
from solver.banks.bank import load_bank
from solver.bundle.region_files import save_regions
from solver.bundle.regions import RegionsFile, RegionWords
from solver.evidence import save_evidence
from solver.files.resources import data_folder, shipped_bank
from solver.key import save_key
from solver.pipeline.make_key import decide, needed_records, planned
from tests.grader.made.made_classes import again, graded, made_submissions
from tests.grader.review.answered_page import ADDRESS, opened
from tests.grader.review.review_folders import write_graded
from tests.hostile_evidence import hostile_evidence, hostile_key
from tests.hostile_texts import HOSTILE, Texts, check_shown, hostile_bank

pytestmark = pytest.mark.browser
ASKED = ["q04", "q23", "q24", "q25"]
"""LIME and regions, words of the corpus, attention, states of tokens."""


def seen(page: Any) -> str:
    """All that is shown now, folds opened, in both languages."""
    page.evaluate("document.querySelectorAll('details').forEach(e => { e.open = true })")
    shown = page.inner_text("body")
    page.keyboard.press("t")
    return str(shown + page.inner_text("body"))


def test_a_key_and_a_class_of_hostile_texts_are_shown_and_nothing_runs(
    browser: Any, tmp_path: Path
) -> None:
    texts = Texts()
    bank = hostile_bank(load_bank(shipped_bank()), texts)
    asked = planned(bank, ASKED)
    evidence = hostile_evidence(needed_records(asked), texts)
    save_evidence(evidence, tmp_path / "evidence")
    # A key is refused whose own wordings are not its bank's.
    key = hostile_key(decide(bank, asked, evidence).key, texts, "bank", "wording", "text")
    save_key(key, tmp_path / "key.yaml")
    questions = scored_questions(key, bank)
    made = graded(questions, made_submissions(questions, len(HOSTILE), 4))
    named = [
        replace(one.submission, student=Student(f"s{at}", *(texts("") for _ in range(4))))
        for at, one in enumerate(made.used)
    ]
    run = write_graded(again(made, named), key, bank, tmp_path / "<img src=x onerror=ran=1>")
    review = KeyReview(tmp_path, bank, run)
    review.worker = _Desk(tmp_path, shipped_bank())  # type: ignore[assignment]
    with opened(browser, key_app(review)) as page:
        shown = ""
        page.set_default_timeout(15_000)
        page.goto(ADDRESS)
        for name in ASKED:
            page.evaluate(f"location.hash = '{name}'")
            page.wait_for_selector(f'.item[data-question="{name}"]')
            page.wait_for_selector("#figures :is(figure, .panels, svg, img, table, p:not(.soft))")
            page.keyboard.press("4")
            page.wait_for_selector('#effect[data-choice="everybody"]')
            shown += seen(page)
        page.keyboard.press("x")
        page.wait_for_selector(".finish")
        shown += seen(page)
    check_shown(shown, texts.given, 200)


def test_hostile_names_of_regions_are_shown_and_nothing_runs(browser: Any, tmp_path: Path) -> None:
    texts = Texts()
    (tmp_path / "food").symlink_to(data_folder("demo") / "food")
    words = {f"r{at}": {"en": texts(""), "zh-Hant": texts("")} for at in range(len(HOSTILE))}
    names = {name: RegionWords.model_validate(each) for name, each in words.items()}
    pictures = [
        {
            "name": each.stem,
            "regions": {name: {"polygons": [[[1, 1], [9, 1], [9, 9]]]} for name in words},
        }
        for each in (tmp_path / "food").iterdir()
    ]
    file = {"format": "hw9-regions/1", "size": [128, 128], "names": names, "pictures": pictures}
    save_regions(RegionsFile.model_validate(file), tmp_path / "regions.yaml")
    bank = hostile_bank(load_bank(shipped_bank()), texts)
    with opened(browser, region_app(RegionDrawing(tmp_path, bank))) as page:
        page.goto(ADDRESS)
        page.wait_for_selector("#region-list [data-name=r1]")
        page.click("#region-list [data-name=r1]")
        check_shown(seen(page), texts.given, len(HOSTILE))
