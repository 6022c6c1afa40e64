"""Views of the review page: the list of questions, one question, the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from grader.key_changes.regrading import changed_questions
from grader.reports.class_report import question_view
from grader.reports.environment import environment as class_environment
from grader.reports.question_texts import QuestionTexts
from grader.review.class_preview import Effect
from grader.review.key_review import KeyReview
from solver.banks.bank import Question
from solver.evidence import Evidence
from solver.key import KeyQuestion
from solver.page.contested import ContestedView, contested_of
from solver.page.views import QuestionView, answer_text, topics_of
from solver.text.bilingual import Pair, as_pair


@dataclass(frozen=True)
class Line:
    """A question in the list at the side."""

    entry: KeyQuestion
    stem: Pair
    answer: Markup
    class_doubts: bool


@dataclass(frozen=True)
class Choice:
    """An option, or a choice of a drop-down, that a person can take."""

    blank: str
    id: str
    text: Pair
    counts: bool
    also_counts: bool


@dataclass(frozen=True)
class ChoiceGroup:
    """The choices of a question, or of one of its drop-downs."""

    blank: str
    label: Pair | None
    choices: tuple[Choice, ...]


def lines_of(review: KeyReview) -> list[Line]:
    """Return the list of questions, those to decide first."""
    asked = {question.id: question for question in review.bank.questions}
    made = []
    for entry in review.in_order():
        question = asked.get(entry.id)
        stem = as_pair(question.stem) if question else (entry.id, entry.id)
        made.append(Line(entry, stem, counting(entry, question), _doubted(review, entry.id)))
    return made


def counting(entry: KeyQuestion, asked: Question | None) -> Markup:
    """Return every answer that earns, in one line."""
    answers = entry.override_answers or ([entry.correct] if entry.correct else [])
    return Markup(" / ").join(answer_text(answer, asked) for answer in answers)


def _doubted(review: KeyReview, question: str) -> bool:
    if review.the_class is None:
        return False
    item = review.the_class.analysis.get(question)
    return item is not None and bool(item.suspicions)


def view_of(review: KeyReview, question: str) -> tuple[QuestionView, ContestedView | None]:
    """Return a question as pages show it, without its figures, and how it is contested."""
    entry = review.entry(question)
    # The pages' own views are made of a whole key; one of a single question is cheap.
    alone = review.key.model_copy(update={"questions": [entry]})
    topics = topics_of(alone, review.bank, Evidence({}), {}, {})
    view = topics[0].questions[0]
    found = contested_of([view])
    return view, found[0] if found else None


def choices_of(view: QuestionView) -> list[ChoiceGroup]:
    """Return the options a person can choose, with those that count now."""
    entry = view.entry
    given = entry.override_answers or [entry.correct]
    first, others = given[0], given[1:]
    groups = []
    blanks = [blank.id for blank in view.asked.blanks] if view.asked else []
    blanks = blanks or list(dict.fromkeys(one.blank or "" for one in entry.options)) or [""]
    for at, group in enumerate(view.groups):
        blank = blanks[at] if group.label else ""
        choices = tuple(
            Choice(
                blank,
                row.name,
                row.text,
                _has(first, blank, row.name, row.text),
                any(_has(answer, blank, row.name, row.text) for answer in others),
            )
            for row in group.rows
        )
        groups.append(ChoiceGroup(blank, group.label, choices))
    return groups


def _has(answer: list[str] | dict[str, str], blank: str, name: str, text: Pair) -> bool:
    if isinstance(answer, dict):
        # A key may hold a choice by its id or by its text.
        return answer.get(blank) in (name, *text)
    return name in answer


def class_html(review: KeyReview, question: str) -> Markup:
    """Return how the class answered a question: by option, upper and lower group, and doubts."""
    if review.the_class is None:
        return Markup()
    item = review.the_class.analysis.get(question)
    if item is None:
        return Markup()
    texts = QuestionTexts(review.bank, review.key)
    template = class_environment().get_template("review/class.html")
    return Markup(template.render(view=question_view(item, texts)))


def total_effect(review: KeyReview, label: str) -> tuple[Effect | None, Sequence[str]]:
    """Return the effect of the whole key on the class, and the questions it changes."""
    if review.the_class is None:
        return None, ()
    plan = review.the_class.plan(review.key)
    effect = review.the_class.effect(plan, label)
    # Against the run's own key, which may be older than this key's last decision.
    return effect, changed_questions(review.the_class.run.run.key, review.key)
