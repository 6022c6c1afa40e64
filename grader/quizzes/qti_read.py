"""Reader of quizzes in a QTI 1.2 package, as Canvas exports them (also in a course cartridge).

Sources: IMS Question & Test Interoperability 1.2 (XML binding); the metadata fields and the ways
of marking right answers are Canvas' own.
"""

from __future__ import annotations

import lzma
import struct
import xml.etree.ElementTree as ET
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path, PurePosixPath
from typing import Literal
from xml.parsers import expat

from grader.quizzes.other_formats import other_format, other_package
from solver.banks.bank import Kind
from solver.errors import ExportError

MOST_BYTES = 64 << 20  # of XML, unpacked: the parser needs many times as much memory
MOST_DEPTH = 100
"""Depth of nested elements; an item of a quiz has about ten."""
KIND_OF_TYPE: dict[str, Kind] = {
    "multiple_choice_question": "single",
    "true_false_question": "single",
    "multiple_answers_question": "several",
    "multiple_dropdowns_question": "pair",
    # Names of the common cartridge, whose items have no question_type.
    "cc.multiple_choice.v0p1": "single",
    "cc.true_false.v0p1": "single",
    "cc.multiple_response.v0p1": "several",
}
_EXPORT = "In the course of the quiz on NTU COOL or Canvas, use Settings > Export > Quiz."
TEXT_ONLY = "text_only_question"
Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class QtiItem:
    """One item of a quiz.

    Attributes:
        ident: the item's id in the package.
        type: Canvas' `question_type`, or the common cartridge's `cc_profile`.
        points: points possible, None if the package does not say; of a question drawn from a
            group, the group's.
        stem: HTML.
        lists: (name, ((ident, text), ...)) of each list of choices: one called "" of a single or
            several, one a drop-down (by its name) of a pair.
        right: for each list that has a key, the idents that are right.
    """

    ident: str
    type: str
    points: Decimal | None
    stem: str
    lists: tuple[tuple[str, Labels], ...]
    right: tuple[tuple[str, frozenset[str]], ...]

    @property
    def kind(self) -> Kind | None:
        """The bank's kind of question, None for a type that the bank does not have."""
        return KIND_OF_TYPE.get(self.type)


@dataclass(frozen=True, slots=True)
class QtiQuiz:
    """One assessment of a package."""

    ident: str
    title: str
    items: tuple[QtiItem, ...]
    elsewhere: int = 0
    """Number of groups whose questions come from a question bank, which no package holds."""


def read_package(path: Path) -> list[QtiQuiz]:
    """Return every quiz of a package, by title.

    Raises:
        ExportError: no package, or no quiz in it.
    """
    try:
        with zipfile.ZipFile(path) as package:
            roots = _assessments(package, path)
    except FileNotFoundError:
        raise ExportError("there is no such file", path=path) from None
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError,
            ValueError, struct.error, lzma.LZMAError):  # fmt: skip
        what = other_format(path)
        raise ExportError(
            f"is no QTI package, but {what}" if what else "is not a zip that can be read",
            path=path,
            mend=_EXPORT,
        ) from None
    except OSError as problem:
        raise ExportError(f"cannot be read ({problem.strerror})", path=path) from None
    quizzes = []
    for name, root in sorted(roots.items()):
        drawn = _points_of_groups(root)
        items = tuple(_item(item, path, drawn) for item in _all(root, "item"))
        elsewhere = sum(1 for _ in _all(root, "sourcebank_ref"))
        title, ident = root.get("title", name), root.get("ident", name)
        quizzes.append(QtiQuiz(ident, title, items, elsewhere))
    return sorted(quizzes, key=lambda quiz: (quiz.title, quiz.ident))


def _assessments(package: zipfile.ZipFile, path: Path) -> dict[str, ET.Element]:
    names = package.namelist()
    if not any(PurePosixPath(name).name == "imsmanifest.xml" for name in names):
        what = other_package(package)
        raise ExportError(
            f"is no QTI package, but {what}"
            if what
            else "is no QTI package: it has no imsmanifest.xml",
            path=path,
            mend=_EXPORT,
        )
    # Before anything is unpacked: a small zip may hold gigabytes.
    if sum(info.file_size for info in package.infolist() if _is_xml(info.filename)) > MOST_BYTES:
        raise ExportError(f"holds more than {MOST_BYTES >> 20} MiB of XML", path=path)
    roots: dict[str, ET.Element] = {}
    # Of a cartridge's two forms of a quiz, the one under non_cc_assessments is complete.
    for name in sorted(filter(_is_xml, names), key=lambda each: not each.endswith(".qti")):
        # The file is FOLDER/assessment_qti.xml or FOLDER/FOLDER.xml in one layout, ID.xml.qti in
        # another.
        ident = PurePosixPath(name).name.split(".")[0]
        parent = PurePosixPath(name).parent.name
        known = ident in roots or parent in roots
        if known or ident in {"imsmanifest", "assessment_meta"}:
            continue
        root = _parsed(package.read(name), path, name)
        assessment = next(_children(root, "assessment"), None)
        if _local(root) == "questestinterop" and assessment is not None:
            roots[parent if ident == "assessment_qti" else ident] = assessment
    if not roots:
        what = other_package(package)
        raise ExportError(
            f"holds no quiz of QTI 1.2; it is {what}" if what else "holds no quiz",
            path=path,
            mend=_EXPORT,
        )
    return roots


def _is_xml(name: str) -> bool:
    return name.endswith((".xml", ".xml.qti"))


def _parsed(data: bytes, path: Path, name: str) -> ET.Element:
    try:
        _refuse_own_doctype(data)
        root = ET.fromstring(data)
    except _Doctype:
        raise ExportError(
            "declares a DOCTYPE of its own, which no quiz needs", path=path, place=name
        ) from None
    except (ET.ParseError, expat.ExpatError, LookupError, ValueError) as problem:
        raise ExportError(f"is not readable XML ({problem})", path=path, place=name) from None
    _check_depth(root, path, name)
    return root


class _Doctype(Exception):  # noqa: N818 - it is a signal, and goes no further than `_parsed`
    """A DOCTYPE, found by the parser itself, so that it is seen in every encoding."""


def _refuse_own_doctype(data: bytes) -> None:
    """Raise an error for a DOCTYPE other than QTI's own line.

    Raises:
        _Doctype: another one, or one with declarations in it.
        expat.ExpatError: it is no XML.
    """

    def begin(name: str, system: str | None, public: str | None, subset: int) -> None:
        # QTI's own line brings no entities, and no file is fetched for it.
        if subset or name != "questestinterop":
            raise _Doctype

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = begin
    parser.Parse(data, True)


def _check_depth(root: ET.Element, path: Path, name: str) -> None:
    # Level by level: a walk that calls itself would end in Python's own limit.
    level = [root]
    for _ in range(MOST_DEPTH):
        level = [child for element in level for child in element]
        if not level:
            return
    raise ExportError(f"is nested deeper than {MOST_DEPTH} elements", path=path, place=name)


def _local(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _children(element: ET.Element, name: str) -> Iterator[ET.Element]:
    return (child for child in element if _local(child) == name)


def _all(element: ET.Element, name: str) -> Iterator[ET.Element]:
    return (child for child in element.iter() if _local(child) == name)


def _points_of_groups(assessment: ET.Element) -> dict[ET.Element, str]:
    """Return the points of each item that is drawn from a group with points for each."""
    points: dict[ET.Element, str] = {}
    for section in _all(assessment, "section"):
        ordering = next(_children(section, "selection_ordering"), None)
        each = None if ordering is None else next(_all(ordering, "points_per_item"), None)
        if each is not None and _text(each):
            points |= {item: _text(each) for item in _children(section, "item")}
    return points


def _item(item: ET.Element, path: Path, drawn: dict[ET.Element, str]) -> QtiItem:
    ident = item.get("ident", "")
    fields = {
        _text(next(_children(field, "fieldlabel"), None)): _text(
            next(_children(field, "fieldentry"), None)
        )
        for field in _all(item, "qtimetadatafield")
    }
    presentation = next(_children(item, "presentation"), None)
    stem, lists = "", []
    if presentation is not None:
        stem = _material(next(_all(presentation, "material"), None))
        lists = [_list(each) for each in _all(presentation, "response_lid")]
    kind = fields.get("question_type") or fields.get("cc_profile", "")
    names = {each.get("ident", ""): name for each, name, _ in lists}
    return QtiItem(
        ident,
        kind,
        _points(drawn.get(item) or fields.get("points_possible", ""), path, ident),
        stem,
        tuple((name, labels) for _, name, labels in lists),
        _right(item, names),
    )


def _points(text: str, path: Path, ident: str) -> Decimal | None:
    if not text.strip():
        return None
    try:
        points = Decimal(text.strip())
        if not points.is_finite():
            raise InvalidOperation
        return points
    except InvalidOperation:
        raise ExportError(
            f"the points {text!r} are no number", path=path, place=f"item {ident}"
        ) from None


def _list(response: ET.Element) -> tuple[ET.Element, str, Labels]:
    name = response.get("ident", "")
    # Canvas names a drop-down's list response_NAME, and every other list response1.
    blank = name.removeprefix("response_") if name.startswith("response_") else ""
    labels = tuple(
        (label.get("ident", ""), _material(next(_children(label, "material"), None)))
        for label in _all(response, "response_label")
    )
    return response, blank, labels


def _right(item: ET.Element, names: dict[str, str]) -> tuple[tuple[str, frozenset[str]], ...]:
    """Return the idents in conditions that give points, those under `not` left out."""
    right: dict[str, set[str]] = {}
    for condition in _all(item, "respcondition"):
        try:
            earns = Decimal(_text(next(_children(condition, "setvar"), None))) > 0
        except InvalidOperation:  # no number, or NaN: a condition that only shows a comment
            continue
        if not earns:
            continue
        for response, ident in _asked(condition):
            if response in names:
                right.setdefault(names[response], set()).add(ident)
    return tuple((name, frozenset(idents)) for name, idents in sorted(right.items()))


def _asked(element: ET.Element) -> Iterator[tuple[str, str]]:
    for child in element:
        name: Literal["not", "varequal"] | str = _local(child)
        if name == "varequal":
            yield child.get("respident", ""), _text(child)
        elif name != "not":
            yield from _asked(child)


def _material(material: ET.Element | None) -> str:
    if material is None:
        return ""
    text = next(_all(material, "mattext"), None)
    return "" if text is None else text.text or ""


def _text(element: ET.Element | None) -> str:
    return "" if element is None else (element.text or "").strip()
