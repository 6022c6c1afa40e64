"""One person's answers as YAML: a mapping from question to option ids.

student: me                # may be left out
answers:
  q01: b
  q03: [a, b]
  q22: {a: her, b: "0.44"}
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from grader.exports import ExportFormat, ReadingContext
from grader.exports.option_ids import chosen_values, ticked_ids
from grader.exports.plain_csv import read_ids
from grader.student_ids.id_systems import IdSystem
from grader.submissions import (
    UNANSWERED,
    ReadRow,
    Refused,
    Response,
    ScoredQuestion,
    Student,
    Submission,
)
from solver.errors import ExportError
from solver.files.yaml_source import PlacedYaml, load_placed_yaml


class AnswersYaml:
    """One person's YAML file. A wrong id in it is an error, since that person can mend it."""

    id_system: IdSystem = "own"

    def __init__(
        self,
        path: Path,
        questions: Sequence[ScoredQuestion],
        *,
        left_out: Collection[str] = (),
    ) -> None:
        self.source = path.name
        self.notes = ["one person's answers"]
        self._path = path
        self._questions = {question.id: question for question in questions}
        self._left_out = left_out

    def rows(self) -> Iterator[ReadRow]:
        """Yield the one submission there is."""
        yield ReadRow(self.submission())

    def submission(self) -> Submission:
        """Return the answers; questions that are not named are unanswered.

        Raises:
            ExportError: not such a file, or an answer the question cannot have; names the line.
        """
        placed = load_placed_yaml(self._path, ExportError)
        answers = answers_in(placed)
        responses: dict[str, Response] = dict.fromkeys(self._questions, UNANSWERED)
        for name, value in answers.items():
            # The template to fill in names every question of the bank, graded or not.
            if name in self._left_out or _is_empty(value):
                continue
            question = self._questions.get(str(name))
            if question is None:
                known = ", ".join(self._questions)
                raise self._error(placed, name, f"the key has no question {name!r}; it has {known}")
            response = self._response(placed, question, value)
            if isinstance(response, Refused):
                raise self._error(placed, name, f"the answer to {name} {response.reason}")
            responses[question.id] = response
        student = str(placed.data.get("student") or self._path.stem)
        if not student.isprintable():
            line = placed.line_of(("student",))
            raise ExportError(
                "the student's name holds signs that cannot be printed",
                path=self._path,
                place=f"line {line}",
            )
        none = dict.fromkeys(responses)
        return Submission(Student(student), None, None, responses, none, None, self.source, 1)

    def _response(self, placed: PlacedYaml, question: ScoredQuestion, value: Any) -> Response:
        if isinstance(value, dict) and question.kind == "pair":
            # YAML reads 0.44 as a number and an empty choice as null.
            given = {str(k): "" if v is None else str(v) for k, v in value.items()}
            return chosen_values(question, given, str(value))
        if isinstance(value, list) and question.kind != "pair":
            return ticked_ids(question, [str(each) for each in value], str(value))
        if isinstance(value, (dict, list)):
            shape = "one choice a drop-down" if question.kind == "pair" else "option ids"
            raise self._error(placed, question.id, f"the answer to {question.id} must be {shape}")
        return read_ids(question, str(value))

    def _error(self, placed: PlacedYaml, name: Any, message: str) -> ExportError:
        line = placed.line_of(("answers", name))
        return ExportError(message, path=self._path, place=f"line {line}")


def answers_in(placed: PlacedYaml) -> dict[Any, Any]:
    """Return the mapping from question to answer of such a file, as it was written.

    Raises:
        ExportError: there is none, or something else stands beside it.
    """
    data = placed.data
    if not isinstance(data, dict) or not isinstance(data.get("answers"), dict):
        raise ExportError(
            "has no mapping 'answers' from question to option ids",
            path=placed.path,
            place="line 1",
            mend="Write, for example, answers: {q01: b, q03: [a, b]}.",
        )
    for name in data:
        if name not in {"student", "answers"}:
            line = placed.line_of((name,))
            raise ExportError(f"{name!r} is not known here", path=placed.path, place=f"line {line}")
    answers: dict[Any, Any] = data["answers"]
    return answers


def _is_empty(value: Any) -> bool:
    """Whether nothing was filled in; then the question need not be one of the key's."""
    if isinstance(value, dict):
        return all(each is None for each in value.values())
    return value is None or value == []


def _opened(path: Path, context: ReadingContext) -> AnswersYaml:
    return AnswersYaml(path, context.questions, left_out=context.left_out)


FORMAT = ExportFormat(
    "one person's answers in YAML (hw9 check --template writes one to fill in)",
    lambda path: path.suffix.lower() in (".yaml", ".yml"),
    _opened,
)
