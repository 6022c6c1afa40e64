"""What a run's folder keeps so that it can be graded again without the exports.

``run.json``     format, rules, hashes of exports and bank, counts
``key.yaml``     the key as it was used
``rows.jsonl``   every row that was read, by option ids (`grader.row_record`), refused ones too
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, TypeAdapter, ValidationError
from typing_extensions import TypedDict  # pydantic needs this one before Python 3.12

from grader.grading import Rules
from grader.row_record import RecordedRows
from grader.scored_questions import open_questions
from grader.submissions import AttemptsRule, PolicyName, ReadRow
from solver.errors import ExportError
from solver.key import Key, dump_key, load_key
from solver.whole_files import write_whole

FORMAT: Literal["hw9-run/1"] = "hw9-run/1"
ROWS = "rows.jsonl"
MOST_POINTS = 1_000_000
"""The readers of exports take no number from here on."""


class ExportHash(TypedDict):
    """An export as it was read."""

    name: str
    sha256: str


class RunData(TypedDict):
    """What `run.json` holds."""

    format: Literal["hw9-run/1"]
    questions: list[str]
    left_out: list[str]
    policy: PolicyName
    attempts: AttemptsRule
    deadline: AwareDatetime | None
    exports: list[ExportHash]
    bank_sha256: str
    pseudonyms: bool
    notes: list[str]


_RUN = TypeAdapter(RunData)


@dataclass(frozen=True)
class RunRecord:
    """A run read back."""

    folder: Path
    data: RunData
    key: Key

    @property
    def rules(self) -> Rules:
        """The policy, attempts and deadline it was graded with."""
        return Rules(self.data["policy"], self.data["attempts"], self.data["deadline"])

    def rows(self) -> Iterator[ReadRow]:
        """Yield every row again, as `grader.grading.grade` takes them.

        Questions graded now must be among `data["questions"]`.

        Raises:
            ExportError: the record is damaged; names the line.
        """
        path = self.folder / ROWS
        recorded = RecordedRows(self.data["questions"])
        try:
            with path.open(encoding="utf-8") as file:
                for number, line in enumerate(file, 1):
                    yield _row(line, recorded, path, number)
        except (OSError, UnicodeDecodeError):
            raise ExportError(
                "cannot be read", path=path, mend="Grade the exports again."
            ) from None


def _row(line: str, recorded: RecordedRows, path: Path, number: int) -> ReadRow:
    try:
        row = recorded.row(line)
        _check_kinds(row)
        return row
    except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError, RecursionError):
        raise ExportError(
            "is not a row as a run records it",
            path=path,
            place=f"line {number}",
            mend="Grade the exports again.",
        ) from None


def _check_kinds(row: ReadRow) -> None:
    """Raise ValueError where a row is not what the program itself writes of one."""
    texts: list[str] = []
    for each in row.rejects:
        texts += (each.source, each.student, each.question, each.text, each.reason)
        _check_number(each.line)
    if row.submission is not None:
        made = row.submission
        who = made.student
        texts += (made.source, who.id, who.name, who.section, who.section_id, who.sis_id)
        _check_number(made.line)
        _check_number(0 if made.attempt is None else made.attempt)
        if made.submitted is not None and made.submitted.tzinfo is None:
            raise ValueError("a time without its zone")
        numbers = [made.canvas_score, *made.canvas_points.values()]
        if not all(n is None or (n.is_finite() and abs(n) < MOST_POINTS) for n in numbers):
            raise ValueError("points that no export has")
    elif not row.rejects:
        raise ValueError("a row without a reason why it was refused")
    "".join(texts).encode()  # fails on what is no text, and on halves of characters


def _check_number(number: object) -> None:
    if type(number) is not int or not 0 <= number < 1 << 40:
        raise ValueError("no number of a line or an attempt")


def write_run(out: Path, data: RunData, key: Key) -> None:
    """Write ``run.json`` and ``key.yaml`` beside the rows, which `grade` wrote as it read them.

    Raises:
        OutputError: they cannot be written.
    """
    text = json.dumps(_RUN.dump_python(data, mode="json"), ensure_ascii=False, indent=1) + "\n"
    write_whole(out / "run.json", text, private=True)
    write_whole(out / "key.yaml", dump_key(key), private=True)


def is_run(folder: Path) -> bool:
    """Say whether a folder is a run's."""
    return (folder / "run.json").is_file()


def read_run(folder: Path) -> RunRecord:
    """Read the record in a run's folder.

    Raises:
        ExportError: it is not one.
        KeyFileError: its key cannot be read.
    """
    path = folder / "run.json"
    try:
        data = _RUN.validate_json(path.read_bytes())
    except OSError:
        raise ExportError(
            "is not a folder that hw9 grade wrote (no run.json)", path=folder
        ) from None
    except ValidationError as problem:
        where = ".".join(str(part) for part in problem.errors()[0]["loc"])
        raise ExportError(
            "is not a run's record of a form this program knows", path=path, place=where
        ) from None
    key = load_key(folder / "key.yaml")
    graded = [each.id for each in key.questions if each.id not in open_questions(key)]
    asked = data["questions"]
    if len(set(asked)) < len(asked) or not set(asked) <= set(graded):
        raise ExportError(
            "names other questions than the key beside it answers", path=path, place="questions"
        )
    return RunRecord(folder, data, key)
