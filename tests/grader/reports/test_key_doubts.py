"""Which questions class.html opens with, and what it says of each."""

from __future__ import annotations

from dataclasses import replace

import pytest

from grader.items.analysis import analyse_class
from grader.reports.class_report import class_page
from grader.reports.key_doubts import KeyDoubt, key_doubts
from grader.scoring.accepted_answers import scored_questions
from grader.submissions import Answer, Chosen
from grader.table.graded import GradedClass
from grader.table.witness import CanvasDoubt
from solver.banks.bank import Bank
from solver.decide.doubt.estimate import RARE
from solver.key import (
    CauseRepeats,
    Flips,
    Key,
    OtherSet,
    SecondVerdict,
    Sentence,
    Stability,
    StabilityRun,
)
from tests.grader.made.made_classes import (
    every_answer,
    graded,
    made_bank,
    made_key,
    made_submissions,
    overridden,
    with_question,
)
from tests.grader.made.page_reader import check_harmless

SEED = 4


def as_key(answer: Answer) -> list[str] | dict[str, str]:
    """An answer as a key writes it."""
    return answer.by_blank if isinstance(answer, Chosen) else sorted(answer.options)


class Desk:
    """A class of 150 that answers by the true key, and the key that it is graded by."""

    def __init__(self) -> None:
        self.bank: Bank = made_bank(10, SEED)
        self.true: Key = made_key(self.bank, SEED)
        self.truth = scored_questions(self.true, self.bank)
        self.submissions = made_submissions(self.truth, 150, SEED, truth=self.truth)

    def right(self, place: int) -> list[str] | dict[str, str]:
        return as_key(self.truth[place].accepted[0])

    def other(self, place: int) -> list[str] | dict[str, str]:
        question = self.truth[place]
        return as_key(next(a for a in every_answer(question) if a not in question.accepted))

    def graded(self, key: Key) -> GradedClass:
        return graded(scored_questions(key, self.bank), self.submissions)

    def doubts(self, key: Key, made: GradedClass | None = None) -> list[KeyDoubt]:
        made = made or self.graded(key)
        return key_doubts(made, analyse_class(made).questions, self.bank, key)


@pytest.fixture(scope="module")
def desk() -> Desk:
    return Desk()


def repeats(changed: float, other: list[str] | dict[str, str] | None = None) -> Stability:
    cause = CauseRepeats(repeats=20, changed=changed)
    sets = [OtherSet(correct=other, share=changed)] if other else []
    return Stability(repeats=40, changed=changed, by_cause={"regions": cause}, sets=sets)


def lines(doubt: KeyDoubt) -> list[str]:
    """What is said beside the doubt itself, which is said of every answer that was measured."""
    names = [line.name for line in doubt.measured]
    assert ("measured_doubt" in names) == ("measured_nothing" not in names)
    return [name for name in names if name != "measured_doubt"]


def test_a_right_key_that_was_measured_once_is_not_listed(desk: Desk) -> None:
    assert desk.doubts(desk.true) == []


def test_what_the_key_calls_contested_is_listed_though_the_class_agrees(desk: Desk) -> None:
    key = with_question(desk.true, "q02", stability=repeats(0.3, desk.other(1)), doubt=0.42)
    (doubt,) = desk.doubts(key)
    assert (doubt.question, doubt.by_measurement, doubt.by_class) == ("q02", True, ())
    assert lines(doubt) == ["measured_changed"]
    stated, changed = doubt.measured
    assert (stated.name, stated.values) == ("measured_doubt", {"share": ("about 42%", "約 42%")})
    assert changed.values["other"] == "+".join(desk.other(1))
    assert changed.values["causes"] == ("region edges", "區域邊界")
    assert (doubt.both, doubt.chance, doubt.rare) == ((), 0.42, False)


@pytest.mark.parametrize("place", [0, 1, 4])
def test_where_both_doubt_the_answer_that_both_point_to_is_named(desk: Desk, place: int) -> None:
    """Of one option, of several, and of drop-downs, whose choices a key may name by their text."""
    name, right = f"q{place + 1:02d}", desk.right(place)
    contested = {"stability": repeats(0.2, right), "correct": desk.other(place)}
    (doubt,) = desk.doubts(with_question(desk.true, name, **contested))
    assert doubt.question == name and doubt.by_measurement and doubt.by_class and doubt.sides == 2
    plain = "+".join(right) if isinstance(right, list) else "x:{x} y:{y}".format(**right)
    assert doubt.both == (plain,)
    elsewhere = next(
        as_key(a)
        for a in every_answer(desk.truth[place])
        if as_key(a) not in (right, desk.other(place))
    )
    contested["stability"] = repeats(0.2, elsewhere)
    (doubt,) = desk.doubts(with_question(desk.true, name, **contested))
    assert doubt.sides == 2 and doubt.both == ()


def test_an_answer_set_by_hand_against_what_was_measured_is_a_doubt(desk: Desk) -> None:
    (doubt,) = desk.doubts(overridden(desk.true, "q01", desk.other(0)))
    assert lines(doubt) == ["measured_set_otherwise", "measured_once"]
    assert doubt.both == ("+".join(desk.right(0)),)
    assert desk.doubts(overridden(desk.true, "q01", desk.right(0))) == []


def test_those_with_most_doubts_come_first_then_the_class_then_the_more_contested(
    desk: Desk,
) -> None:
    key = with_question(desk.true, "q02", stability=repeats(0.6), doubt=0.2)
    key = with_question(key, "q04", stability=repeats(0.3), doubt=0.3)
    key = with_question(key, "q06", correct=desk.other(5))
    key = with_question(key, "q08", correct=desk.other(7), stability=repeats(0.1, desk.right(7)))
    assert [doubt.question for doubt in desk.doubts(key)] == ["q08", "q06", "q04", "q02"]


def test_canvas_points_stand_in_the_same_list(desk: Desk) -> None:
    said = CanvasDoubt("q03", Sentence(en="a earned 0 <and> 0.3", zh_hant="a 得 0 及 0.3"))
    made = replace(desk.graded(desk.true), canvas_doubts=(said,))
    (doubt,) = desk.doubts(desk.true, made)
    assert (doubt.question, doubt.by_canvas, doubt.sides) == ("q03", (said.sentence,), 1)
    page = check_harmless(class_page(made, desk.bank, desk.true, analyse_class(made)))
    opening = page.en[: page.en.index("At a glance")]
    assert "a earned 0 <and> 0.3" in opening and "a 得 0 及 0.3" in page.zh


def test_a_void_question_is_nobodys_doubt(desk: Desk) -> None:
    key = with_question(desk.true, "q01", void=True, stability=repeats(0.5), correct=desk.other(0))
    assert desk.doubts(key) == []


def test_a_second_way_a_verdict_that_turns_and_no_margin_are_each_said(desk: Desk) -> None:
    entry = next(each for each in desk.true.questions if each.id == "q01")
    second = SecondVerdict(holds=True, sentence=Sentence(en="x", zh_hant="x"))
    first = entry.options[0]

    def of(**changes: object) -> list[str]:
        return [
            name
            for doubt in desk.doubts(with_question(desk.true, "q01", **changes))
            for name in lines(doubt)
        ]

    holding = first.model_copy(update={"holds": True, "margin": 0.0})
    assert of(options=[holding]) == ["measured_once", "measured_no_margin"]
    differing = first.model_copy(update={"holds": False, "second": second})
    assert of(options=[differing]) == ["measured_once", "measured_second_differs"]
    turning = first.model_copy(update={"flips": Flips(share=0.1)})
    assert of(options=[turning], stability=repeats(0)) == ["measured_same", "measured_turns"]
    assert of(ways_agree=False, second_correct=desk.other(0), stability=Stability(repeats=0)) == [
        "measured_fixed",
        "measured_second",
    ]
    assert of(ways_agree=False, second_correct=[]) == ["measured_once", "measured_second_none"]
    assert of(ways_agree=True, stability=repeats(0.2)) == [
        "measured_undecided",
        "measured_second_agrees",
    ]
    assert of(options=[], ways_agree=False) == ["measured_nothing"]


# --- the page -------------------------------------------------------------------------------


def page_of(desk: Desk, key: Key) -> str:
    made = desk.graded(key)
    source = class_page(made, desk.bank, key, analyse_class(made))
    check_harmless(source)
    return source


def test_the_page_opens_with_both_kinds_side_by_side_and_calls_no_question_wrong(
    desk: Desk,
) -> None:
    key = with_question(desk.true, "q02", stability=repeats(0.3, desk.other(1)), doubt=0.3)
    key = with_question(key, "q01", correct=desk.other(0), stability=repeats(0.2, desk.right(0)))
    page = check_harmless(page_of(desk, key))
    for text, start, end in ((page.en, "Class report", "At a glance"), (page.zh, "全班", "概覽")):
        opening = text[text.index(start) : text.index(end)]
        assert opening.index("q01") < opening.index("q02")
        for word in ("wrong", "incorrect", "error", "錯", "有誤"):
            assert word not in opening.lower()
    listed = page.en[page.en.index("Measurement, this class") : page.en.index("At a glance")]
    first = listed[listed.index("q01") : listed.index("q02")]
    assert first.index("Measurement") < first.index("20% of 40 repeats") < first.index("This class")
    assert "The upper group’s commonest answer is" in first
    assert "Measurement and this class both point to" in first
    second = listed[listed.index("q02") :]
    assert "No sign in this class contradicts the key" in second and "both point" not in second


def test_rare_changes_take_one_line_unless_the_class_doubts_too(desk: Desk) -> None:
    rare = {"stability": repeats(0.6), "doubt": RARE / 2}
    key = with_question(desk.true, "q02", **rare)
    key = with_question(key, "q01", correct=desk.other(0), **rare)
    source = page_of(desk, key)
    assert source.count('<div class="sides">') == 1
    assert (
        "with a chance of another answer under 5%: </span>" in source
        and '<a href="#q02">q02</a>' in source
    )


def test_with_nothing_to_say_it_says_what_was_not_looked_at(desk: Desk) -> None:
    page = check_harmless(page_of(desk, desk.true))
    assert "None: no check supports another answer" in page.en
    assert "--stability 40" in page.en and "Too few students" not in page.en
    run = StabilityRun(repeats=40, factor=0.25, pixels=3, reseeded=0)
    measured = desk.true.model_copy(update={"stability": run})
    assert "--stability 40" not in check_harmless(page_of(desk, measured)).en
    few = graded(desk.truth, desk.submissions[:9])
    page = check_harmless(class_page(few, desk.bank, desk.true, analyse_class(few)))
    assert "n = 9, and 30 are needed" in page.en
