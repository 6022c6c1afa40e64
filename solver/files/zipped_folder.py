"""A folder of evidence that is given as itself or as a zip of it."""

from __future__ import annotations

import stat
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from solver.errors import EvidenceError, Hw9Error

MOST_BYTES = 1 << 30
"""Of all members together, unpacked: a notebook's arrays are some tens of MB."""
MOST_MEMBERS = 5000  # a whole run has some hundred records
_CHUNK = 1 << 20
MARK = "manifest.json"
"""The file beside which the others lie."""


@contextmanager
def as_folder(path: Path) -> Iterator[Path]:
    """Give the folder `path`, or a temporary folder with the contents of the zip `path`.

    Of a zip only the files beside its ``manifest.json`` and below are unpacked. Errors raised
    within name the zip, not the temporary folder.

    Raises:
        EvidenceError: no zip that can be read, without a manifest, with a member outside its
            folder, or larger than evidence can be.
    """
    if path.is_dir() or not path.exists():
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="hw9-evidence-") as name:
        folder = Path(name)
        try:
            _unpack(path, folder)
            yield folder
        except Hw9Error as problem:
            # Whoever gave a zip knows nothing of the temporary folder.
            problem.args = tuple(str(part).replace(name, str(path)) for part in problem.args)
            raise


def _unpack(path: Path, folder: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            members = _members(archive, path)
            left = MOST_BYTES
            for info, place in members:
                left = _write(archive, info, folder / place, left, path)
    except EvidenceError:
        raise
    except Exception as problem:  # zipfile and its decompressors raise many kinds
        raise EvidenceError(
            f"is neither a folder of evidence nor a zip that can be read ({problem})", path=path
        ) from None


def _members(archive: zipfile.ZipFile, path: Path) -> list[tuple[zipfile.ZipInfo, PurePosixPath]]:
    infos = archive.infolist()
    if len(infos) > MOST_MEMBERS:
        raise EvidenceError(f"holds {len(infos)} members, more than evidence can", path=path)
    files = []
    for info in infos:
        place = PurePosixPath(info.filename)
        # The high half is the Unix mode: links and devices are no evidence. Bit 0: encrypted.
        kind = stat.S_IFMT(info.external_attr >> 16)
        odd = kind not in (0, stat.S_IFREG, stat.S_IFDIR) or info.flag_bits & 1
        if place.is_absolute() or ".." in place.parts or set("\\:\0") & set(info.filename) or odd:
            raise EvidenceError(
                "is no plain file inside the zip", path=path, place=f"member {info.filename!r}"
            )
        if not info.is_dir() and not any(p.startswith(("._", "__MACOSX")) for p in place.parts):
            files.append((info, place))
    marks = [place for _, place in files if place.name == MARK]
    if not marks:
        raise EvidenceError(f"there is no {MARK} in it", path=path)
    # The highest manifest: folders of other seeds lie below it, each with its own.
    root = min(marks, key=lambda place: (len(place.parts), str(place))).parent
    inside = [(info, place.relative_to(root)) for info, place in files if root in place.parents]
    # In one case: on Windows and macOS two such names are one file.
    names = Counter(str(place).casefold() for _, place in inside)
    twice = next((name for name, count in names.items() if count > 1), None)
    if twice is not None:
        raise EvidenceError("is in the zip twice", path=path, place=f"member {twice!r}")
    return inside


def _write(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path, left: int, path: Path
) -> int:
    """Unpack one member; return how many bytes of all are left to be unpacked."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(info) as source, target.open("xb") as out:
        # Counted as it comes: what a header says of a size is not to be trusted.
        while chunk := source.read(min(_CHUNK, left + 1)):
            left -= len(chunk)
            if left < 0:
                raise EvidenceError(
                    f"unpacks to more than {MOST_BYTES >> 20} MiB, which no evidence needs",
                    path=path,
                )
            out.write(chunk)
    return left
