"""The pages say what was graded, in both languages, and nobody's text runs in them."""

from __future__ import annotations

import hashlib
import os
import re
import string
import subprocess
import sys
import time
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.items.analysis import analyse_class
from grader.items.estimates import rounded
from grader.reports.class_report import class_page, write_class_report
from grader.reports.environment import decimals_of, points, signed
from grader.reports.student_report import StudentPages, page_name, write_student_pages
from grader.scoring.accepted_answers import scored_questions
from grader.scoring.attempts import UNREAD_CELL
from grader.submissions import NOT_SHOWN, UNANSWERED, Chosen, GradedSubmission, Refused, Ticked
from grader.table.graded import GradedClass
from solver.banks.bank import Bank, Wording
from solver.files.resources import data_folder
from solver.key import Key
from solver.text.bilingual import as_pair
from tests.grader.made.made_classes import (
    again,
    every_answer,
    graded,
    made_bank,
    made_class,
    made_key,
    made_submissions,
    overridden,
    with_question,
)
from tests.grader.made.page_reader import Page, check_harmless

HOSTILE = "</style></title><script>alert(1)</script><img src=x onerror=alert(2)>\"'&{{7*7}}{% x %}"


def pages_of(bank: Bank, key: Key, made: GradedClass, *, reveal: bool = False) -> dict[str, str]:
    pages = StudentPages(made.questions, bank, key, reveal=reveal)
    return {each.student.id: pages.page(each) for each in made.used}


def class_page_of(bank: Bank, key: Key, made: GradedClass) -> str:
    made = replace(again(made, [each.submission for each in made.used]), left_out=made.left_out)
    return class_page(made, bank, key, analyse_class(made))


def with_responses(
    made: GradedClass, place: int, key: Key, bank: Bank, **responses: object
) -> GradedClass:
    """The class with other responses of one student, graded again."""
    used = list(made.used)
    submission = used[place].submission
    changed = replace(submission, responses={**submission.responses, **responses})
    used[place] = next(iter(graded(scored_questions(key, bank), [changed]).used))
    return replace(made, used=tuple(used))


def renamed(graded_one: GradedSubmission, **changes: str) -> GradedSubmission:
    student = replace(graded_one.student, **changes)
    return replace(graded_one, submission=replace(graded_one.submission, student=student))


@pytest.mark.parametrize("n", [0, 1, 9, 35, 36, 120])
def test_class_pages_of_every_size(n: int) -> None:
    bank, key, made = made_class(n, 5, questions=10)
    page = check_harmless(class_page_of(bank, key, made))
    if n:
        total = sum((each.total for each in made.used), Decimal(0)) / n
        assert f"{rounded(total, 2)}" in page.en
    if n < 36:
        assert f"n = {n} is fewer than the 36 it needs" in page.en or n < 10
    if n < 10:
        assert "ground" not in page.attributes("class")  # no bars where shares are not given
    assert str(n) in page.zh


def test_the_class_page_names_nobody() -> None:
    bank, key, made = made_class(60, 5)
    made = replace(made, used=tuple(renamed(g, name=f"某某{i}") for i, g in enumerate(made.used)))
    source = class_page_of(bank, key, made)
    for each in made.used:
        assert each.student.name not in source
        assert each.student.id not in source
        assert each.student.sis_id not in source


def test_the_class_page_says_what_the_analysis_found() -> None:
    bank = made_bank(10, 4)
    true_key = made_key(bank, 4)
    truth = scored_questions(true_key, bank)
    (other,) = [a for a in every_answer(truth[0]) if a not in truth[0].accepted][:1]
    key = overridden(true_key, "q01", sorted(other.options), why="the wording <i>was</i> reversed")
    key = with_question(key, "q03", void=True)
    made = graded(scored_questions(key, bank), made_submissions(truth, 200, 4, truth=truth))
    analysis = analyse_class(made)
    page = check_harmless(class_page(made, bank, key, analysis))
    first = analysis.questions[0]
    assert first.suspicions
    for text in (
        f"{rounded(first.difficulty.value, 2)}",
        decimals_of(first.point_biserial.value),
        "the wording <i>was</i> reversed",
        "Void: everybody has the points.",
        f"Totals that differ: {analysis.differ} of 200.",
    ):
        assert text in page.en, text
    assert "值得再檢視的答案" in page.zh
    assert "Keys to look at again" not in page.zh
    for share in first.options:
        assert f"{share.count}" in page.en
    rows = [given for tag, given in page.tags if tag == "tr" and given.get("class") == "keyed"]
    assert len(rows) == sum(s.keyed for q in analysis.questions for s in q.options)


@given(st.integers(0, 10**6), st.booleans())
@settings(max_examples=10, deadline=None)
def test_a_students_page_says_what_was_graded(seed: int, reveal: bool) -> None:
    bank, key, made = made_class(3, seed, questions=6)
    for each, source in zip(
        made.used, pages_of(bank, key, made, reveal=reveal).values(), strict=True
    ):
        page = check_harmless(source)
        assert each.student.name in page.en and each.student.name in page.zh
        assert f"{points(each.total)} / {points(each.possible)} points" in page.en
        full = sum(each.points[q.id] == q.points for q in made.questions)
        assert f"{full} of 6 questions earned full points" in page.en
        ticked = [given for tag, given in page.tags if given.get("class") == "ticked"]
        responses = each.submission.responses.values()
        assert len(ticked) == sum(
            len(r.options) if isinstance(r, Ticked) else len(r.choices)
            for r in responses
            if isinstance(r, Ticked | Chosen)
        )
        if each.difference:
            assert signed(each.difference) in page.en.replace("the difference is ", "")
        assert ("of the light lies there" in page.en) == (reveal and full < 6)


@given(st.integers(0, 10**6))
@settings(max_examples=10, deadline=None)
def test_an_unrevealed_page_does_not_tell_which_other_option_is_right(seed: int) -> None:
    bank = made_bank(5, seed % 4)
    key = made_key(bank, seed)
    questions = scored_questions(key, bank)
    (submission,) = made_submissions(questions, 1, seed)
    for question in questions:
        given_answer = submission.responses[question.id]
        others = [answer for answer in every_answer(question) if answer != given_answer][:5]
        seen = set()
        for other in others:
            correct = other.by_blank if isinstance(other, Chosen) else sorted(other.options)
            each_key = with_question(key, question.id, correct=correct)
            made = graded(scored_questions(each_key, bank), [submission])
            bare = replace(
                next(iter(made.used)), fudge=None, difference=None
            )  # Canvas' own would tell
            pages = StudentPages(made.questions, bank, each_key, reveal=False)
            seen.add(pages.page(bare))
        assert len(seen) == 1


@pytest.mark.parametrize(("difference", "partly"), [("-0.15", True), ("0.3", False)])
def test_partial_credit_is_the_reason_only_where_canvas_gave_more(
    difference: str, partly: bool
) -> None:
    bank, key, made = made_class(1, 1, questions=6)
    (each,) = made.used
    submission = replace(each.submission, canvas_score=Decimal("1.5"))
    each = replace(each, submission=submission, difference=Decimal(difference), complete=True)
    (source,) = pages_of(bank, key, replace(made, used=(each,))).values()
    page = Page(source)
    assert "NTU COOL shows 1.5" in page.en and signed(Decimal(difference)) in page.zh
    assert ("part of the points for part of the options" in page.en) == partly
    assert ("它會依部分選項給部分分數" in page.zh) == partly


def test_every_state_of_a_question() -> None:
    bank = made_bank(6, 1)
    key = overridden(with_question(made_key(bank, 1), "q04", void=True), "q03", ["b"], why="Typo!")
    made = graded(scored_questions(key, bank), made_submissions(scored_questions(key, bank), 2, 1))
    made = with_responses(
        made,
        0,
        key,
        bank,
        q01=NOT_SHOWN,
        q02=Refused("a, <b>b", "two ways"),
        q03=UNANSWERED,
        q06=made.questions[5].accepted[0],
    )
    first, *others = made.used
    late = replace(first, late=timedelta(days=1, minutes=5), doubt=UNREAD_CELL)
    made = replace(made, used=(late, *others))
    page = Page(next(iter(pages_of(bank, key, made, reveal=True).values())))
    for text in (
        "was not put to you",
        "could not be read for certain and is not graded yet: a, <b>b",
        "You left this unanswered",
        "Set by the teaching assistants: Typo!",
        "does not count: everybody has its points",
        "✓ earned",
        "This total is not final: a cell could not be read",
        "Submitted 1 d 5 min after the deadline",
    ):
        assert text in page.en, text
    assert "有一格無法判讀" in page.zh
    assert "a cell could not be read" not in page.zh


def test_after_a_regrade_for_both_the_page_reveals_the_current_answer_only() -> None:
    bank = made_bank(5)
    key = with_question(made_key(bank), "q01", correct=["a"])
    questions = list(scored_questions(key, bank))
    questions[0] = replace(questions[0], accepted=(Ticked(frozenset("a")), Ticked(frozenset("b"))))
    (submission,) = made_submissions(questions, 1, 1)
    submission.responses["q01"] = Ticked(frozenset("c"))
    made = graded(tuple(questions), [submission])
    card = StudentPages(made.questions, bank, key, reveal=True).page(next(iter(made.used)))
    first = card.split('id="q01"')[1].split("</section>")[0]
    assert first.count("✓") == 1


def test_equal_answers_with_other_points_get_their_own_cards() -> None:
    """Points are an average of attempts where the course says so; ticks are of the latest."""
    bank, key, made = made_class(1, 3, questions=5)
    one = next(iter(made.used))
    points_of = [Decimal("0.15"), Decimal("0.3"), Decimal("0")]
    pages = StudentPages(made.questions, bank, key, reveal=False)
    pages.attempts = "average"
    cards = []
    for earned in points_of:
        other = replace(one, points={**one.points, "q01": earned}, rows=2)
        page = Page(pages.page(other))
        assert "average of all your attempts" in page.en
        cards.append(page.en.split("Pictures & filters")[1].strip().split()[0])
    assert cards == ["0.15", "0.3", "0"]


def test_code_in_a_wording_is_set_as_code() -> None:
    """The key's page did so; students' pages and the class's showed the backticks."""
    bank, key, made = made_class(1, 3, questions=5)
    stem = Wording(en="With `cnnid` set to 6?", zh_hant="當 `cnnid` 設為 6 時？")
    topic = bank.topics[0]
    questions = (topic.questions[0].model_copy(update={"stem": stem}), *topic.questions[1:])
    coded = replace(bank, topics=(replace(topic, questions=questions), *bank.topics[1:]))
    for source in (class_page_of(coded, key, made), *pages_of(coded, key, made).values()):
        assert "With <code>cnnid</code> set to 6?" in source
        assert "當 <code>cnnid</code> 設為 6 時？" in source and "`" not in source


def test_nobodys_text_becomes_markup(tmp_path: Path) -> None:
    bank = made_bank(5)
    wording = Wording(en=HOSTILE, zh_hant="中" + HOSTILE)
    first = bank.topics[0].questions[0]
    options = [option.model_copy(update={"text": wording}) for option in first.options]
    worse = first.model_copy(update={"stem": wording, "options": options})
    topic = replace(bank.topics[0], title=wording, questions=(worse, *bank.topics[0].questions[1:]))
    header = bank.header.model_copy(update={"title": wording})
    bank = replace(bank, header=header, topics=(topic, *bank.topics[1:]))
    key = overridden(made_key(bank), "q01", ["a"], why=HOSTILE)
    questions = scored_questions(key, bank)
    made = graded(questions, made_submissions(questions, 40, 1))
    made = with_responses(
        made, 0, key, bank, q01=Refused(HOSTILE, HOSTILE), q05=Chosen(frozenset({("x", HOSTILE)}))
    )
    first, second, *others = made.used
    used = [
        replace(renamed(first, name=HOSTILE, section=HOSTILE, sis_id=HOSTILE), doubt=UNREAD_CELL),
        renamed(second, name='=HYPERLINK("http://evil.example")', id="../../etc/passwd"),
        *others,
    ]
    made = replace(made, used=tuple(used), left_out=(HOSTILE,))
    for source in (
        class_page_of(bank, key, made),
        *pages_of(bank, key, made, reveal=True).values(),
    ):
        page = check_harmless(source)
        # A wording's HTML is shown as plain text; names and reasons are shown as they are.
        for shown, worded in zip((page.en, page.zh), as_pair(wording), strict=True):
            assert HOSTILE in shown or worded in shown
    write_student_pages(made, tmp_path, bank, key, reveal=True)
    write_class_report(again(made, [each.submission for each in used]), tmp_path, bank, key)
    assert {path.name for path in tmp_path.iterdir()} == {"students", "class.html"}
    assert len(list((tmp_path / "students").iterdir())) == 41


@given(st.lists(st.text(max_size=100), max_size=20))
def test_file_names_are_safe_and_different(ids: list[str]) -> None:
    taken: set[str] = set()
    names = [page_name(each, taken) for each in ids]
    assert len({name.lower() for name in names}) == len(ids)
    allowed = set(string.ascii_letters + string.digits + "._-~")
    for name in names:
        assert set(name) <= allowed
        assert not name.startswith(".")
        assert name.endswith(".html")
        assert len(name) < 120


def test_plain_ids_are_their_file_names() -> None:
    assert page_name("10234", set()) == "10234.html"
    assert page_name("CON", set()) == "~43ON.html"  # a device on Windows
    assert page_name("consul", set()) == "consul.html"
    assert page_name("../x", set()) == "~2e.~2fx.html"


def test_every_text_has_both_languages_with_the_same_places() -> None:
    folders = [data_folder("templates") / name for name in ("class", "student")]
    own = [yaml.safe_load((each / "words.yaml").read_text("utf-8")) for each in folders]
    assert not own[0].keys() & own[1].keys()
    texts = own[0] | own[1]
    pages = [page for folder in folders for page in sorted(folder.glob("*.html"))]
    used = "".join(page.read_text("utf-8") for page in pages)
    for name, text in texts.items():
        assert set(text) == {"en", "zh-Hant"}, name
        places = [
            sorted({field for _, field, _, _ in string.Formatter().parse(each) if field})
            for each in text.values()
        ]
        assert places[0] == places[1], name
    said = set(re.findall(r'(?:say|card)\(\s*"(\w+)"', used))
    of_class = "".join(page.read_text("utf-8") for page in sorted(folders[0].glob("*.html")))
    assert not {name for name in own[1] if f'"{name}"' in of_class}  # students' words alone
    assert said - {"sign_", "policy_", "attempts_", "formula_", "how_"} <= set(texts)
    code = (Path(__file__).parents[3] / "grader/reports/key_doubts.py").read_text("utf-8")
    lines = set(re.findall(r'"(measured_\w+)"', code))
    assert lines == {name for name in texts if name.startswith("measured_")}


_DIGEST = """
import hashlib, sys, pathlib
from grader.items.tables import write_items_and_summary
from grader.reports.class_report import write_class_report
from grader.reports.student_report import write_student_pages
from tests.grader.made.made_classes import made_class
out = pathlib.Path(sys.argv[1])
bank, key, made = made_class(40, 7)
write_items_and_summary(made, out)
write_class_report(made, out, bank, key)
write_student_pages(made, out, bank, key, reveal=True)
"""


def test_the_same_class_gives_the_same_bytes_whatever_the_hash_seed(tmp_path: Path) -> None:
    digests = []
    for seed in ("1", "2"):
        out = tmp_path / seed
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        root = Path(__file__).parents[3]
        subprocess.run(
            [sys.executable, "-c", _DIGEST, str(out)], check=True, cwd=root, env=environment
        )
        digests.append(
            {
                str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest()
                for path in sorted(out.rglob("*"))
                if path.is_file()
            }
        )
    assert len(digests[0]) == 44
    assert digests[0] == digests[1]


def test_a_thousand_pages_take_seconds(tmp_path: Path) -> None:
    bank, key, made = made_class(200, 3)
    students = list(made.used)
    used = tuple(renamed(students[i % 200], id=str(i), name=f"學生{i}") for i in range(1000))
    made = again(made, [each.submission for each in used])
    began = time.process_time()
    assert write_student_pages(made, tmp_path, bank, key) == 1000
    write_class_report(made, tmp_path, bank, key)
    assert time.process_time() - began < 6  # about 1 s
    sizes = {path.name: path.stat().st_size for path in (tmp_path / "students").iterdir()}
    assert sizes.pop("index.html") < 1_000_000
    assert max(sizes.values()) < 100_000
    modes = {path.stat().st_mode & 0o777 for path in tmp_path.rglob("*.html")}
    assert modes == {0o600}
