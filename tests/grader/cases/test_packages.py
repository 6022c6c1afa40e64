"""Packages of other tools: QTI's own DOCTYPE is read, other formats are named for what they are."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from grader.quizzes.qti_read import read_package
from solver.errors import ExportError
from tests.grader.cases.small_quiz import Asked, SmallQuiz, package

QUESTIONS = [
    Asked("q01", "several", "Which?", ["\n always, so\n", "\n 1 &lt; 2\n", "no"], [0, 1], "0.3", 1),
    Asked("q02", "single", "<p>One?</p>", [" red, green", "blue"], [1], "0.4", 2),
]
OWN_LINE = '<!DOCTYPE questestinterop SYSTEM "ims_qtiasiv1p2p1.dtd">'


def test_the_standards_own_doctype_is_read_and_the_quiz_graded(tmp_path: Path) -> None:
    made = SmallQuiz(tmp_path, QUESTIONS, {"q01": ["a", "b", "c"], "q02": ["d", "e"]})
    kept, said = made.import_qti(package(tmp_path / "q.zip", QUESTIONS, doctype=OWN_LINE))
    assert said.code == 0
    rows = [
        [("always\\, so,1 < 2", "0.3"), ("blue", "0.4")],
        [("1 < 2 , always\\, so", "0.3"), ("red, green", "0.0")],
    ]
    assert made.grade(made.export(rows), "--quiz", kept).totals == {"11": "0.7", "12": "0.3"}


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE questestinterop [<!ENTITY a "b">]>',
        '<!DOCTYPE questestinterop SYSTEM "ims_qtiasiv1p2p1.dtd" [<!ENTITY a SYSTEM "file:///x">]>',
        '<!DOCTYPE html SYSTEM "x.dtd">',
    ],
)
def test_entities_and_declarations_stay_refused(tmp_path: Path, doctype: str) -> None:
    with pytest.raises(ExportError, match="declares a DOCTYPE of its own"):
        read_package(package(tmp_path / "q.zip", QUESTIONS, doctype=doctype))


def test_an_entity_that_only_the_dtd_would_tell_is_refused(tmp_path: Path) -> None:
    path = package(tmp_path / "q.zip", QUESTIONS, doctype=OWN_LINE)
    with zipfile.ZipFile(path) as whole:
        text = whole.read("made/made.xml").decode().replace("One?", "One&nbsp;?")
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("imsmanifest.xml", "<manifest/>")
        file.writestr("made/made.xml", text.replace("&amp;nbsp;", "&nbsp;"))
    with pytest.raises(ExportError, match="is not readable XML"):
        read_package(path)


QTI2 = '<manifest><resource type="imsqti_item_xmlv2p1" href="i.xml"/></manifest>'
QTI3 = '<manifest><resource type="imsqti_test_xmlv3p0" href="i.xml"/></manifest>'
BLACKBOARD = '<manifest><resource type="assessment/x-bb-qti-test"/></manifest>'
NEW = "<assignment><external_tool_url>https://school.quiz-lti.example/lti</external_tool_url>"


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"imsmanifest.xml": QTI2, "i.xml": "<assessmentItem/>"}, "QTI 2.1"),
        ({"imsmanifest.xml": "<m/>", "i.xml": "<assessmentTest/>"}, "QTI 2"),
        ({"imsmanifest.xml": QTI3}, "QTI 3.0"),
        ({"imsmanifest.xml": BLACKBOARD, "res1.dat": "x"}, "a package of Blackboard"),
        ({"imsmanifest.xml": "<m/>", "a/assignment.xml": f"{NEW}</assignment>"}, "New Quizzes"),
        ({"moodle_backup.xml": "<m/>"}, "a Moodle backup"),
        ({"h5p.json": "{}"}, "an H5P package"),
        ({"[Content_Types].xml": "<t/>", "word/document.xml": "<w/>"}, "office program"),
        ({"imsmanifest.xml": "<m/>"}, "holds no quiz"),
    ],
)
def test_other_packages_are_named(tmp_path: Path, files: dict[str, str], said: str) -> None:
    with zipfile.ZipFile(tmp_path / "q.zip", "w") as file:
        for name, text in files.items():
            file.writestr(name, text)
    with pytest.raises(ExportError) as caught:
        read_package(tmp_path / "q.zip")
    assert said in str(caught.value) and "Settings > Export > Quiz" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("<?xml version='1.0'?><questestinterop/>", "the XML of a quiz alone"),
        ("<?xml version='1.0'?>\n<quiz><question/></quiz>", "Moodle's XML"),
        ('<assessmentItem xmlns="x"/>', "QTI 2 or 3"),
        ("1. Which?\n*a) this\nb) that\n", "questions as text"),
        ("Which?\nA. this\nB. that\nANSWER: A\n", "questions as text"),
        ("\x1f\x8bpacked", "a Moodle backup, or another packed file"),
        ("nothing that is known", "is not a zip that can be read"),
    ],
)
def test_files_that_are_no_package_are_named(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "q.zip").write_bytes(content.encode("latin-1"))
    with pytest.raises(ExportError) as caught:
        read_package(tmp_path / "q.zip")
    assert said in str(caught.value)
