"""Messages of `hw9 check` on checked answers, in English or Traditional Chinese."""

from __future__ import annotations

from collections.abc import Iterator

from grader.reports.answer_sheet import number_of, said
from grader.reports.question_texts import Part
from grader.self_check.checking import Checked, CheckedQuestion, RightAnswer
from grader.self_check.lenient_answers import Reading
from solver.text.html_tags import without_tags


def lines_of(checked: Checked, language: str) -> list[str]:
    """Return the sums, then a part for each question that was answered and is not fully right.

    Args:
        checked: the questions with their states.
        language: "en" or "zh-Hant".
    """
    right, left_out = checked.ids("right", "void"), checked.ids("open")
    empty = checked.ids("unanswered")
    could = number_of(len(checked.questions) - len(left_out), "question", language)
    points, possible = f"{checked.points:f}", number_of(checked.possible, "point", language)
    # ", " in English, "、" in Chinese.
    between = said("between_ids", language)
    lines = [said("sum", language, right=len(right), of=could, points=points, possible=possible)]
    lines += [reading_line(each, language) for each in checked.readings]
    summed = (
        ("fully_right", right),
        ("unanswered", empty),
        ("half_empty", checked.half),
        ("refuted", checked.refuted),
        ("not_checked", checked.not_checked),
        ("no_notebook", checked.never),
    )
    for name, ids in summed:
        if ids:
            lines.append(said(name, language, ids=between.join(ids)))
    for question in checked.questions:
        # Unanswered ones are listed in one line, unless their answers were asked for.
        shown = question.state == "unanswered" and question.answer is not None
        if question.state == "not right" or question.refuted or shown:
            lines += _of_question(question, language)
    return lines


def reading_line(reading: Reading, language: str) -> str:
    """Return how one answer was read, as a line."""
    name = "read_as" if reading.place else "read_question"
    values = {"place": reading.place, "given": reading.given, "read": reading.read_as}
    return said(name, language, **values)


def state_word(question: CheckedQuestion) -> str:
    """Return the last part of the name of the words on a question's state."""
    return "refuted" if question.refuted else question.state.replace(" ", "_")


def _of_question(question: CheckedQuestion, language: str) -> Iterator[str]:
    state = said(f"state_{state_word(question)}", language)
    yield ""
    worth = number_of(question.worth, "point", language)
    yield said("found", language, id=question.id, state=state, points=worth)
    yield f"  {without_tags(question.stem.in_language(language))}"
    if question.look_again:
        names = [name.in_language(language) for name in question.look_again]
        joined = said("between", language).join(names)
        yield "  " + said("look_again", language, names=joined)
    if question.answer is not None:
        yield from _of_answer(question.answer, language)


def _of_answer(answer: RightAnswer, language: str) -> Iterator[str]:
    for parts in answer.accepted:
        joined = said("between", language).join(_part(part, language) for part in parts)
        yield "  " + said("right", language, parts=joined)
    if answer.why_set_by_hand:
        yield "  " + said("set_by_hand", language, why=answer.why_set_by_hand)
    for part, sentence in answer.reasons:
        yield f"    {_part(part, language)}"
        yield f"      {sentence.in_language(language)}"


def _part(part: Part, language: str) -> str:
    text = without_tags(part.text.in_language(language))
    name = f"{part.blank}:{part.option}" if part.blank else part.option
    if text != part.option:
        text = said("with_id", language, text=text, id=name)
    if part.label is None:
        return text
    label = without_tags(part.label.in_language(language))
    return said("labelled", language, label=label, text=text)
