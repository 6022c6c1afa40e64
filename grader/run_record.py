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
from grader.submissions import AttemptsRule, PolicyName, ReadRow
from solver.errors import ExportError
from solver.key import Key, dump_key, load_key
from solver.whole_files import write_whole

FORMAT: Literal["hw9-run/1"] = "hw9-run/1"
ROWS = "rows.jsonl"


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
        return recorded.row(line)
    except (ValueError, TypeError, KeyError, ArithmeticError):
        raise ExportError(
            "is not a row as a run records it",
            path=path,
            place=f"line {number}",
            mend="Grade the exports again.",
        ) from None


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
    return RunRecord(folder, data, load_key(folder / "key.yaml"))
