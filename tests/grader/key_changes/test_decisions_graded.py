"""The effect of a decision: on points, a regrade, a package for Canvas, and on what is said."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from grader.items.analysis import analyse_class
from grader.key_changes.key_override import (
    said_of_unsigned,
    with_acceptance,
    with_left_out,
    with_override,
    with_signature,
    with_void,
)
from grader.key_changes.regrading import changed_questions, merged_key, regraded
from grader.quizzes.qti_write import not_said_by_canvas, quiz_to_write
from grader.reports.class_report import class_page
from grader.reports.student_report import _mark
from grader.scoring.accepted_answers import open_questions, scored_questions
from grader.submissions import Ticked
from solver.key import Flips, Key
from tests.grader.made.made_classes import (
    again,
    graded,
    made_bank,
    made_class,
    made_key,
    made_submissions,
    with_question,
)


def doubted(key: Key, name: str) -> Key:
    entry = next(each for each in key.questions if each.id == name)
    first = entry.options[0].model_copy(update={"flips": Flips(share=0.3)})
    return with_question(key, name, options=[first, *entry.options[1:]])


def test_a_question_left_out_is_worth_nothing_to_anybody_now_and_by_a_regrade() -> None:
    bank, key, made = made_class(30, 2, 5)
    out = with_left_out(key, "q02", by="TA", why="torn")
    assert changed_questions(key, out) == ["q02"] and open_questions(out) == ()
    before, new = scored_questions(key, bank), scored_questions(out, bank)
    after = regraded(before, new, ["q02"], "current")
    assert after == new and merged_key(key, out, ["q02"], "current") == out
    submissions = [each.submission for each in made.used]
    fresh = again(replace(made, questions=new), submissions)
    for one, other in zip(made.used, fresh.used, strict=True):
        assert other.points["q02"] == 0
        assert other.total == one.total - one.points["q02"]
        assert other.possible == one.possible - before[1].points
    everybody = regraded(new, new, ["q02"], "everybody")
    assert everybody[1].void and not everybody[1].left_out
    assert _mark(new[1], Ticked(frozenset("a")), Decimal(0)) == "left_out"


def test_several_whole_answers_each_earn_and_canvas_is_given_the_first() -> None:
    bank = made_bank(5)
    key = made_key(bank)
    pair = key.questions[4].correct
    other = {
        blank: next(o.id for o in each.options if o.id != pair[blank])
        for blank, each in zip(pair, bank.questions[4].blanks, strict=True)
    }
    words = [",".join(f"{b}={c}" for b, c in answer.items()) for answer in (pair, other)]
    key = with_override(key, "q02", "a,b", "alike", "TA", bank=bank, also=["c,d"])
    key = with_override(key, "q05", words[0], "alike", "TA", bank=bank, also=words[1:])
    questions = scored_questions(key, bank)
    made = graded(questions, made_submissions(questions, 20, 4))
    earned = {frozenset("ab"), frozenset("cd")}
    for each in made.used:
        response = each.submission.responses["q02"]
        ticked = response.options if isinstance(response, Ticked) else frozenset()
        assert (each.points["q02"] > 0) == (ticked in earned)
    assert not_said_by_canvas(bank, key) == ["q02", "q05"]
    quiz = quiz_to_write(bank, "en", key)
    assert [len(idents) for _, idents in quiz.items[1].right] == [2]
    assert [len(idents) for _, idents in quiz.items[4].right] == [1, 1]
    mixed = ",".join(f"{b}={c}" for b, c in {**pair, "x": other["x"]}.items())
    one_blank = with_override(key, "q05", words[0], "alike", "TA", bank=bank, also=[mixed])
    assert not_said_by_canvas(bank, one_blank) == ["q02"]  # either choice of one drop-down
    assert quiz_to_write(bank, "en", with_left_out(key, "q01")).items[0].points == 0


def test_a_contested_key_that_nobody_signed_is_said() -> None:
    bank, key, made = made_class(12, 3, 5)
    assert said_of_unsigned(key) == ""
    key = doubted(key, "q02")
    assert "there is no decision on q02" in said_of_unsigned(key)
    decided = with_acceptance(key, "q02", "TA")
    assert "is not signed" in said_of_unsigned(decided)
    signed = with_signature(decided, "TA")
    assert said_of_unsigned(signed) == ""
    assert "was changed since TA signed it" in said_of_unsigned(with_void(signed, "q01"))
    pages = [class_page(made, bank, each, analyse_class(made)) for each in (key, decided, signed)]
    undecided = "contested questions q02 have no decision yet"
    assert [undecided in page for page in pages] == [True, False, False]
    assert ["this version is not signed" in page for page in pages] == [False, True, False]
