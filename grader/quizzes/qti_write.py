"""Writer of a quiz as a QTI 1.2 package that Canvas (Classic Quizzes) imports.

The same bank, language and key give the same bytes. Without answers no condition gives points.
"""

from __future__ import annotations

import hashlib
import io
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Sequence
from decimal import Decimal
from math import prod
from pathlib import Path

from grader.quizzes.qti_read import QtiItem, QtiQuiz
from grader.quizzes.texts import QuizLanguage, WordedQuestion, quiz_of_bank
from grader.scoring.accepted_answers import scored_questions
from grader.submissions import Answer, Chosen, ScoredQuestion, Ticked
from solver.banks.bank import Bank
from solver.errors import BankError
from solver.files.atomic_write import write_whole
from solver.key import Key

QTI = "http://www.imsglobal.org/xsd/ims_qtiasiv1p2"
CANVAS = "http://canvas.instructure.com/xsd/cccv1p0"
MANIFEST = "http://www.imsglobal.org/xsd/imsccv1p1/imscp_v1p1"
_TYPE_OF_KIND = {
    "single": "multiple_choice_question",
    "several": "multiple_answers_question",
    "pair": "multiple_dropdowns_question",
}
_EARLIEST = (1980, 1, 1, 0, 0, 0)  # the first moment a zip can hold: no time of day in the bytes


def quiz_to_write(
    bank: Bank, language: QuizLanguage, key: Key | None = None, *, answers: bool = True
) -> QtiQuiz:
    """Return the bank as a quiz.

    Args:
        bank: the questions.
        language: of the wordings.
        key: marks the right options, and gives the choices made around a measured value.
        answers: False to leave the right options unmarked.

    Raises:
        BankError: a drop-down has no choices without a key.
    """
    worded = quiz_of_bank(bank, language, key)
    out = {entry.id for entry in key.questions if entry.left_out} if key else set()
    points = {
        question.id: Decimal(0) if question.id in out else question.points
        for question in bank.questions
    }
    scored = {each.id: each for each in scored_questions(key, bank)} if key and answers else {}
    for question in worded.questions:
        for blank, choices in question.blanks:
            if not choices:
                raise BankError(
                    f"the choices of {question.id}, drop-down {blank!r}, are made around a "
                    "measured value, which only a key has",
                    path=bank.folder,
                    mend="Give --key (and --no-answers to keep the right options out).",
                )
    items = tuple(
        _item(question, points[question.id], scored.get(question.id), bank.header.edition)
        for question in worded.questions
    )
    return QtiQuiz(_hash("quiz", bank.header.edition, language), worded.title, items)


def _hash(*parts: str) -> str:
    # By edition and id, so that a second import is known as the same questions, and another
    # year's are not.
    digest = hashlib.md5("\0".join(("hw9", *parts)).encode(), usedforsecurity=False)
    return f"g{digest.hexdigest()}"


def _item(
    question: WordedQuestion, points: Decimal, scored: ScoredQuestion | None, edition: str
) -> QtiItem:
    plain = question.blanks or (("", question.options),)
    lists, right = [], []
    for blank, choices in plain:
        idents = _answer_ids(edition, question.id, blank, [name for name, _ in choices])
        lists.append((blank, tuple((idents[name], text) for name, text in choices)))
        wanted = _right_choices(scored, blank)
        if wanted:
            right.append((blank, frozenset(idents[name] for name in wanted if name in idents)))
    return QtiItem(
        _hash("question", edition, question.id),
        _TYPE_OF_KIND[question.kind],
        points,
        question.stem,
        tuple(lists),
        tuple(sorted(right)),
    )


def _right_choices(scored: ScoredQuestion | None, blank: str) -> set[str]:
    names: set[str] = set()
    for answer in _that_canvas_can_mark(scored):
        if isinstance(answer, Ticked):
            names |= answer.options
        elif isinstance(answer, Chosen):
            names |= {choice for name, choice in answer.choices if name == blank}
    return names


def _that_canvas_can_mark(scored: ScoredQuestion | None) -> tuple[Answer, ...]:
    """Return the answers that one marking of right options says, and no other.

    Canvas marks options, not whole answers: where several sets of options earn, or choices of two
    drop-downs that go together, the first is marked (see `not_said_by_canvas`).
    """
    if scored is None:
        return ()
    return scored.accepted if _each_by_itself(scored) else scored.accepted[:1]


def _each_by_itself(scored: ScoredQuestion) -> bool:
    if len(scored.accepted) < 2 or scored.kind == "single":
        return True
    by_blank: dict[str, set[str]] = {}
    for answer in scored.accepted:
        for blank, choice in answer.choices if isinstance(answer, Chosen) else ():
            by_blank.setdefault(blank, set()).add(choice)
    # All pairings of the choices marked must be answers themselves.
    return bool(by_blank) and prod(map(len, by_blank.values())) == len(set(scored.accepted))


def not_said_by_canvas(bank: Bank, key: Key) -> list[str]:
    """Return the ids of questions of which a package marks only the first of several answers."""
    return [each.id for each in scored_questions(key, bank) if not _each_by_itself(each)]


def _answer_ids(edition: str, question: str, blank: str, names: Sequence[str]) -> dict[str, str]:
    """Return a number of five digits for each choice, like Canvas' answer ids, all different."""
    ids: dict[str, str] = {}
    for name in names:
        # By edition and id too, so that an import made again keeps the ids of answers that were
        # given.
        number = int(_hash("answer", edition, question, blank, name)[1:9], 16) % 90000 + 10000
        while str(number) in ids.values():
            number = 10000 + (number - 9999) % 90000
        ids[name] = str(number)
    return ids


def package_bytes(quiz: QtiQuiz) -> bytes:
    """Return a quiz's package as a zip; the same quiz gives the same bytes."""
    folder = quiz.ident
    root = ET.Element("questestinterop", {"xmlns": QTI})
    assessment = _add(root, "assessment", ident=quiz.ident, title=quiz.title)
    section = _add(assessment, "section", ident="root_section")
    section.extend(map(_item_element, quiz.items))
    files = {
        "imsmanifest.xml": _manifest(quiz),
        f"{folder}/{folder}.xml": root,
        f"{folder}/assessment_meta.xml": _meta(quiz),
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        for name, document in files.items():
            info = zipfile.ZipInfo(name, _EARLIEST)
            info.compress_type = zipfile.ZIP_DEFLATED
            # Else the mode is that of whoever runs this, and the bytes with it.
            info.external_attr = 0o644 << 16
            package.writestr(info, ET.tostring(document, encoding="utf-8", xml_declaration=True))
    return buffer.getvalue()


def write_package(quiz: QtiQuiz, path: Path, *, private: bool = False) -> None:
    """Write a quiz's package, whole or not at all; `private` if it holds answers.

    Raises:
        OutputError: it cannot be written.
    """
    write_whole(path, package_bytes(quiz), private=private)


def _add(parent: ET.Element, name: str, text: str | None = None, **attributes: str) -> ET.Element:
    child = ET.SubElement(parent, name, attributes)
    child.text = text
    return child


def _item_element(item: QtiItem) -> ET.Element:
    element = ET.Element("item", {"ident": item.ident, "title": "Question"})
    metadata = _add(_add(element, "itemmetadata"), "qtimetadata")
    answer_ids = ",".join(ident for _, labels in item.lists for ident, _ in labels)
    for label, entry in (
        ("question_type", item.type),
        ("points_possible", "" if item.points is None else str(item.points)),
        ("original_answer_ids", answer_ids),
    ):
        field = _add(metadata, "qtimetadatafield")
        _add(field, "fieldlabel", label)
        _add(field, "fieldentry", entry)
    presentation = _add(element, "presentation")
    _add(_add(presentation, "material"), "mattext", item.stem, texttype="text/html")
    for name, labels in item.lists:
        response = _add(
            presentation, "response_lid", ident=f"response_{name}" if name else "response1"
        )
        if name:
            _add(_add(response, "material"), "mattext", name)
        elif item.kind == "several":
            response.set("rcardinality", "Multiple")
        else:
            response.set("rcardinality", "Single")
        choices = _add(response, "render_choice")
        for ident, text in labels:
            choice = _add(choices, "response_label", ident=ident)
            _add(_add(choice, "material"), "mattext", text, texttype="text/plain")
    element.append(_conditions(item))
    return element


def _conditions(item: QtiItem) -> ET.Element:
    """Return the element that gives points, in the form that Canvas writes for each kind."""
    processing = ET.Element("resprocessing")
    outcomes = _add(processing, "outcomes")
    score = {"maxvalue": "100", "minvalue": "0", "varname": "SCORE", "vartype": "Decimal"}
    _add(outcomes, "decvar", **score)
    labels = dict(item.lists)
    for name, idents in item.right:
        if item.kind == "several":
            # The course gives all or nothing; Classic Quizzes give partial credit all the same, so
            # the rule is applied by `hw9 grade`.
            condition = _condition(processing, "100")
            together = _add(condition, "and")
            for ident, _ in labels[name]:
                holder = together if ident in idents else _add(together, "not")
                _add(holder, "varequal", ident, respident="response1")
            continue
        # Of drop-downs each earns its share, and the shares are added.
        share = "100" if not name else f"{100 / len(item.lists):.2f}"
        for ident in sorted(idents):
            condition = _condition(processing, share, action="Add" if name else "Set")
            respident = f"response_{name}" if name else "response1"
            _add(condition, "varequal", ident, respident=respident)
    return processing


def _condition(processing: ET.Element, points: str, action: str = "Set") -> ET.Element:
    attributes = {"continue": "No"} if action == "Set" else {}
    respcondition = _add(processing, "respcondition", **attributes)
    variables = _add(respcondition, "conditionvar")
    _add(respcondition, "setvar", points, varname="SCORE", action=action)
    return variables


def _meta(quiz: QtiQuiz) -> ET.Element:
    root = ET.Element("quiz", {"xmlns": CANVAS, "identifier": quiz.ident})
    total = sum((item.points for item in quiz.items if item.points is not None), Decimal(0))
    for name, text in (
        ("title", quiz.title),
        ("description", ""),
        ("shuffle_answers", "false"),
        ("scoring_policy", "keep_highest"),
        ("hide_results", ""),
        ("quiz_type", "assignment"),
        ("points_possible", str(total)),
        ("show_correct_answers", "false"),
        ("allowed_attempts", "1"),
        ("one_question_at_a_time", "false"),
        ("cant_go_back", "false"),
        ("available", "false"),
    ):
        _add(root, name, text)
    return root


def _manifest(quiz: QtiQuiz) -> ET.Element:
    root = ET.Element("manifest", {"xmlns": MANIFEST, "identifier": _hash("manifest", quiz.ident)})
    metadata = _add(root, "metadata")
    _add(metadata, "schema", "IMS Content")
    _add(metadata, "schemaversion", "1.1.3")
    _add(root, "organizations")
    resources = _add(root, "resources")
    quiz_file = f"{quiz.ident}/{quiz.ident}.xml"
    meta_ident = _hash("meta", quiz.ident)
    resource = _add(resources, "resource", identifier=quiz.ident, type="imsqti_xmlv1p2")
    _add(resource, "file", href=quiz_file)
    _add(resource, "dependency", identifierref=meta_ident)
    meta = {"type": "associatedcontent/imscc_xmlv1p1/learning-application-resource"}
    meta |= {"identifier": meta_ident, "href": f"{quiz.ident}/assessment_meta.xml"}
    _add(_add(resources, "resource", **meta), "file", href=meta["href"])
    return root
