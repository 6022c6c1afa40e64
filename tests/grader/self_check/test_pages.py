"""The page of what to look at again, and the form to tick answers in."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import yaml
from click.testing import CliRunner

from grader.cli import hw9
from grader.scoring.accepted_answers import scored_questions
from grader.self_check.answer_form import answer_form
from grader.self_check.check_page import check_page
from grader.self_check.checking import check_answers
from solver.banks.bank import Bank, Wording, load_bank
from solver.evidence import Evidence, Record
from solver.files.resources import shipped_bank
from solver.key import Key
from tests.grader.made.made_classes import every_answer, made_bank, made_key, with_question

EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\u202e{x}"


def evidence() -> Evidence:
    ramp = np.linspace(0, 1, 16, dtype=np.float32).reshape(4, 4)
    rgb = np.full((128, 128, 3), 90, np.uint8)
    plots = {"points": np.zeros((2, 3, 2)), "roles": np.array([1, 2, 3])}
    records = [
        Record("picture/2", {"rgb": rgb}),
        Record("saliency/2", {"map": ramp}),
        Record("lime/2", {"signs": np.eye(4, dtype=np.int8)}),
        Record("hidden_states/1/1", plots),
        Record("module/6", {}, {"class": "GiveAway"}),
    ]
    return Evidence({record.id: record for record in records})


RECORDS = ["saliency/2", "lime/2", "hidden_states/1/1", "module/6", "smoothgrad/9"]


def wrong_answers(folder: Path, key: Key, bank: Bank) -> Path:
    question = scored_questions(key, bank)[0]
    wrong = next(answer for answer in every_answer(question) if answer not in question.accepted)
    path = folder / "answers.yaml"
    path.write_text(yaml.safe_dump({"answers": {"q01": sorted(wrong.options)}}), "utf-8")
    return path


def test_what_a_notebook_lacks_is_told_before_the_questions(tmp_path: Path) -> None:
    cells = [{"cell_type": "code", "metadata": {}, "source": "x = 1", "outputs": []}]
    (tmp_path / "a.ipynb").write_text(json.dumps({"nbformat": 4, "cells": cells}), "utf-8")
    (tmp_path / "a.yaml").write_text("answers: {q01: a}", "utf-8")
    given = [str(tmp_path / "a.yaml"), "--notebook", str(tmp_path / "a.ipynb")]
    done = CliRunner().invoke(hw9, ["check", *given])
    assert "notebook 1: it holds no figures: its outputs were cleared" in done.stderr
    assert "fully right" in done.stdout and done.exit_code == 0


def test_the_figures_are_shown_and_the_answer_is_not(tmp_path: Path) -> None:
    bank = made_bank(5)
    key = with_question(made_key(bank), "q01", evidence=RECORDS)
    path = wrong_answers(tmp_path, key, bank)
    page = check_page(check_answers(path, key, bank), bank, evidence())
    assert page.count("data:image/png") == 3  # picture, map, overlay
    assert "bert" not in page and "Layer 2" in page
    assert "GiveAway" not in page and "of the light" not in page and "right_answer" not in page
    assert "saliency map of picture 2" in page and "SmoothGrad of picture 9" in page
    assert "unanswered: q02, q03, q04, q05" in page
    shown = check_page(check_answers(path, key, bank, reveal=True), bank, evidence())
    assert "0.6 of the light lies there" in shown
    without = check_page(check_answers(path, key, bank), bank, None)
    assert "data:image/png" not in without and "is missing" in without


def test_the_page_does_not_depend_on_which_other_option_is_right(tmp_path: Path) -> None:
    bank = made_bank(5)
    key = with_question(made_key(bank), "q01", evidence=RECORDS)
    path = wrong_answers(tmp_path, key, bank)
    given = yaml.safe_load(path.read_text("utf-8"))["answers"]["q01"]
    others = [one for one in bank.question("q01").options if one.id not in given]
    keys = [with_question(key, "q01", correct=[other.id]) for other in others]
    pages = {check_page(check_answers(path, each, bank), bank, evidence()) for each in keys}
    assert len(others) > 1 and len(pages) == 1


def test_the_command_writes_both(tmp_path: Path) -> None:
    form = tmp_path / "answers.html"
    done = CliRunner().invoke(
        hw9, ["check", str(form), "--template", "--html", "--bank", "2022"], catch_exceptions=False
    )
    assert done.exit_code == 0 and "--bank 2022" in form.read_text("utf-8")
    sheet = tmp_path / "answers.yaml"
    CliRunner().invoke(hw9, ["check", str(sheet), "--template", "--bank", "2022"])
    assert "--notebook YOUR-RUN.ipynb --bank 2022" in sheet.read_text("utf-8")
    CliRunner().invoke(hw9, ["check", str(tmp_path / "b.yaml"), "--template"])
    assert "--bank" not in (tmp_path / "b.yaml").read_text("utf-8")
    assert CliRunner().invoke(hw9, ["check", str(sheet), "--html"]).exit_code == 2


def evil_bank() -> Bank:
    bank = made_bank(5)
    asked = bank.questions[0]
    evil = Wording(en=EVIL, zh_hant=EVIL)
    options = [option.model_copy(update={"text": evil}) for option in asked.options]
    asked = asked.model_copy(update={"stem": evil, "options": options})
    topic = type(bank.topics[0])(
        EVIL, evil, (asked, *bank.topics[0].questions[1:]), bank.topics[0].source
    )
    header = bank.header.model_copy(update={"title": evil})
    return Bank(bank.folder, header, (topic, *bank.topics[1:]), {})


@pytest.mark.browser
def test_the_form_saves_an_answers_file_that_is_read(tmp_path: Path, browser: object) -> None:
    bank, key = load_bank(shipped_bank()), None
    path = tmp_path / "form.html"
    path.write_text(answer_form(bank, "en", key), "utf-8")
    page = browser.new_page(accept_downloads=True)  # type: ignore[attr-defined]
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    page.goto(path.as_uri())
    page.check('[data-question="q01"] input[value="b"]')
    page.check('[data-question="q03"] input[value="a"]')
    page.check('[data-question="q03"] input[value="c"]')
    page.check('[data-question="q02"] input[value="a"]')
    page.click('[data-question="q02"] .clear')
    page.fill('[data-question="q22"] input[type="text"]', '0.4"4')
    assert page.inner_text("#count") == f"3 / {len(bank.questions)}"
    with page.expect_download() as download:
        page.click("#save")
    download.value.save_as(tmp_path / "answers.yaml")
    fall = bank.question("q22").blanks[1].id
    assert yaml.safe_load((tmp_path / "answers.yaml").read_text("utf-8"))["answers"] == {
        "q01": "b", "q03": ["a", "c"], "q22": {fall: '0.4"4'},
    }  # fmt: skip
    page.click('label[for="zh"]')
    assert "你的答案" in page.inner_text("h1") and told == []
    path.write_text(answer_form(evil_bank(), "en"), "utf-8")
    page.on("dialog", lambda dialog: told.append("dialog"))
    page.goto(path.as_uri())
    assert "alert(1)" in page.inner_text("#q01") and told == []
    page.close()


@pytest.mark.browser
def test_the_form_is_no_wider_than_a_phone(tmp_path: Path, browser: object) -> None:
    path = tmp_path / "form.html"
    named = "../../somewhere/else/homework/questions-2022"
    path.write_text(answer_form(load_bank(shipped_bank()), "en", named_bank=named), "utf-8")
    page = browser.new_page(viewport={"width": 390, "height": 800})  # type: ignore[attr-defined]
    page.goto(path.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.close()
