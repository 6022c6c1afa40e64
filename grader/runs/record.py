"""The record that a run's folder keeps, to be graded again without the exports.

``run.json``      format, rules, hashes of exports and bank, hash of the rows
``key.yaml``      the key as it was used
``rows.parquet``  every row that was read, by option ids, refused ones too (`grader.table.record`)
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import (
    Literal,
    NotRequired,  # pydantic needs this one before Python 3.12
)

from pydantic import AwareDatetime, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from grader.runs.grading import Rules
from grader.scoring.accepted_answers import open_questions
from grader.student_ids.id_systems import IdSystem
from grader.submissions import AttemptsRule, PolicyName
from grader.table.answers import AnswerTable
from grader.table.former_record import FORMER_FILE, read_former_rows
from grader.table.record import FILE, MEND, made_from, read_rows, write_rows
from solver.errors import ExportError
from solver.files.atomic_write import sha256_of, write_whole
from solver.key import Key, dump_key, load_key

FORMAT: Literal["hw9-run/2"] = "hw9-run/2"


class ExportHash(TypedDict):
    """An export as it was read."""

    name: str
    sha256: str


class RunData(TypedDict):
    """The contents of `run.json`."""

    format: Literal["hw9-run/1", "hw9-run/2"]
    questions: list[str]
    left_out: list[str]
    policy: PolicyName
    attempts: AttemptsRule
    deadline: AwareDatetime | None
    exports: list[ExportHash]
    bank_sha256: str
    pseudonyms: bool
    notes: list[str]
    # Runs of former programs lack these.
    ids: NotRequired[IdSystem]
    promised: NotRequired[dict[str, Decimal]]
    rows_sha256: NotRequired[str]


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

    def table(self) -> AnswerTable:
        """Return every row again.

        Questions graded now must be among `data["questions"]`.

        Raises:
            ExportError: the record is damaged, or was changed since it was written.
        """
        questions = self.data["questions"]
        # Runs of the former format have a record by lines, and no hash of it.
        if self.data["format"] == "hw9-run/1":
            return read_former_rows(self.folder / FORMER_FILE, questions)
        path = self.folder / FILE
        if not path.is_file():
            raise ExportError("there is no such file", path=path, mend=MEND)
        # Before it is parsed: a changed row may well be a row of the right form.
        if sha256_of(path) != self.data.get("rows_sha256"):
            raise ExportError("was changed since the run wrote it", path=path, mend=MEND)
        return read_rows(path, questions, _made_from(self.data["exports"]))


def write_answers(out: Path, exports: Sequence[ExportHash], table: AnswerTable) -> str:
    """Write the rows; return the hash of their file, which `write_run` takes.

    Raises:
        OutputError: they cannot be written.
    """
    write_rows(table, out / FILE, _made_from(exports))
    return sha256_of(out / FILE)


def write_run(out: Path, data: RunData, key: Key, rows_sha256: str) -> None:
    """Write ``run.json`` and ``key.yaml`` beside the rows.

    Raises:
        OutputError: they cannot be written.
    """
    data = {**data, "format": FORMAT, "rows_sha256": rows_sha256}
    text = json.dumps(_RUN.dump_python(data, mode="json"), ensure_ascii=False, indent=1) + "\n"
    write_whole(out / "run.json", text, private=True)
    write_whole(out / "key.yaml", dump_key(key), private=True)


def _made_from(exports: Sequence[ExportHash]) -> str:
    return made_from([(each["name"], each["sha256"]) for each in exports])


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
