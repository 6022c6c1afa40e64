"""Mutations of zips: members, their names, what their headers claim; bombs."""

from __future__ import annotations

import io
import random
import struct
import warnings
import zipfile
from functools import cache

Members = list[tuple[str, bytes]]


def packed(members: Members, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip of the members, the same bytes each time."""
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w", compression) as archive:
        warnings.simplefilter("ignore")  # of a name that stands twice
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name), data, compression)
    return buffer.getvalue()


def unpacked(data: bytes) -> Members:
    """Return the members of a zip, in their order."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [(name, archive.read(name)) for name in archive.namelist()]


BAD_NAMES = [
    "../../outside.txt", "/etc/passwd", "a/../../b", "C:\\x", "", ".", "..", "a\x00b",
    "\u202etxt.exe",
    "imsmanifest.xml", "x" * 5000, "e\u0301.xml", "con", "a//b", "./a", "\x1b[2J", "data.pkl",
    "~/x",
]  # fmt: skip


def other_members(members: Members, rng: random.Random) -> tuple[Members, str]:
    """Return the members with one renamed, doubled, emptied, swapped, taken out or put in."""
    members = list(members)
    at = rng.randrange(len(members))
    name, data = members[at]
    how = rng.choice(["out", "twice", "empty", "renamed", "swapped", "put in", "cut"])
    if how == "out":
        del members[at]
    elif how == "twice":
        members.append((name, data[: len(data) // 2] if rng.random() < 0.5 else data))
    elif how == "empty":
        members[at] = (name, b"")
    elif how == "renamed":
        members[at] = (rng.choice(BAD_NAMES), data)
    elif how == "swapped":
        other = rng.randrange(len(members))
        members[at], members[other] = (name, members[other][1]), (members[other][0], data)
    elif how == "put in":
        members.insert(at, (rng.choice(BAD_NAMES), rng.randbytes(20)))
    else:
        members[at] = (name, data[: rng.randrange(len(data) + 1)])
    return members, f"{how}: {name[:40]}"


def other_headers(data: bytes, rng: random.Random) -> tuple[bytes, str]:
    """Return a zip whose central directory or local headers claim something else."""
    raw = bytearray(data)
    mark, fields = rng.choice(
        [
            (b"PK\x01\x02", {"flags": 8, "method": 10, "crc": 16, "packed": 20, "size": 24,
            "name": 28,
                             "extra": 30, "disk": 34, "attributes": 38, "offset": 42}),
            (b"PK\x03\x04", {"flags": 6, "method": 8, "crc": 14, "packed": 18, "size": 22,
            "name": 26}),
            (b"PK\x05\x06", {"entries": 10, "length": 12, "start": 16, "remark": 20}),
        ]
    )  # fmt: skip
    places = [at for at in range(len(raw) - 4) if raw[at : at + 4] == mark]
    if not places:
        return data, "no header"
    at = rng.choice(places)
    field = rng.choice(list(fields))
    wide = field in {"crc", "packed", "size", "offset", "attributes", "start", "length"}
    values = [0, 1, 0xFFFF, 0x7FFF] + (
        [0xFFFFFFFF, 0x7FFFFFFF, 0xA1ED0000, 1 << 30] if wide else [8, 12, 99]
    )
    value = rng.choice([*values, rng.randrange(1 << 16)])
    place = at + fields[field]
    piece = struct.pack("<I" if wide else "<H", value & (0xFFFFFFFF if wide else 0xFFFF))
    raw[place : place + len(piece)] = piece
    return bytes(raw), f"{field} of a header is {value:#x}"


@cache
def bomb(name: str, size: int) -> bytes:
    """Return a zip with one member that unpacks to `size` zero bytes."""
    return packed([(name, bytes(size))])
