"""The review page's guard, its decisions, and what it shows of a class, without a browser."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("starlette")

from grader.key_changes.key_override import with_void
from grader.key_changes.regrade_log import log_entries
from grader.review.key_app import key_app
from grader.review.key_review import KeyReview
from solver.key import load_key, save_key
from tests.grader.made.made_classes import overridden
from tests.grader.review.asgi import HOST, ask
from tests.grader.review.review_folders import CONTESTED, folders


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path, Path]:
    return folders(tmp_path_factory.mktemp("review"), 60)


@pytest.fixture
def review(made: tuple[Any, Path, Path]) -> KeyReview:
    bank, key, run = made
    kept = load_key(run / "key.yaml")
    save_key(kept, key / "key.yaml")
    return KeyReview(key, bank, run)


def post(review: KeyReview, path: str, **given: Any) -> tuple[int, dict[str, Any]]:
    body = json.dumps({"version": review.version, **given}).encode()
    answer = ask(key_app(review), path, body)
    return answer.status, json.loads(answer.text)


def test_only_this_machine_with_the_token_is_served(review: KeyReview) -> None:
    app = key_app(review)
    page = ask(app, "/list")
    assert page.status == 200 and "q01" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-store"
    assert ask(app, "/list", token="u" * 32).status == 404
    assert ask(app, "/list", host="rebound.example:8123").status == 421
    assert ask(app, "/static/../key_app.py").status == 404
    before = review.file.path.read_bytes()
    wanted = json.dumps(
        {"version": review.version, "question": "q01", "choice": "accepted", "by": "TA"}
    ).encode()
    for headers in (
        {"origin": ""},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"content_type": "text/plain"},
        {"content_length": str(5 << 20)},
    ):
        assert ask(app, "/decide", wanted, **headers).status in (403, 413, 415)
    assert ask(app, "/decide").status == 405  # no GET changes anything
    assert review.file.path.read_bytes() == before
    assert ask(app, "/decide", wanted, origin=f"http://{HOST}").status == 200


def test_each_decision_is_written_at_once_with_who_and_why(review: KeyReview) -> None:
    path = review.file.path
    single, several, pair = "q01", "q02", "q05"
    status, said = post(review, "/decide", question=single, choice="everybody", by="TA")
    assert status == 400 and "a reason is needed" in said["error"]
    status, said = post(review, "/decide", question=single, choice="everybody", why="torn")
    assert status == 400 and "say who decides" in said["error"]
    other = next(
        one.id for one in review.entry(single).options if one.id not in review.entry(single).correct
    )
    derived = review.entry(single).correct
    for choice, more, state in (
        ("accepted", {"why": ""}, "accepted"),
        ("changed", {"answer": [other]}, "changed"),
        ("either", {"answer": sorted([other, *derived])}, "either"),
        ("left_out", {}, "left_out"),
    ):
        asked = {"question": single, "choice": choice, "by": "TA", "why": "seen", **more}
        assert post(review, "/decide", **asked)[0] == 200
        entry = load_key(path).questions[0]
        assert (entry.decision, entry.correct) == (state, derived)
        assert (entry.override or entry.decided).by == "TA"
    assert post(review, "/decide", question=single, choice="undecided")[0] == 200
    assert load_key(path).questions[0].decision == "undecided"
    asked = {"question": several, "choice": "either", "answer": ["a"], "by": "TA", "why": "seen"}
    assert post(review, "/decide", **asked)[0] == 200
    assert load_key(path).questions[1].override_answers == [review.entry(several).correct, ["a"]]
    choices = {one.blank: one.id for one in reversed(review.entry(pair).options)}
    asked = {"question": pair, "choice": "changed", "answer": choices, "by": "TA", "why": "seen"}
    assert post(review, "/decide", **asked)[0] == 200
    assert load_key(path).questions[4].override.correct == choices
    status, said = post(review, "/decide", question="q99", choice="accepted", by="TA")
    assert status == 400 and "no question 'q99'" in said["error"]


def test_a_key_changed_in_another_tab_or_by_a_command_is_noticed(review: KeyReview) -> None:
    old = review.version
    assert post(review, "/decide", question="q01", choice="accepted", by="TA")[0] == 200
    late = {"version": old, "question": "q02", "choice": "accepted", "by": "TA"}
    status, said = post(review, "/decide", **late)
    assert status == 409 and said["changed"] and "in another tab" in said["error"]
    save_key(overridden(review.key, "q03", ["a"]), review.file.path)
    status, said = post(review, "/decide", question="q02", choice="accepted", by="TA")
    assert status == 409
    assert review.entry("q03").decision == "changed"  # as the page shows it from now on
    assert post(review, "/decide", question="q02", choice="accepted", by="TA")[0] == 200


def test_numbers_before_are_those_of_the_regrade_and_names_are_shown(review: KeyReview) -> None:
    asked = {"question": "q01", "choice": "everybody", "by": "TA", "why": "torn"}
    shown = post(review, "/preview", **asked)[1]["html"]
    assert review.entry("q01").decision == "undecided"  # nothing was taken
    other = "b" if review.entry("q01").correct == ["a"] else "a"
    told = post(review, "/preview", question="q01", choice="changed", answer=[other])[1]
    assert "data-moved" in told["html"] and 'data-moved="0"' not in told["html"]  # before a reason
    plan = review.the_class.plan(with_void(review.key, "q01"), ("q01",))
    counts = plan.counts()
    assert counts.up and f'data-up="{counts.up}" data-down="0"' in shown
    assert next(plan.moves()).student.name in shown
    status, said = post(review, "/sign", by="TA")
    assert status == 400 and "there is no decision on q01" in said["error"]
    status, said = post(review, "/regrade", by="TA", why="x", confirmed=True)
    assert status == 400 and "not signed" in said["error"]
    post(review, "/decide", **asked)
    for name in CONTESTED[1:]:
        assert post(review, "/decide", question=name, choice="accepted", by="TA")[0] == 200
    assert post(review, "/sign", by="TA", when="2026-05-02")[0] == 200
    assert load_key(review.file.path).signature.by == "TA"
    finish = json.loads(ask(key_app(review), "/finish").text)["html"]
    assert f'data-up="{counts.up}"' in finish and "q01: torn" in finish
    status, said = post(review, "/regrade", by="TA", why="q01: torn", confirmed=True)
    assert (status, said["moved"]) == (200, counts.up)
    (entry,) = log_entries(review.the_class.folder)
    assert (entry["up"], entry["down"], entry["by"]) == (counts.up, 0, "TA")
    assert review.the_class.plan(review.key).nothing_changes


def test_a_question_says_how_doubtful_its_answer_and_its_contested_options_are(
    made: tuple[Any, Path, Path],
) -> None:
    bank, folder, _ = made
    key = load_key(folder / "key.yaml")
    entry = key.questions[0]
    options = [
        option.model_copy(update={"doubt": doubt})
        for option, doubt in zip(entry.options, (0.31, *[0.04] * len(entry.options)), strict=False)
    ]
    entry = entry.model_copy(update={"doubt": 0.42, "options": options})
    save_key(key.model_copy(update={"questions": [entry, *key.questions[1:]]}), folder / "key.yaml")
    shown = json.loads(ask(key_app(KeyReview(folder, bank)), "/question/q01").text)["html"]
    assert "chance of another answer: about 42%" in shown and "應為其他答案的機率約 42%" in shown
    plain, _, folded = shown.partition('<details class="fold">')
    assert "Chance of the other verdict: about 31%" in plain and "應為另一判定的機率約 31%" in plain
    assert "Chance of the other verdict: about 4%" in folded  # not contested: among the numbers


def test_hostile_texts_are_text(made: tuple[Any, Path, Path]) -> None:
    bank, folder, _ = made
    key = load_key(folder / "key.yaml")
    save_key(overridden(key, "q01", ["a"], why="<img src=x onerror=alert(1)>"), folder / "key.yaml")
    shown = json.loads(ask(key_app(KeyReview(folder, bank)), "/question/q01").text)["html"]
    assert "<img src=x" not in shown and "&lt;img src=x" in shown
    assert "<bright>" not in shown and "&lt;bright&gt;" in shown
