"""A run as the program wrote it before Parquet: its rows as lines of JSON (``hw9-run/1``)."""

from __future__ import annotations

import json
from dataclasses import astuple
from pathlib import Path
from typing import Any

from grader.submissions import Reject, Submission, encode_response
from grader.table.answers import AnswerTable


def write_former_run(folder: Path, table: AnswerTable) -> None:
    """Give a run's folder the form that runs had before they were kept as Parquet."""
    rejects: dict[tuple[str, int], list[Reject]] = {}
    for each in table.each_reject():
        rejects.setdefault((each.source, each.line), []).append(each)
    submissions = {(each.source, each.line): each for each in table.submissions(table.frame)}
    lines = []
    for place in table.frame.select("file", "line").iter_rows():
        line: dict[str, Any] = {"s": _packed(submissions[place]) if place in submissions else None}
        if place in rejects:
            line["x"] = [astuple(each) for each in rejects[place]]
        lines.append(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")
    (folder / "rows.jsonl").write_text("".join(lines), "utf-8")
    (folder / "rows.parquet").unlink()
    data = json.loads((folder / "run.json").read_text("utf-8"))
    data["format"] = "hw9-run/1"
    del data["rows_sha256"]
    (folder / "run.json").write_text(json.dumps(data, ensure_ascii=False), "utf-8")


def _packed(made: Submission) -> list[Any]:
    return [
        list(astuple(made.student)),
        made.attempt,
        made.submitted.isoformat() if made.submitted else None,
        [encode_response(each) for each in made.responses.values()],
        [None if each is None else str(each) for each in made.canvas_points.values()],
        None if made.canvas_score is None else str(made.canvas_score),
        made.source,
        made.line,
    ]
