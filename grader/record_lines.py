"""The lines of a run's record (`grader.row_record`), written for many rows at once.

A line is its parts with commas between. Parts that repeat (a cell, a score, a file's name) are
made once for each distinct value.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, zip_longest
from json.encoder import encode_basestring
from operator import attrgetter

from grader.coded_columns import Coded, objects, together
from grader.row_cells import Cell
from grader.row_columns import UNKNOWN, RowBlock, RowColumns
from grader.submissions import Reject

TOGETHER = 1000
"""Lines that are made together: few enough to stay in the processor's cache."""


def block_lines(block: RowBlock) -> Iterator[list[bytes]]:
    """Yield the lines of a block in UTF-8, each with its end, some at a time."""
    if len(block.parts) == 1 and len(block.parts[0]) == block.size:
        yield from _part_lines(block.parts[0])
        return
    lines = [b""] * block.size
    for part in block.parts:
        of_part = chain.from_iterable(_part_lines(part))
        for place, line in zip(part.places.tolist(), of_part, strict=True):
            lines[place] = line
    for place, rejects in block.refused.items():
        said = b"," + _rejects_text(rejects) if rejects else b""
        lines[place] = b'{"s":null%b}\n' % said
    yield lines


def _part_lines(rows: RowColumns) -> Iterator[list[bytes]]:
    groups = _neighbours(rows.cells)
    repeated = [
        *_listed(groups, attrgetter("code")),
        *_listed(groups, attrgetter("points_code")),
        rows.scores.made(lambda score: "null" if score is None else f'"{score}"'),
        rows.sources.made(encode_basestring),
    ]
    texts = [(objects(list(map(str.encode, column.values))), column.codes) for column in repeated]
    for begin in range(0, len(rows), TOGETHER):
        some = slice(begin, begin + TOGETHER)
        columns = [
            [b'{"s":[' + person for person in rows.persons[some]],
            [b"null" if each == UNKNOWN else b"%d" % each for each in rows.attempts[some].tolist()],
            rows.moments[some],
            *(values[codes[some]].tolist() for values, codes in texts),
            [b"%d]}\n" % line for line in rows.lines[some].tolist()],
        ]
        lines = list(map(b",".join, zip(*columns, strict=True)))
        for place, rejects in rows.rejects.items():
            if begin <= place < begin + TOGETHER:
                line = lines[place - begin].removesuffix(b"}\n")
                lines[place - begin] = b"%b,%b}\n" % (line, _rejects_text(rejects))
        yield lines


def _neighbours(columns: Sequence[Coded[Cell]]) -> list[Coded[tuple[Cell, ...]]]:
    """Return every two columns as one, so that a line is made of half as many parts."""
    groups: list[Coded[tuple[Cell, ...]]] = []
    for one, two in zip_longest(columns[0::2], columns[1::2]):
        groups.append(
            one.made(lambda cell: (cell,)) if two is None else together(one, two).made(tuple)
        )
    return groups


def _listed(
    columns: Sequence[Coded[tuple[Cell, ...]]], text: Callable[[Cell], str]
) -> Iterator[Coded[str]]:
    """Yield the texts of cells, the first with the bracket that opens a list, the last closed."""
    last = len(columns) - 1
    for number, column in enumerate(columns):
        before, after = "[" if number == 0 else "", "]" if number == last else ""
        yield column.made(lambda cells: f"{before}{','.join(map(text, cells))}{after}")  # noqa: B023


def _rejects_text(rejects: Sequence[Reject]) -> bytes:
    listed = [
        [each.source, each.line, each.student, each.question, each.text, each.reason]
        for each in rejects
    ]
    return f'"x":{json.dumps(listed, ensure_ascii=False, separators=(",", ":"))}'.encode()
