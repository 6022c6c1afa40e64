"""Files that are written whole or not at all, and hashes of files."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tempfile
from pathlib import Path

from solver.errors import OutputError


def write_whole(path: Path, content: str | bytes, *, private: bool = False) -> None:
    """Write `content` to `path` through a temporary file beside it and a rename.

    A reader sees the old file or the new one, never a part, even after a power failure.

    Args:
        path: of the file; its folder is made.
        content: text is written as UTF-8.
        private: make the file readable by its owner alone (0600).

    Raises:
        OutputError: the folder cannot be made or written.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Beside the file: a rename is one step only within one file system.
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            # Else the rename may reach the disk before the bytes, and a power failure leaves an
            # empty file.
            os.fsync(file.fileno())
        # mkstemp makes 0600, which a web server or a colleague could not read.
        Path(temporary).chmod(0o600 if private else 0o644)
        Path(temporary).replace(path)
        with contextlib.suppress(OSError):  # the rename too, where folders can be synced
            sync_path(path.parent)
    except BaseException as error:  # a Ctrl-C leaves nothing behind either
        if temporary is not None:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
        if not isinstance(error, OSError):
            raise
        reason = error.strerror or error
        raise OutputError(
            f"{path}: cannot be written ({reason}). Give another folder with --out, or make room."
        ) from error


_HALF = re.compile(r"\..+\.(html|json|npz|yaml)\.[a-z0-9_]{8}")


def clear_half_written(folder: Path) -> None:
    """Remove the files a killed `write_whole` left in a folder of this run alone."""
    for path in folder.rglob(".*"):
        if _HALF.fullmatch(path.name) and path.is_file():
            with contextlib.suppress(OSError):
                path.unlink()


def sync_path(path: Path) -> None:
    """Flush a file, or the names in a folder, to the disk.

    Raises:
        OSError: the file system cannot do it, as some cannot for a folder.
    """
    try:
        handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    except PermissionError:
        # Windows opens no folder, and flushes a file only for who may write it: a rename, or a
        # read-only file, can be lost there when the power goes, whole as before.
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes as 64 hex digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def sha256_of_all(files: dict[str, str]) -> str:
    """Return one hash (64 hex digits) for a mapping of relative name to hash, in any order."""
    # A zero byte and a line end stand in no name, so no two mappings give the same lines.
    lines = "".join(f"{name}\0{digest}\n" for name, digest in sorted(files.items()))
    return hashlib.sha256(lines.encode()).hexdigest()
