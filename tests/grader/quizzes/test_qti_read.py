"""Packages that are damaged, hostile or of another form."""

from __future__ import annotations

import io
import zipfile

import pytest

from grader.quizzes.qti_read import QtiQuiz, read_package
from grader.quizzes.qti_write import package_bytes, quiz_to_write
from solver.errors import ExportError


def cartridge(quiz: QtiQuiz) -> bytes:
    """The same quiz as a course cartridge holds it: a poorer form, and the whole one apart."""
    inner = zipfile.ZipFile(io.BytesIO(package_bytes(quiz)))
    whole = inner.read(f"{quiz.ident}/{quiz.ident}.xml")
    poorer = whole.replace(b"multiple_dropdowns_question", b"essay_question")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        package.writestr("imsmanifest.xml", "<manifest/>")
        package.writestr(f"{quiz.ident}/assessment_qti.xml", poorer)
        package.writestr(f"{quiz.ident}/assessment_meta.xml", "<quiz/>")
        package.writestr(f"non_cc_assessments/{quiz.ident}.xml.qti", whole)
        package.writestr("wiki/page.html", "<html>")
    return buffer.getvalue()


def test_a_course_cartridge_is_read_from_its_whole_form(tmp_path, bank, key):
    quiz = quiz_to_write(bank, "en", key)
    (tmp_path / "course.imscc").write_bytes(cartridge(quiz))
    assert read_package(tmp_path / "course.imscc") == [quiz]


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        for name, data in files.items():
            package.writestr(name, data)
    return buffer.getvalue()


QUIZ_XML = b"<questestinterop><assessment title='t'><section/></assessment></questestinterop>"
BOMB = b"<!DOCTYPE x [<!ENTITY a 'aaaaaaaa'><!ENTITY b '&a;&a;&a;'>]>" + QUIZ_XML
POINTS = (
    b"<item ident='i1'><qtimetadatafield><fieldlabel>points_possible</fieldlabel>"
    b"<fieldentry>many</fieldentry></qtimetadatafield></item>"
)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is not a zip that can be read"),
        (b"PK\x03\x04 cut off", "is not a zip that can be read"),
        (zipped({"a.txt": b"x"}), "has no imsmanifest.xml"),
        (zipped({"imsmanifest.xml": b"<m/>"}), "holds no quiz"),
        (zipped({"imsmanifest.xml": b"<m/>", "q/q.xml": b"<open>"}), "is not readable XML"),
        (zipped({"imsmanifest.xml": b"<m/>", "q/q.xml": BOMB}), "declares a DOCTYPE"),
        (
            zipped(
                {"imsmanifest.xml": b"<m/>", "q/q.xml": QUIZ_XML.replace(b"<section/>", POINTS)}
            ),
            "item i1: the points 'many' are no number",
        ),
        (
            zipped(
                {
                    "imsmanifest.xml": b"<m/>",
                    "q/q.xml": QUIZ_XML.replace(b"<section/>", POINTS.replace(b"many", b"NaN")),
                }
            ),
            "item i1: the points 'NaN' are no number",
        ),
    ],
)
def test_each_malformed_package_gets_one_sentence(tmp_path, content, said):
    path = tmp_path / "quiz.zip"
    path.write_bytes(content)
    with pytest.raises(ExportError) as caught:
        read_package(path)
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_a_package_larger_than_any_quiz_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("grader.quizzes.qti_read.MOST_BYTES", 1000)
    files = {"imsmanifest.xml": b"<m/>", "q/q.xml": b" " * 2000}
    (tmp_path / "quiz.zip").write_bytes(zipped(files))
    with pytest.raises(ExportError, match="holds more than"):
        read_package(tmp_path / "quiz.zip")


def _packed_with(quiz_xml: bytes) -> bytes:
    return zipped({"imsmanifest.xml": b"<m/>", "q/q.xml": quiz_xml})


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be"])
def test_a_doctype_is_seen_in_every_encoding(tmp_path, encoding):
    (tmp_path / "quiz.zip").write_bytes(_packed_with(BOMB.decode().encode(encoding)))
    with pytest.raises(ExportError, match="declares a DOCTYPE"):
        read_package(tmp_path / "quiz.zip")


def test_xml_nested_without_end_is_refused(tmp_path):
    inside = b"<and>" * 5000 + b"</and>" * 5000
    item = b"<item><respcondition><setvar>100</setvar>" + inside + b"</respcondition></item>"
    xml = QUIZ_XML.replace(b"<section/>", b"<section>" + item + b"</section>")
    (tmp_path / "quiz.zip").write_bytes(_packed_with(xml))
    with pytest.raises(ExportError, match=r"q/q.xml: is nested deeper than"):
        read_package(tmp_path / "quiz.zip")


def test_a_package_with_damaged_bytes_is_refused(tmp_path, bank):
    whole = bytearray(package_bytes(quiz_to_write(bank, "en")))
    with zipfile.ZipFile(io.BytesIO(whole)) as package:
        largest = max(package.infolist(), key=lambda each: each.compress_size)
    begin = largest.header_offset + 30 + len(largest.filename)
    whole[begin : begin + 60] = b"\xff" * 60
    (tmp_path / "quiz.zip").write_bytes(bytes(whole))
    with pytest.raises(ExportError, match="is not a zip that can be read"):
        read_package(tmp_path / "quiz.zip")
