"""Data of the grader: students, responses, questions, submissions before and after grading.

Reading makes a `Submission` of a row, scoring makes a `GradedSubmission` of it, and a run ends in
one `GradedClass` (`grader.table.graded`). All of it is frozen.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal, NamedTuple

from solver.banks.bank import Kind

AttemptsRule = Literal["highest", "latest", "first", "average"]
PolicyName = Literal["all-or-nothing", "canvas-partial"]
UnreadCause = Literal["no set", "several sets", "empty option", "spreadsheet", "encoding"]


@dataclass(frozen=True, slots=True)
class Student:
    """One person, as the export names them; everything is joined by `id`."""

    id: str
    name: str = ""
    section: str = ""
    section_id: str = ""
    sis_id: str = ""


@dataclass(frozen=True, slots=True)
class Ticked:
    """Options ticked in a *single* or *several* question, by the bank's option ids."""

    options: frozenset[str]


@dataclass(frozen=True, slots=True)
class Chosen:
    """Choices made in the drop-downs of a *pair*: (drop-down, choice), unanswered ones left out.

    A choice is the bank's option id, or its text where the bank has no options for the drop-down
    (its choices are made around a measured value).
    """

    choices: frozenset[tuple[str, str]]

    @property
    def by_blank(self) -> dict[str, str]:
        """The choices as a mapping, in the order of the drop-downs' ids."""
        return dict(sorted(self.choices))


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Response to a question that was shown: nothing was ticked."""


@dataclass(frozen=True, slots=True)
class NotShown:
    """Response to a question that this student was not asked: it neither earns nor counts."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A cell that could not be read: it fits no set of options, or more than one.

    Attributes:
        text: of the cell.
        reason: ends a sentence that begins with the cell, for people.
        cause: what the reason comes down to, for counting; a run's record does not keep it.
    """

    text: str
    reason: str
    cause: UnreadCause = field(default="no set", compare=False)


Response = Ticked | Chosen | Unanswered | NotShown | Refused
Answer = Ticked | Chosen
UNANSWERED = Unanswered()
NOT_SHOWN = NotShown()


@dataclass(frozen=True, slots=True)
class ScoredQuestion:
    """A question as it is graded: its points, and the responses that earn them.

    A response earns the points if it equals one of `accepted`. There are several after a regrade
    for both answers, or where a TA takes several options of a *single* question.
    """

    id: str
    kind: Kind
    points: Decimal
    accepted: tuple[Answer, ...]
    options: tuple[str, ...] = ()
    blanks: tuple[tuple[str, tuple[str, ...]], ...] = ()
    void: bool = False
    choice_names: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = field(
        default=(), compare=False
    )
    """Of a *pair*: (name, choice) of each drop-down, a name being the choice's id or a text."""
    blank_points: tuple[tuple[str, Decimal], ...] = ()
    """Of a *pair* whose drop-downs are scored apart: the points of each."""
    left_out: bool = False
    """A person left it out: its points are 0, for everybody."""


@dataclass(frozen=True, slots=True)
class Submission:
    """One attempt of one student; single cells of it may be `Refused`."""

    student: Student
    attempt: int | None
    submitted: datetime | None
    responses: Mapping[str, Response]
    canvas_points: Mapping[str, Decimal | None]
    canvas_score: Decimal | None
    source: str
    line: int


@dataclass(frozen=True, slots=True)
class Reject:
    """A row (`question` is empty) or a cell that could not be read for certain."""

    source: str
    line: int
    student: str
    question: str
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class ReadRow:
    """One row of an export: its submission, None if the row was refused, and its rejects.

    Raises:
        ValueError: a row is refused without a reason, so that it would be in no list.
    """

    submission: Submission | None
    rejects: tuple[Reject, ...] = ()

    def __post_init__(self) -> None:
        if self.submission is None and all(each.question for each in self.rejects):
            raise ValueError("a refused row needs a Reject with an empty question that says why")


class CorrectedCell(NamedTuple):
    """A cell that a person read, since the program could not."""

    question: str
    read_as: str
    by: str
    why: str


@dataclass(frozen=True, slots=True)
class GradedSubmission:
    """Points of one student, from the attempt or the attempts that count.

    Attributes:
        submission: the attempt used (of an average: the latest).
        points: of each question; None where it was not shown or its cell was refused.
        total: sum of the known points.
        possible: the points of the questions that were shown.
        complete: False where a refused cell, here or in another attempt, leaves the total open.
        doubt: id (in `grader.scoring.attempts.DOUBTS`) of why it is not complete, else "".
        rows: rows of the export this stands for: 1, or every attempt of an average.
        fudge: what Canvas' fudge field must hold: total - sum of Canvas' question points.
        difference: total - Canvas' score (which may hold a fudge entered before).
        late: how long after the deadline it came, None if in time or no deadline was given.
        corrections: cells of the attempt used that a person has read.
    """

    submission: Submission
    points: Mapping[str, Decimal | None]
    total: Decimal
    possible: Decimal
    complete: bool = True
    doubt: str = ""
    rows: int = 1
    fudge: Decimal | None = None
    difference: Decimal | None = None
    late: timedelta | None = None
    corrections: tuple[CorrectedCell, ...] = ()

    @property
    def student(self) -> Student:
        """The student."""
        return self.submission.student

    @property
    def canvas_score(self) -> Decimal | None:
        """Canvas' own score of the attempt used."""
        return self.submission.canvas_score


class NamedRow(NamedTuple):
    """A name of a student, and the first row that has it."""

    name: str
    source: str
    line: int


class ManyNames(NamedTuple):
    """An id, and its names in the order of reading (`grader.student_ids.look_alikes`)."""

    student: str
    rows: tuple[NamedRow, ...]


def answer_text(answer: Answer) -> str:
    """Return an answer in one short line: "a+c", or "x:a y:b" of drop-downs."""
    if isinstance(answer, Chosen):
        return " ".join(f"{blank}:{choice}" for blank, choice in answer.by_blank.items())
    return "+".join(sorted(answer.options))


def encode_response(response: Response) -> str:
    """Return a response as a short text, its form in a run's record.

    "a,c" ticked; "" unanswered; "-" not shown; '{"x":"a"}' chosen; '["text","reason"]' refused.
    """
    if isinstance(response, Ticked):
        return ",".join(sorted(response.options))
    if isinstance(response, Chosen):
        return json.dumps(response.by_blank, ensure_ascii=False, separators=(",", ":"))
    if isinstance(response, Refused):
        both = [response.text, response.reason]
        return json.dumps(both, ensure_ascii=False, separators=(",", ":"))
    return "-" if isinstance(response, NotShown) else ""


def decode_response(code: str) -> Response:
    """Return the response that `encode_response` wrote.

    Raises:
        ValueError: the text is none of its forms.
    """
    if code == "":
        return UNANSWERED
    if code == "-":
        return NOT_SHOWN
    if code[0] not in "{[":
        return Ticked(frozenset(code.split(",")))
    data = json.loads(code)
    if isinstance(data, dict):
        return Chosen(frozenset((str(blank), str(choice)) for blank, choice in data.items()))
    text, reason = data
    return Refused(str(text), str(reason))
