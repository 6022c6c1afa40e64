"""Mutations of a CSV as a table: how it is written, one row, the header, the whole file."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from tests.fuzz.mutations.byte_mutations import TOKENS

Rows = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Table:
    """A CSV as cells, and how it is written."""

    rows: Rows
    delimiter: str = ","
    end: str = "\n"
    bom: bool = True
    quoting: int = csv.QUOTE_MINIMAL
    before: str = ""

    def data(self) -> bytes:
        """Return the file's bytes; lone surrogates stand for bytes that are not UTF-8."""
        file = io.StringIO()
        writer = csv.writer(
            file, delimiter=self.delimiter, lineterminator=self.end, quoting=self.quoting
        )
        writer.writerows(self.rows)
        text = ("\ufeff" if self.bom else "") + self.before + file.getvalue()
        return text.encode("utf-8", "surrogateescape")


def rewritten(table: Table, rng: random.Random) -> tuple[Table, str]:
    """Return the same table written otherwise."""
    end = rng.choice(["\n", "\r\n"])
    delimiter = rng.choice([",", ",", ";", "\t"])
    made = replace(
        table,
        delimiter=delimiter,
        end=end,
        bom=rng.random() < 0.5,
        quoting=rng.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    )
    how = f"written with {delimiter!r} and {end!r}"
    extra = rng.random()
    width = len(table.rows[0])
    if extra < 0.2:
        count = rng.choice([1, 3])
        made = replace(made, rows=tuple((*row, *[""] * count) for row in made.rows))
        how += ", empty columns"
    elif extra < 0.4:
        rows = list(made.rows)
        for _ in range(rng.choice([1, 5])):
            rows.insert(rng.randrange(1, len(rows) + 1), ("",) * rng.choice([1, width]))
        made = replace(made, rows=tuple(rows))
        how += ", blank rows"
    elif extra < 0.5:
        made = replace(made, before=f"sep={delimiter}{end}")
        how += ", a separator line"
    return made, how


ROW_WAYS = {
    "a cell less": lambda cells, rng: _without(cells, rng.randrange(len(cells))),
    "a cell more": lambda cells, rng: _with(cells, rng.randrange(len(cells) + 1), "more"),
    "a zero byte": lambda cells, rng: _in_cell(cells, rng, "\x00"),
    "not UTF-8": lambda cells, rng: _in_cell(cells, rng, "\udcff"),
    "Big5 in a cell": lambda cells, rng: _in_cell(
        cells, rng, "王小明".encode("big5").decode("utf-8", "surrogateescape")
    ),
    "a cell of 2 MB": lambda cells, rng: _in_cell(cells, rng, "x" * (2 << 20)),
}
"""Ways to break a row so that nothing may be made of it."""


def _without(cells: tuple[str, ...], at: int) -> tuple[str, ...]:
    return cells[:at] + cells[at + 1 :]


def _with(cells: tuple[str, ...], at: int, cell: str) -> tuple[str, ...]:
    return (*cells[:at], cell, *cells[at:])


def _in_cell(cells: tuple[str, ...], rng: random.Random, piece: str) -> tuple[str, ...]:
    at = rng.randrange(len(cells))
    cell = cells[at]
    inside = rng.randrange(len(cell) + 1)
    return (*cells[:at], cell[:inside] + piece + cell[inside:], *cells[at + 1 :])


def broken_row(table: Table, rng: random.Random) -> tuple[Table, int, str]:
    """Return the table with one row that cannot be read, and which (0 is the first one's)."""
    at = rng.randrange(1, len(table.rows))
    names = (
        list(ROW_WAYS) if rng.random() < 0.1 else [each for each in ROW_WAYS if "MB" not in each]
    )
    how = rng.choice(names)
    rows = list(table.rows)
    rows[at] = ROW_WAYS[how](rows[at], rng)
    return replace(table, rows=tuple(rows)), at - 1, f"row {at}: {how}"


ODD_CELLS = [
    "", " ", "-", "nan", "NaN", "Infinity", "-1", "1e999", "0x10", "1_000", "１", "9" * 400, ",",
    ",,",
    "\\,", "a,b", "=1+1", "@x", "+1", "\t=1", "<script>alert(1)</script>", "&lt;", "&#0;",
    "&#x110000;",
    "\u202eabc", "\u200b", "e\u0301", "../../x", "/etc/passwd", "a\nb", "a\r\nb", '"', '""', "'",
    "\x1b[2J", "2026-04-09", "2026-13-45 25:61:61 UTC", "0000-00-00 00:00 UTC",
    "2026-04-09 03:28:49 +9999", "9999-12-31 23:59:59 -2359", "x" * 3000, "真", "1.0", "1,0",
    "1.0.0", "None", "null", "0.3",
]  # fmt: skip


def odd_cell(table: Table, rng: random.Random) -> tuple[Table, int, int, str]:
    """Return the table with an odd text in one cell: its row (0 is the first one's) and column."""
    at, column = rng.randrange(1, len(table.rows)), rng.randrange(len(table.rows[0]))
    rows = [list(row) for row in table.rows]
    if rng.random() < 0.3:
        other = rng.choice(table.rows[1:])
        rows[at][column] = rng.choice(other)
        how = "a cell from elsewhere"
    else:
        rows[at][column] = rng.choice(ODD_CELLS)
        how = f"{rows[at][column][:20]!r}"
    made = replace(table, rows=tuple(map(tuple, rows)))
    return made, at - 1, column, f"row {at}, column {column + 1}: {how}"


def other_shape(table: Table, rng: random.Random) -> tuple[Table, str]:
    """Return the table with its rows or columns moved, doubled, taken out."""
    rows = [list(row) for row in table.rows]
    width = len(rows[0])
    one, two = rng.randrange(width), rng.randrange(width)
    ways: dict[str, Callable[[], object]] = {
        "columns swapped": lambda: [_swap(row, one, two) for row in rows],
        "a column out": lambda: [row.pop(one) for row in rows],
        "a column twice": lambda: [row.insert(one, row[one]) for row in rows],
        "an empty column": lambda: [row.insert(one, "") for row in rows],
        "a header cell changed": lambda: rows[0].__setitem__(one, rng.choice(ODD_CELLS)),
        "a row twice": lambda: rows.append(list(rng.choice(rows[1:]))),
        "the header twice": lambda: rows.insert(rng.randrange(1, len(rows)), list(rows[0])),
        "no rows": lambda: rows.__delitem__(slice(1, None)),
        "no header": lambda: rows.pop(0),
        "rows shuffled": lambda: rows.__setitem__(
            slice(1, None), rng.sample(rows[1:], len(rows) - 1)
        ),
        "a row a hundred times": lambda: rows.extend([list(rows[-1])] * 100),
    }  # fmt: skip
    how = rng.choice(list(ways))
    ways[how]()
    return replace(table, rows=tuple(map(tuple, rows))), how


def _swap(row: list[str], one: int, two: int) -> None:
    row[one], row[two] = row[two], row[one]


def touched_bytes(table: Table, rng: random.Random) -> tuple[bytes, int, str]:
    """Damage bytes of one row only, without quotes, separators or line ends; return which."""
    at = rng.randrange(1, len(table.rows))
    lines = [replace(table, rows=(row,), bom=False).data() for row in table.rows]
    line = bytearray(lines[at])
    for _ in range(rng.choice([1, 2, 5])):
        place = rng.randrange(max(1, len(line) - len(table.end)))
        piece = rng.choice([token for token in TOKENS if not set(token) & set(b'"\r\n,;\t')])
        if chr(line[place]) not in '",;\t\r\n':
            line[place : place + 1] = piece
    lines[at] = bytes(line)
    start = b"\xef\xbb\xbf" if table.bom else b""
    return start + b"".join(lines), at - 1, f"row {at}: bytes"


def other_file(table: Table, rng: random.Random) -> tuple[bytes, str]:
    """Return what may be given in place of the file, and is to be refused."""
    text = table.data().decode("utf-8-sig", "replace")
    chinese = text.replace("name", "名稱", 1).replace("student", "學生", 1).replace("ID", "編號", 1)
    ways: dict[str, Callable[[], bytes]] = {
        "UTF-16": lambda: text.encode("utf-16"),
        "UTF-16 without a mark": lambda: text.encode(rng.choice(["utf-16-le", "utf-16-be"])),
        "UTF-32": lambda: text.encode("utf-32"),
        "Big5": lambda: chinese.encode("big5", "replace"),
        "empty": lambda: b"",
        "blank": lambda: b"\n\n  \n",
        "zero bytes": lambda: bytes(rng.choice([1, 1000, 3_000_000])),
        "one quote": lambda: b'"' + text.encode(),
        "a zip": lambda: b"PK\x03\x04" + text.encode(),
        "an old spreadsheet": lambda: b"\xd0\xcf\x11\xe0" + text.encode(),
        "HTML": lambda: b"<html><body><table><tr><td>name</td></tr></table></body></html>",
        "binary": lambda: rng.randbytes(rng.choice([5, 500])),
        "one long line": lambda: b"x" * (3 << 20),
    }
    how = rng.choice(list(ways))
    return ways[how](), how
