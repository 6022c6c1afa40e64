"""Which code decided: the version, and a hash of the solver's source."""

from __future__ import annotations

import hashlib
from pathlib import Path

VERSION = "0.1.0"


def code_hash() -> str:
    """Return the SHA-256 of every Python file of the solver, names and contents."""
    folder = Path(__file__).resolve().parent
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py"), key=lambda path: path.relative_to(folder).as_posix()):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
        digest.update(path.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return digest.hexdigest()
