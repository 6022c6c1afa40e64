"""Mutations that know nothing of a format: bytes changed, cut out, doubled, put elsewhere."""

from __future__ import annotations

import random
from collections.abc import Callable

TOKENS = [
    b"\x00", b"\xff", b"\xef\xbb\xbf", b"\xff\xfe", b"\r", b"\n", b"\r\n", b'"', b"'", b",", b";",
    b"\t", b"\\", b"/", b"../", b"{", b"}", b"[", b"]", b"<", b">", b"&", b"*", b"|", b":", b"-",
    b"#", b"%", b"!", b"@", b"=", b"NaN", b"Infinity", b"-0", b"1e999", b"0x7fffffff",
    b"99999999999999999999", b"4294967296", b"-1", b"true", b"null", b"\xf0\x9f\x92\xa9",
    "\u202e".encode(), "\u2028".encode(), "\u0085".encode(), "\ufeff".encode(), "\u0301".encode(),
    "\uff11".encode(), "İ".encode(), b"\x1b[2J", b"\x7f", b"\x0b\x0c", b"\xed\xa0\x80",
]  # fmt: skip


def flip(data: bytearray, rng: random.Random) -> None:
    """Change some bits."""
    for _ in range(rng.choice([1, 1, 2, 8])):
        if data:
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def overwrite(data: bytearray, rng: random.Random) -> None:
    """Write random bytes over some."""
    at = rng.randrange(len(data) + 1)
    data[at : at + rng.choice([1, 2, 4, 16])] = rng.randbytes(rng.choice([1, 2, 4, 16]))


def cut(data: bytearray, rng: random.Random) -> None:
    """Take a piece out."""
    at = rng.randrange(len(data) + 1)
    del data[at : at + rng.choice([1, 3, 20, 200])]


def truncate(data: bytearray, rng: random.Random) -> None:
    """End it early."""
    del data[rng.randrange(len(data) + 1) :]


def double(data: bytearray, rng: random.Random) -> None:
    """Put a piece in twice, or many times."""
    at = rng.randrange(len(data) + 1)
    piece = bytes(data[at : at + rng.choice([1, 8, 60, 400])])
    data[at:at] = piece * rng.choice([1, 1, 3, 50])


def move(data: bytearray, rng: random.Random) -> None:
    """Put a piece elsewhere."""
    at = rng.randrange(len(data) + 1)
    piece = data[at : at + rng.choice([2, 20, 100])]
    del data[at : at + len(piece)]
    to = rng.randrange(len(data) + 1)
    data[to:to] = piece


def insert(data: bytearray, rng: random.Random) -> None:
    """Put in something that means something to some reader."""
    at = rng.randrange(len(data) + 1)
    data[at:at] = rng.choice(TOKENS) * rng.choice([1, 1, 1, 2, 30])


WAYS: list[Callable[[bytearray, random.Random], None]] = [
    flip, overwrite, cut, truncate, double, move, insert, insert,
]  # fmt: skip


def damaged(data: bytes, rng: random.Random) -> tuple[bytes, str]:
    """Return the data damaged in one to three ways, and their names."""
    changed, names = bytearray(data), []
    for _ in range(rng.choice([1, 1, 2, 3])):
        way = rng.choice(WAYS)
        way(changed, rng)
        names.append(way.__name__)
    return bytes(changed), " + ".join(names)
