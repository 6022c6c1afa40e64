"""Large exports, written as a stream: the same answers a student might give, again and again."""

from __future__ import annotations

import csv
import random
from pathlib import Path

from tests.grader.made import canvas_generator as canvas
from tests.grader.made.canvas_generator import Q


def write_large(path: Path, quiz: list[Q], students: int, attempts: int, seed: int = 0) -> int:
    """Write students x attempts rows; return how many. Memory does not grow with them."""
    rng = random.Random(seed)
    style = canvas.Style()
    columns = []
    for question in quiz:
        ticks = [question.right, *(canvas.random_ticks(rng, question) for _ in range(24))]
        cells = [
            ("", "", 0.0)
            if each is None
            else (
                canvas.cell(rng, question, each),
                repr(canvas.canvas_points(question, each)),
                canvas.canvas_points(question, each),
            )
            for each in ticks
        ]
        columns.append(cells)
    some = {question.id: question.right for question in quiz}
    header = canvas.export(rng, quiz, [canvas.Row(0, 1, 1, some)], style, ["x"])
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.reader(header.decode().splitlines(keepends=True))
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(next(rows))
        for number in range(students * attempts):
            student, attempt = divmod(number, attempts)
            able = rng.random()
            chosen = [cells[0] if rng.random() < able else rng.choice(cells) for cells in columns]
            pairs = [text for cell, points, _ in chosen for text in (cell, points)]
            second = number % 86400
            clock = f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
            score = repr(sum(points for _, _, points in chosen))
            name = f"王小明 {student}"
            when = f"2026-04-09 {clock} UTC"
            writer.writerow(
                [name, 9000 + student, "S 1", 70, when, attempt + 1, *pairs, 0, 0, score]
            )
    return students * attempts
