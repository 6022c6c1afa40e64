"""Files of a regraded run, beside those of every run (`grader.runs.record`).

``standing.json``   how questions are graded where ``key.yaml`` alone does not say it: the former
                    answer that also earns, points given to everybody, points left as they were
``regrades.jsonl``  a line a regrade, never changed afterwards: the change, by whom and why.
                    Each line holds the SHA-256 of all lines before it
``former/N/``       the key and the results as they were before regrade N
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from grader.key_changes.regrading import How, QuestionChange, differs
from grader.submissions import (
    Answer,
    Chosen,
    ScoredQuestion,
    Ticked,
    decode_response,
    encode_response,
)
from solver.banks.bank import Identifier, Points, Strict
from solver.errors import ExportError
from solver.files.yaml_source import load_placed_yaml, validated

STANDING = "standing.json"
LOG = "regrades.jsonl"
FORMER = "former"


class Standing(Strict):
    """Grading of one question that differs from the key's."""

    how: How
    points: Points
    void: bool = False
    accepted: list[str] = Field(description="answers that earn, as a run records responses")


class _StandingFile(Strict):
    format: Literal["hw9-standing/1"] = "hw9-standing/1"
    questions: dict[Identifier, Standing] = Field(default_factory=dict)


def read_standing(folder: Path) -> dict[str, Standing]:
    """Return the questions that are not graded by the key alone; none without a regrade.

    Raises:
        ExportError: the file was not written by a regrade.
    """
    path = folder / STANDING
    if not path.exists():
        return {}
    return dict(
        validated(load_placed_yaml(path, ExportError), _StandingFile, ExportError).questions
    )


def standing_text(standing: dict[str, Standing]) -> str:
    """Return the text of ``standing.json``."""
    data = _StandingFile(questions=standing).model_dump(mode="json")
    return json.dumps(data, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def as_graded(
    questions: tuple[ScoredQuestion, ...], standing: dict[str, Standing], path: Path
) -> tuple[ScoredQuestion, ...]:
    """Return the questions of a run's key as the run grades them.

    Raises:
        ExportError: a recorded answer is none.
    """
    found = []
    for question in questions:
        kept = standing.get(question.id)
        if kept is not None:
            accepted = tuple(_answer(code, question.id, path) for code in kept.accepted)
            # Options and drop-downs stay the key's: only how it is graded is kept.
            question = replace(question, points=kept.points, void=kept.void, accepted=accepted)
        found.append(question)
    return tuple(found)


def _answer(code: str, question: str, path: Path) -> Answer:
    try:
        answer = decode_response(code)
    except ValueError:
        answer = None
    if not isinstance(answer, Ticked | Chosen):
        raise ExportError(f"{code!r} is no answer of {question}", path=path)
    return answer


def new_standing(
    former: dict[str, Standing],
    by_key: tuple[ScoredQuestion, ...],
    after: tuple[ScoredQuestion, ...],
    taken: dict[str, How],
) -> dict[str, Standing]:
    """Return the questions whose grading the new key alone does not give.

    Args:
        former: those of the run before.
        by_key: the questions as the new key alone grades them.
        after: the questions as they are graded from now on.
        taken: the way of each question that is regraded.
    """
    alone = {question.id: question for question in by_key}
    standing = {}
    for question in after:
        own = alone.get(question.id)
        # Kept only where the key alone does not say it: a key that says all needs no second file.
        if own is not None and not differs(own, question):
            continue
        how = taken.get(question.id)
        if how is None:
            how = former[question.id].how if question.id in former else "unchanged"
        accepted = sorted(encode_response(answer) for answer in question.accepted)
        standing[question.id] = Standing(
            how=how, points=question.points, void=question.void, accepted=accepted
        )
    return standing


def read_log(folder: Path) -> str:
    """Return the log's text, after checking that no line of it was changed or taken out.

    Raises:
        ExportError: a line is damaged, does not follow from those before it, or is missing.
    """
    path = folder / LOG
    try:
        # Not read_text: it would turn a CR LF into LF, and the hashes would no longer fit.
        text = path.read_bytes().decode("utf-8") if path.exists() else ""
    except (OSError, UnicodeDecodeError):
        raise ExportError("cannot be read", path=path) from None
    before = ""
    # Not `splitlines`: a reason may hold U+2028 or NEL, which JSON leaves as they are.
    lines = [f"{line}\n" for line in text.split("\n")]
    lines[-1] = lines[-1].removesuffix("\n")
    for number, line in enumerate(filter(None, lines), 1):
        try:
            entry = json.loads(line)
            sound = entry["number"] == number and entry["before_sha256"] == _digest(before)
        except (ValueError, KeyError, TypeError, RecursionError):
            sound = False
        if not sound or not line.endswith("\n"):
            raise ExportError(
                "does not follow from the lines before it, so the log was changed by hand",
                path=path,
                place=f"line {number}",
                mend="Put the log back as it was, or grade the exports again into a new folder.",
            )
        before += line
    former = [int(each.name) for each in (folder / FORMER).glob("[0-9]*") if each.name.isdecimal()]
    # The chain of hashes shows no line that was taken off at the end; a folder without its line
    # does.
    if max(former, default=0) > text.count("\n"):
        raise ExportError(
            f"lacks the line of regrade {max(former)}, whose former results are in {FORMER}",
            path=path,
            mend="Put the log back as it was, or grade the exports again into a new folder.",
        )
    return text


def log_entries(folder: Path) -> list[dict[str, Any]]:
    """Return the entries of a folder's log, oldest first."""
    return [json.loads(line) for line in read_log(folder).split("\n") if line]


def with_entry(log: str, entry: dict[str, Any]) -> str:
    """Return the log with one more line, numbered and tied to those before it."""
    # JSON writes a line end within a reason as \n, so that each one here ends a line.
    number = log.count("\n") + 1
    whole = {"number": number, "before_sha256": _digest(log), **entry}
    return log + json.dumps(whole, ensure_ascii=False, separators=(",", ":")) + "\n"


def change_data(change: QuestionChange) -> dict[str, Any]:
    """Return a question's change as the log keeps it."""
    return {
        "id": change.id,
        "before": _grading_data(change.before),
        "after": _grading_data(change.after),
    }


def _grading_data(question: ScoredQuestion) -> dict[str, Any]:
    return {
        "accepted": sorted(encode_response(answer) for answer in question.accepted),
        "points": str(question.points),
        "void": question.void,
    }


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
