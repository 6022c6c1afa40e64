"""Names of the formats of files that are no QTI 1.2 package, for the error message."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path, PurePosixPath

START = 4096
"""Bytes of a file that are looked at."""
MOST_READ = 1 << 20  # of a member: a package may unpack to far more than it is
_QTI2 = re.compile(
    rb"imsqti_\w*?xmlv(2p\d|3p0)|<(?:\w+:)?(?:qti-)?assessment-?(?:Item|Test|item|test)\b"
)
_NEW_QUIZZES = re.compile(rb"quiz[-_.]lti|quizzes[-_.]?next|new_quizzes", re.IGNORECASE)


def other_format(path: Path) -> str:
    """Return the format of a file that is no zip, "" if it is not known.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        start = file.read(START)
    if start.startswith(b"\x1f\x8b"):
        return "a Moodle backup, or another packed file"
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"<"):
        # Before the others: it is the right format, and only its zip is missing.
        if b"<questestinterop" in text:
            return "the XML of a quiz alone: give the zip it comes in"
        if re.search(rb"<quiz\b", text):
            return "Moodle's XML of questions"
        if _QTI2.search(text):
            return "QTI 2 or 3, where Canvas' Classic Quizzes have 1.2"
        return "HTML" if re.search(rb"(?i)<(!doctype )?html", text) else "XML of another kind"
    if re.search(rb"(?m)^(\*?[a-z]\)|ANSWER:|::.+::)", text):
        return "questions as text (text2qti, Aiken or GIFT): make a QTI package of it first"
    return ""


def other_package(package: zipfile.ZipFile) -> str:
    """Return the format of a zip without a quiz of QTI 1.2, "" if it is not known."""
    names = package.namelist()
    kinds = {PurePosixPath(name).name for name in names}
    if "moodle_backup.xml" in kinds:
        return "a Moodle backup"
    if "h5p.json" in kinds:
        return "an H5P package"
    if "[Content_Types].xml" in kinds:
        return "a document of an office program"
    manifest = next((n for n in names if PurePosixPath(n).name == "imsmanifest.xml"), None)
    start = _start(package, manifest) if manifest else b""
    if ".bb-package-info" in kinds or b"x-bb-" in start:
        return "a package of Blackboard"
    if found := _QTI2.search(start) or next(
        filter(None, (_QTI2.search(_start(package, n)) for n in names if n.endswith(".xml"))), None
    ):
        version = (found[1] or b"2").decode().replace("p", ".")
        return f"QTI {version}, where Canvas' Classic Quizzes have 1.2"
    if any(_NEW_QUIZZES.search(_start(package, name)) for name in names if name.endswith(".xml")):
        return "an export of Canvas' New Quizzes, which are another format than Classic Quizzes"
    return ""


def _start(package: zipfile.ZipFile, name: str) -> bytes:
    with package.open(name) as file:
        return file.read(MOST_READ)
