"""Quizzes out to QTI 1.2 and back, by our own reader and by a public one."""

from __future__ import annotations

import io
import random
import zipfile
from dataclasses import replace
from decimal import Decimal
from hashlib import md5
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.cli.banks.qti import export_qti, import_qti
from grader.exports.analysis_columns import item_idents
from grader.exports.student_analysis import StudentAnalysis
from grader.quizzes.qti_match import match_quiz
from grader.quizzes.qti_read import QtiItem, QtiQuiz, read_package
from grader.quizzes.qti_write import package_bytes, quiz_to_write, write_package
from grader.quizzes.texts import load_quiz, quiz_of_bank, save_quiz, wordings_by_question
from grader.submissions import Ticked
from solver.banks.bank import Bank, Blank, MeasuredChoices
from solver.errors import BankError, ExportError, Hw9Error
from solver.key import Key, OptionVerdict, Sentence
from tests.grader import canvas_generator as canvas
from tests.grader.bank_files import with_distinct_blanks, write_bank_and_key
from tests.grader.made_classes import made_bank, made_key, with_question

XML_TEXT = st.text(
    st.characters(min_codepoint=32, exclude_categories=("Cs",), exclude_characters="\ufffe\uffff"),
    max_size=20,
)
TYPES = {
    "single": "multiple_choice_question",
    "several": "multiple_answers_question",
    "pair": "multiple_dropdowns_question",
}


@pytest.fixture(scope="module")
def bank() -> Bank:
    return with_distinct_blanks(made_bank(30))


@pytest.fixture(scope="module")
def key(bank: Bank) -> Key:
    return made_key(bank)


@st.composite
def items(draw, number: int) -> QtiItem:
    kind = draw(st.sampled_from(sorted(TYPES)))
    lists, right = [], []
    for name in ("word", "drop") if kind == "pair" else ("",):
        idents = [str(10000 + n) for n in range(draw(st.integers(2, 5)))]
        lists.append((name, tuple((ident, draw(XML_TEXT)) for ident in idents)))
        most = len(idents) if kind == "several" else 1
        chosen = draw(st.sets(st.sampled_from(idents), max_size=most))
        if chosen:
            right.append((name, frozenset(chosen)))
    points = draw(st.sampled_from([Decimal("0.3"), Decimal("0.4"), Decimal("1")]))
    stem = draw(XML_TEXT)
    return QtiItem(f"g{number}", TYPES[kind], points, stem, tuple(lists), tuple(sorted(right)))


@given(st.data(), XML_TEXT)
@settings(max_examples=100, deadline=None)
def test_what_is_written_is_read_unchanged(tmp_path_factory, data, title):
    made = tuple(data.draw(items(n)) for n in range(data.draw(st.integers(1, 4))))
    quiz = QtiQuiz("gquiz", title, made)
    path = tmp_path_factory.getbasetemp() / "quiz.zip"
    path.write_bytes(package_bytes(quiz))
    assert read_package(path) == [quiz]


@pytest.mark.parametrize("language", ["en", "zh-Hant", "both"])
def test_the_whole_bank_there_and_back(tmp_path, bank, key, language):
    quiz = quiz_to_write(bank, language, key)
    write_package(quiz, tmp_path / "quiz.zip")
    (read,) = read_package(tmp_path / "quiz.zip")
    assert read == quiz and len(read.items) == 30
    assert sum(item.points for item in read.items) == Decimal("10.0")
    assert {str(item.points) for item in read.items} == {"0.3", "0.4"}
    matched = match_quiz(read, bank, tmp_path / "quiz.zip", key)
    assert matched.how == "text"
    worded = {each.id: each for each in quiz_of_bank(bank, language, key).questions}
    for question in matched.quiz.questions:
        ours = worded[question.id]
        assert (question.stem, question.options, question.blanks) == (
            ours.stem,
            ours.options,
            ours.blanks,
        )
    answers = {each.id: each.effective for each in key.questions}
    for item, question in zip(read.items, matched.quiz.questions, strict=True):
        assert _right(item, question) == answers[question.id]


def _right(item: QtiItem, question):
    chosen = {}
    for name, idents in item.right:
        texts = dict(dict(item.lists)[name])
        choices = dict(question.blanks)[name] if name else question.options
        by_text = {text: choice for choice, text in choices}
        chosen[name] = sorted(by_text[texts[ident]] for ident in idents)
    return chosen[""] if "" in chosen else {name: ids[0] for name, ids in chosen.items()}


def test_the_same_bank_gives_the_same_bytes(bank, key):
    assert package_bytes(quiz_to_write(bank, "en", key)) == package_bytes(
        quiz_to_write(bank, "en", key)
    )


def test_no_id_of_one_edition_is_anothers(bank, key):
    later = replace(bank, header=bank.header.model_copy(update={"edition": "2022"}))
    quizzes = [quiz_to_write(one, "en", key) for one in (bank, later)]
    first, second = ({item.ident for item in quiz.items} for quiz in quizzes)
    assert len(first) == len(second) == len(bank.questions)
    assert not first & second
    assert quizzes[0].ident != quizzes[1].ident


def test_answers_can_be_left_out(bank, key):
    for quiz in (quiz_to_write(bank, "en"), quiz_to_write(bank, "en", key, answers=False)):
        assert all(not item.right for item in quiz.items)
        text = zipfile.ZipFile(io.BytesIO(package_bytes(quiz))).read(
            f"{quiz.ident}/{quiz.ident}.xml"
        )
        assert b"varequal" not in text


def test_a_public_reader_takes_it_back_unchanged(tmp_path, bank, key):
    """qti2latex (PyPI) reads Canvas' QTI 1.2: stems, options, points, kinds and right answers."""
    reader = pytest.importorskip("qti2latex", reason="qti2latex is not installed")
    quiz = quiz_to_write(bank, "both", key)
    write_package(quiz, tmp_path / "quiz.zip")
    folder = reader.extract_zip_to_tmp(tmp_path / "quiz.zip")
    found = {}
    for xml in reader.read_qti_dir(folder):
        root = reader.ET.parse(xml).getroot()
        for item in reader.findall_anyns(root, "item"):
            found[item.get("ident")] = item
    assert len(found) == 30
    for ours in quiz.items:
        theirs = found[ours.ident]
        meta = reader.get_qti_metadata(theirs)
        assert reader.guess_type(meta, theirs) == ours.type
        assert Decimal(meta["points_possible"]) == ours.points
        assert reader.get_item_stem(theirs) == ours.stem
        choices = [label for _, labels in ours.lists for label in labels]
        assert reader.get_choices(theirs) == choices
        right = {ident for _, idents in ours.right for ident in idents}
        assert reader.get_correct_idents(theirs) == right


def _measured(bank: Bank, key: Key) -> tuple[Bank, Key, str]:
    pair = next(question for question in bank.questions if question.kind == "pair")
    measured = MeasuredChoices(factors=[Decimal("0.5"), Decimal("2")], decimals=2)
    blanks = [pair.blanks[0], Blank(id="y", label=pair.blanks[1].label, measured=measured)]
    changed = pair.model_copy(update={"blanks": blanks})
    topics = []
    for topic in bank.topics:
        questions = tuple(changed if each.id == pair.id else each for each in topic.questions)
        topics.append(replace(topic, questions=questions))
    entry = next(each for each in key.questions if each.id == pair.id)
    sentence = Sentence(en="x", zh_hant="x")
    options = [each for each in entry.options if each.blank == "x"] + [
        OptionVerdict(id=name, blank="y", holds=text == "0.44", sentence=sentence, text=text)
        for name, text in (("a", "0.22"), ("b", "0.44"), ("c", "0.88"))
    ]
    correct = {"x": entry.correct["x"], "y": "0.44"}
    new_key = with_question(key, pair.id, options=options, correct=correct)
    return replace(bank, topics=tuple(topics)), new_key, pair.id


def test_choices_around_a_measured_value_come_from_the_key(tmp_path, bank, key):
    bank, key, name = _measured(bank, key)
    with pytest.raises(BankError, match=f"the choices of {name}, drop-down 'y'"):
        quiz_to_write(bank, "en")
    quiz = quiz_to_write(bank, "en", key)
    item = next(i for i in quiz.items if i.type == TYPES["pair"])
    assert [text for _, text in dict(item.lists)["y"]] == ["0.22", "0.44", "0.88"]
    (ident,) = dict(item.right)["y"]
    assert dict(dict(item.lists)["y"])[ident] == "0.44"
    write_package(quiz, tmp_path / "q.zip")
    matched = match_quiz(read_package(tmp_path / "q.zip")[0], bank, tmp_path / "q.zip", key)
    worded = next(each for each in matched.quiz.questions if each.id == name)
    assert dict(worded.blanks)["y"] == tuple((t, t) for t in ("0.22", "0.44", "0.88"))


def course_quiz(bank: Bank, rng: random.Random) -> QtiQuiz:
    """The bank's questions in words of somebody else, as Canvas exports them."""
    made = []
    for number, question in enumerate(bank.questions, 1):
        lists = []
        for place, name in enumerate(blank.id for blank in question.blanks):
            options = question.blanks[place].options
            lists.append(
                (
                    f"bl{name}",
                    tuple((f"{n}", f"選 {number} {place} {n}") for n in range(len(options))),
                )
            )
        plain = tuple((f"{n}", f"第 {n} 項, 共 {number}") for n in range(len(question.options)))
        ident = "g" + md5(f"quiz_question_{7000 + number}".encode()).hexdigest()
        made.append(
            QtiItem(ident, TYPES[question.kind], question.points, f"<p>題 {number}</p>",
                    tuple(lists) or (("", plain),), ())
        )  # fmt: skip
    made.insert(3, QtiItem("h", "text_only_question", None, "<h1>Saliency</h1>", (), ()))
    return QtiQuiz("gcourse", "作業九", tuple(made))


def test_a_quiz_of_the_course_is_matched_by_order_and_its_export_read(tmp_path, bank):
    rng = random.Random(0)
    write_package(course_quiz(bank, rng), tmp_path / "course.zip")
    (read,) = read_package(tmp_path / "course.zip")
    matched = match_quiz(read, bank, tmp_path / "course.zip")
    assert matched.how == "order" and matched.passed_over == ("text_only_question",)
    save_quiz(matched.quiz, tmp_path / "quiz.yaml")
    assert load_quiz(tmp_path / "quiz.yaml") == matched.quiz

    # A Student Analysis of that quiz: columns carry Canvas' ids, cells the course's texts.
    quiz = [
        canvas.Q(
            worded.id, 7000 + number, worded.kind, "0.3", "",
            [list(choices) for _, choices in worded.blanks] or [list(worded.options)],
            [blank for blank, _ in worded.blanks],
            {blank: choices[0][0] for blank, choices in worded.blanks} or {worded.options[0][0]},
        )
        for number, worded in enumerate(matched.quiz.questions, 1)
    ]  # fmt: skip
    rng.shuffle(quiz)
    rows = [canvas.Row(0, 1, 1, {q.id: q.right for q in quiz})]
    (tmp_path / "export.csv").write_bytes(canvas.export(rng, quiz, rows, canvas.Style()))
    words = wordings_by_question([matched.quiz])
    export = StudentAnalysis(tmp_path / "export.csv", words, [q.id for q in quiz])
    assert "30 by Canvas' question id" in export.notes[0]
    (row,) = export.rows()
    assert row.rejects == ()
    assert all(
        row.submission.responses[q.id] == Ticked(frozenset("a")) for q in quiz if not q.blanks
    )


def test_the_join_of_items_and_columns_is_canvas_own():
    assert item_idents("42")[0] == "i" + md5(b"quiz_question_42").hexdigest()
    assert item_idents("42")[1] == "g" + md5(b"quiz_question_42").hexdigest()


def test_a_quiz_that_is_another_is_refused(tmp_path, bank):
    quiz = course_quiz(bank, random.Random(0))
    path = tmp_path / "x.zip"
    less = QtiQuiz("g", "t", quiz.items[:-1])
    with pytest.raises(BankError, match="has 29 questions where the bank has 30"):
        match_quiz(less, bank, path)
    swapped = QtiQuiz("g", "t", (quiz.items[1], quiz.items[0], *quiz.items[2:]))
    with pytest.raises(BankError, match="is of kind"):
        match_quiz(swapped, bank, path)
    first = quiz.items[0]
    short = QtiItem(first.ident, first.type, None, first.stem, (("", first.lists[0][1][:2]),), ())
    with pytest.raises(BankError, match=r"has 2 options, not \d"):
        match_quiz(QtiQuiz("g", "t", (short, *quiz.items[1:])), bank, path)


def test_options_in_another_order_are_matched_by_text(tmp_path, bank):
    quiz = quiz_to_write(bank, "en")
    turned = tuple(
        QtiItem(i.ident, i.type, i.points, i.stem, tuple((n, ls[::-1]) for n, ls in i.lists), ())
        for i in quiz.items[::-1]
    )
    matched = match_quiz(QtiQuiz("g", "t", turned), bank, tmp_path / "x.zip")
    worded = {each.id: each.options for each in quiz_of_bank(bank, "en").questions}
    for question in matched.quiz.questions:
        assert question.options == worded[question.id]


def test_texts_match_only_where_each_question_is_there_once_and_of_its_kind(tmp_path, bank):
    """Else the quiz is matched by order, or refused: never two items to one question."""
    quiz = quiz_to_write(bank, "en")
    singles = [at for at, item in enumerate(quiz.items) if item.kind == "single"]
    first, second = singles[0], singles[1]
    path = tmp_path / "x.zip"

    def matched(at, item):
        items = [*quiz.items[:at], item, *quiz.items[at + 1 :]]
        return match_quiz(QtiQuiz("g", "t", tuple(items)), bank, path)

    assert matched(first, quiz.items[first]).how == "text"
    twice = replace(quiz.items[second], stem=quiz.items[first].stem)
    found = matched(second, twice)
    names = [question.id for question in found.quiz.questions]
    assert found.how == "order" and len(set(names)) == len(names) == len(bank.questions)
    unknown = replace(quiz.items[second], stem="<p>Quite another?</p>")
    assert matched(second, unknown).how == "order"
    several = next(item for item in quiz.items if item.kind == "several")
    other = replace(several, type=TYPES["single"])
    with pytest.raises(BankError, match="is of kind 'single'"):
        matched(quiz.items.index(several), other)


def test_a_measured_drop_down_hides_none_behind_it(tmp_path, bank, key):
    measured, key, name = _measured(bank, key)
    pair = next(question for question in measured.questions if question.id == name)
    turned = pair.model_copy(update={"blanks": pair.blanks[::-1]})
    topics = [
        replace(topic, questions=tuple(turned if q.id == name else q for q in topic.questions))
        for topic in measured.topics
    ]
    measured = replace(measured, topics=tuple(topics))
    quiz = quiz_to_write(measured, "en", key)
    matched = match_quiz(quiz, measured, tmp_path / "x.zip", key)
    worded = next(each for each in matched.quiz.questions if each.id == name)
    assert [blank for blank, _ in worded.blanks] == ["y", "x"]
    assert len(dict(worded.blanks)["x"]) == len(pair.blanks[0].options)


def test_options_of_the_banks_words_are_matched_by_them_and_the_rest_by_place(tmp_path, bank):
    quiz = quiz_to_write(bank, "en")
    question = next(each for each in bank.questions if each.kind == "several")
    at = [each.id for each in bank.questions].index(question.id)
    item = quiz.items[at]
    labels = list(item.lists[0][1])
    turned = [labels[1], labels[0], *((ident, f"other {n}") for n, (ident, _) in
              enumerate(labels[2:]))]  # fmt: skip
    changed = replace(item, lists=(("", tuple(turned)),))
    items = (*quiz.items[:at], changed, *quiz.items[at + 1 :])
    matched = match_quiz(QtiQuiz("g", "t", items), bank, tmp_path / "x.zip")
    options = dict(matched.quiz.questions[at].options)
    ours = [option.id for option in question.options]
    assert options[ours[0]] == labels[0][1] and options[ours[1]] == labels[1][1]
    assert [options[name] for name in ours[2:]] == [f"other {n}" for n in range(len(ours) - 2)]


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


def run(command, *arguments: str, ok: bool = True) -> str:
    result = CliRunner().invoke(command, [str(each) for each in arguments])
    if isinstance(result.exception, Hw9Error):
        assert not ok, result.exception
        return str(result.exception)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert (result.exit_code == 0) == ok
    return result.output


def test_the_commands(tmp_path: Path):
    write_bank_and_key(tmp_path, 10)
    questions, key = tmp_path / "questions", tmp_path / "key.yaml"
    said = run(export_qti, tmp_path / "out.zip", "--bank", questions, "--key", key)
    assert "10 questions, 3.4 points, 10 with their answers" in said
    assert (tmp_path / "out.zip").stat().st_mode & 0o077 == 0
    refused = run(import_qti, tmp_path / "out.zip", "--bank", questions, ok=False)
    assert "nobody is there to say yes" in refused
    said = run(import_qti, tmp_path / "out.zip", "--bank", questions, "--yes")
    assert "10 questions matched by text; 10 in the bank's words" in said
    (kept,) = (questions / "quizzes").glob("*.yaml")
    assert len(load_quiz(kept).questions) == 10
    assert not [name for name in kept.read_text().split() if name in ("right:", "correct:")]
    unknown = run(import_qti, tmp_path / "out.zip", "--title", "no", "--bank", questions, ok=False)
    assert "has no quiz 'no'" in unknown


def test_the_commands_write_over_no_file_of_somebody_else(tmp_path: Path):
    write_bank_and_key(tmp_path, 10)
    questions, key = tmp_path / "questions", tmp_path / "key.yaml"
    theirs = tmp_path / "export.csv"
    theirs.write_text("name,id\n")
    export = [export_qti, theirs, "--bank", questions, "--key", key]
    assert "is there already" in run(*export, ok=False)
    assert theirs.read_text() == "name,id\n"
    run(*export, "--force")
    before = key.read_bytes()
    taken = [import_qti, theirs, "--bank", questions, "--yes", "--out"]
    assert "is not what import-qti writes" in run(*taken, key, ok=False)
    assert key.read_bytes() == before
    for _ in range(2):
        run(*taken, tmp_path / "quiz.yaml")


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
