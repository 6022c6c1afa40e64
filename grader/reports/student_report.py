"""`students/<id>.html`: a page for each student, to be handed out alone; it links to no other."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

from markupsafe import Markup

from grader.csv_files.spreadsheet import private_file
from grader.reports.environment import environment
from grader.reports.question_texts import Part, QuestionTexts
from grader.reports.regrade_notes import regrade_notes, student_note
from grader.reports.student_index import NAME, IndexRow, index_page
from grader.scoring.accepted_answers import scored_questions
from grader.scoring.attempts import DOUBTS
from grader.submissions import (
    NOT_SHOWN,
    AttemptsRule,
    Chosen,
    CorrectedCell,
    GradedSubmission,
    NotShown,
    Refused,
    Response,
    ScoredQuestion,
    Ticked,
    Unanswered,
)
from grader.table.graded import GradedClass
from solver.banks.bank import Bank
from solver.files.atomic_write import write_whole
from solver.key import Key, Sentence
from solver.text.bilingual import without_turning

LONGEST_NAME = 80  # file systems take 255 bytes; a number and an ending may follow
BATCH, WRITERS = 250, 8


@dataclass(frozen=True, slots=True)
class ChoiceRow:
    """An option on a student's card."""

    part: Part
    ticked: bool
    right: bool
    why: Sentence | None


@dataclass(frozen=True, slots=True)
class Card:
    """A question on a student's page as HTML; `glance` is its line in the summary."""

    glance: str
    html: str


def write_student_pages(
    graded: GradedClass,
    out: Path,
    bank: Bank,
    key: Key,
    reveal: bool = False,
    *,
    language: str = "en",
) -> int:
    """Write a page for each student, and an index of them, into ``out/students``.

    Args:
        graded: the class.
        out: folder of the run; whether it was regraded is read from its log.
        bank: for the wordings.
        key: for the reasons.
        reveal: also show the right options, and why, of questions not fully earned.
        language: shown first ("en" or "zh-Hant").

    Returns:
        The number of students' pages.

    Raises:
        OutputError: the folder cannot be written.
        ExportError: the log of regrades was changed by hand.
    """
    pages = StudentPages(graded.questions, bank, key, reveal=reveal, language=language)
    pages.attempts = graded.attempts
    pages.regraded = student_note(regrade_notes(out))
    folder = out / "students"
    folder.mkdir(parents=True, exist_ok=True)
    taken = {NAME}
    listed: list[IndexRow] = []
    with ThreadPoolExecutor(WRITERS) as pool:  # most of the time is waiting for the disk
        rows = iter(graded.used)
        # A batch at a time: the pages of a large class together would fill the memory.
        while batch := list(islice(rows, BATCH)):
            made = [(page_name(each.student.id, taken), pages.page(each)) for each in batch]
            list(pool.map(lambda one: _write(folder / one[0], one[1]), made))  # raises its errors
            for (name, _), each in zip(made, batch, strict=True):
                doubt = DOUBTS.get(each.doubt)
                late = _duration(each.late)
                row = IndexRow(name, each.student, each.total, each.fudge, doubt, late)
                listed.append(row)
    possible = sum((question.points for question in graded.questions), Decimal(0))
    index = index_page(listed, possible, bank.header.title, language)
    write_whole(folder / NAME, index, private=True)
    return len(listed)


def _write(path: Path, page: str) -> None:
    # Not by way of a temporary file: it is the run's folder that is there whole or not at all.
    with private_file(path) as file:
        file.write(page.encode())


_OF_WINDOWS = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)
"""Names of devices, which no file can have there, whatever its ending."""


def page_name(student: str, taken: set[str]) -> str:
    """Return a file name for a student's page that no other has, and add it to `taken`.

    Letters, digits, ``.``, ``_`` and ``-`` stay; any other character becomes ``~`` and its code,
    so that no id can leave the folder. Names that differ only in case count as the same.
    """
    # "/" and "\" among them, so that no id can leave the folder.
    safe = re.sub(r"[^A-Za-z0-9._-]", lambda found: f"~{ord(found.group()):x}", student)
    safe = safe[:LONGEST_NAME] or "no-id"
    # A leading dot hides a file, and ".." is no file at all.
    if safe.startswith(".") or _OF_WINDOWS.match(safe):
        safe = f"~{ord(safe[0]):x}{safe[1:]}"
    name, number = f"{safe}.html", 1
    # In lower case: on Windows and macOS "A.html" and "a.html" are one file.
    while name.lower() in taken:
        number += 1
        name = f"{safe}~{number}.html"
    taken.add(name.lower())
    return name


class StudentPages:
    """Maker of students' pages, which share the cards of equal responses.

    Attributes:
        attempts: the run's rule; points may be an average.
        regraded: note on the run's regrades (`grader.reports.regrade_notes.student_note`).
    """

    attempts: AttemptsRule = "highest"
    regraded: tuple[str, str] | None = None

    def __init__(
        self,
        questions: tuple[ScoredQuestion, ...],
        bank: Bank,
        key: Key,
        *,
        reveal: bool,
        language: str = "en",
    ) -> None:
        self._questions = questions
        self._texts = QuestionTexts(bank, key)
        # After a regrade former answers may earn as well, but what is right is what the key says.
        self._right = {question.id: question.accepted for question in scored_questions(key, bank)}
        self._title = bank.header.title
        self._reveal = reveal
        self._language = language
        self._page = environment().get_template("student/student.html")
        self._card = environment().get_template("student/card.html")
        self._glance = environment().get_template("student/glance.html")
        self._worth = {question.id: question.points for question in questions}
        self._cards: dict[tuple[str, Response, Decimal | None], Card] = {}

    def page(self, graded: GradedSubmission) -> str:
        """Return one student's page as HTML."""
        cards = [self._card_of(question, graded) for question in self._questions]
        full = sum(points == self._worth.get(name) for name, points in graded.points.items())
        html = self._page.render(
            language=self._language,
            title=self._title,
            graded=graded,
            student=graded.student,
            average=self.attempts == "average" and graded.rows > 1,
            submitted=_moment(graded),
            doubt=DOUBTS.get(graded.doubt),
            late=_duration(graded.late),
            regraded=self.regraded,
            full=full,
            questions=len(cards),
            glance=Markup("".join([card.glance for card in cards])),
            sheet=Markup("".join([card.html for card in cards])),
        )
        return without_turning(html)

    def _card_of(self, question: ScoredQuestion, graded: GradedSubmission) -> Card:
        response = graded.submission.responses.get(question.id, NOT_SHOWN)
        points = graded.points.get(question.id)
        read = next((each for each in graded.corrections if each.question == question.id), None)
        if read is not None:  # one student's alone
            return self._make(question, response, points, read)
        # A card depends on the response and its points alone, so that all who answered alike
        # share it; a class of a thousand has few different ones.
        place = (question.id, response, points)
        card = self._cards.get(place)
        if card is None:
            card = self._make(question, response, points)
            if not isinstance(response, Refused):  # its text may be one student's alone
                self._cards[place] = card
        return card

    def _make(
        self,
        question: ScoredQuestion,
        response: Response,
        points: Decimal | None,
        correction: CorrectedCell | None = None,
    ) -> Card:
        mark = _mark(question, response, points)
        explained = self._reveal and mark not in ("full", "void", "left_out")
        entry = self._texts.key_question(question.id)
        html = self._card.render(
            question=question,
            mark=mark,
            correction=correction,
            response=response,
            kind=type(response).__name__,
            points=points,
            topic=self._texts.topic(question.id),
            stem=self._texts.stem(question.id),
            rows=self._rows(question, response, explained=explained),
            override=entry.override.why if explained and entry and entry.override else None,
        )
        return Card(self._glance.render(id=question.id, mark=mark), html)

    def _rows(
        self, question: ScoredQuestion, response: Response, *, explained: bool
    ) -> list[ChoiceRow]:
        ticked = _options(response)
        accepted = self._right.get(question.id) or question.accepted
        keyed = {part for answer in accepted for part in _options(answer)}
        listed = [("", option) for option in question.options]
        listed += [(blank, choice) for blank, choices in question.blanks for choice in choices]
        # Sorted: what neither bank nor key lists has no order of its own.
        listed += sorted((ticked | keyed if explained else ticked) - set(listed))
        return [
            ChoiceRow(
                self._texts.part(question.id, blank, option),
                (blank, option) in ticked,
                explained and (blank, option) in keyed,
                self._why(question.id, blank, option) if explained else None,
            )
            for blank, option in listed
        ]

    def _why(self, question: str, blank: str, option: str) -> Sentence | None:
        entry = self._texts.key_question(question)
        # The sentences of the verdicts argue for the derived answer, which no longer counts.
        if entry is None or entry.override is not None:
            return None
        for verdict in entry.options:
            if (verdict.blank or "") == blank and option in (verdict.id, verdict.text):
                return verdict.sentence
        return None


def _options(response: Response) -> set[tuple[str, str]]:
    if isinstance(response, Ticked):
        return {("", option) for option in response.options}
    return set(response.choices) if isinstance(response, Chosen) else set()


def _mark(question: ScoredQuestion, response: Response, points: Decimal | None) -> str:
    if isinstance(response, NotShown):
        return "absent"
    if question.left_out:
        return "left_out"
    if question.void:
        return "void"
    if points is None:
        return "open"
    if points == question.points:
        return "full"
    if points > 0:
        return "part"
    return "blank" if isinstance(response, Unanswered) else "none"


def _moment(graded: GradedSubmission) -> str:
    moment = graded.submission.submitted
    if moment is None:
        return ""
    return moment.isoformat(sep=" ", timespec="seconds").replace("+00:00", " UTC")


def _duration(late: timedelta | None) -> str:
    """Return a duration as "2 d 3 h 5 min", "" for None; less than a minute counts as one."""
    if late is None:
        return ""
    # "0 min late" would read as in time.
    minutes = max(1, int(late.total_seconds() // 60))
    parts: list[tuple[int, Any]] = [
        (minutes // 1440, "d"),
        (minutes // 60 % 24, "h"),
        (minutes % 60, "min"),
    ]
    return " ".join(f"{count} {unit}" for count, unit in parts if count)
