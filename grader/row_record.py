"""One row of an export as one line of JSON: how rows wait on disk, and how a run is kept.

    {"s": [[id, name, section, section_id, sis_id], attempt, submitted, [response...],
           [canvas points...], canvas score, file, line], "x": [[file, line, student, question,
           text, reason]...]}

Responses and points stand in the order of the questions; `s` is null for a refused row.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from grader.submissions import (
    ReadRow,
    Reject,
    Response,
    Student,
    Submission,
    decode_response,
    encode_response,
)

MOST_KNOWN = 1 << 16
_codes: dict[int, tuple[Response, str]] = {}
_decode = lru_cache(maxsize=1 << 16)(decode_response)
_number = lru_cache(maxsize=1 << 16)(Decimal)
_moment = lru_cache(maxsize=1 << 12)(datetime.fromisoformat)


def row_to_line(row: ReadRow, codes: list[str] | None = None) -> str:
    """Return a row as one line of JSON, without its end.

    Args:
        row: the row.
        codes: its `response_codes`, where they are known already.
    """
    packed = None if row.submission is None else _packed(row.submission, codes)
    data: dict[str, Any] = {"s": packed}
    if row.rejects:
        data["x"] = [
            [each.source, each.line, each.student, each.question, each.text, each.reason]
            for each in row.rejects
        ]
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def response_codes(submission: Submission) -> list[str]:
    """Return every response as its short text, in the order of the questions."""
    codes = []
    for response in submission.responses.values():
        # Known by identity, as in `grader.scoring.Scorer`, and kept for the same reason.
        known = _codes.get(id(response))
        if known is None:
            known = response, encode_response(response)
            if len(_codes) < MOST_KNOWN:
                _codes[id(response)] = known
        codes.append(known[1])
    return codes


def _packed(submission: Submission, codes: list[str] | None) -> list[Any]:
    student = submission.student
    moment = submission.submitted
    return [
        [student.id, student.name, student.section, student.section_id, student.sis_id],
        submission.attempt,
        moment.isoformat() if moment else None,
        response_codes(submission) if codes is None else codes,
        [None if points is None else str(points) for points in submission.canvas_points.values()],
        None if submission.canvas_score is None else str(submission.canvas_score),
        submission.source,
        submission.line,
    ]


def row_from_line(line: str, questions: Sequence[str]) -> ReadRow:
    """Return the row that `row_to_line` wrote.

    Args:
        line: the JSON.
        questions: ids of the questions, in the order they had when the line was written.

    Raises:
        ValueError: not such a line.
    """
    data = json.loads(line)
    rejects = tuple(Reject(*each) for each in data.get("x", ()))
    packed = data["s"]
    if packed is None:
        return ReadRow(None, rejects)
    person, attempt, moment, codes, points, score, source, number = packed
    responses: dict[str, Response] = dict(
        zip(questions, [_decode(code) for code in codes], strict=True)
    )
    canvas = [None if each is None else _number(each) for each in points]
    submission = Submission(
        Student(*person),
        attempt,
        _moment(moment) if moment else None,
        responses,
        dict(zip(questions, canvas, strict=True)),
        None if score is None else _number(score),
        source,
        number,
    )
    return ReadRow(submission, rejects)
