"""The file a student fills in: every question with its ids, and never an answer."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from grader.cli import hw9
from grader.reports.answer_sheet import answer_sheet, question_lines
from grader.self_check.checking import check_answers
from solver.banks.bank import Bank, Blank, MeasuredChoices, Question, Wording, load_bank
from solver.errors import BankError, ExportError
from solver.files.resources import shipped_bank
from solver.key import Key, KeyQuestion, OptionVerdict, Sentence, save_key
from tests.grader.made.bank_files import write_bank
from tests.grader.made.made_classes import made_bank, made_key

LANGUAGES = ("en", "zh-Hant")
NUMBERS = ("0.1", "0.2", "0.4", "0.7")
SHIPPED = load_bank(shipped_bank())


def key_of(bank: Bank, right: int) -> Key:
    """A key in which the option at place `right` (counted round) is right, in every question."""
    return Key(format="hw9-key/1", questions=[_entry(each, right) for each in bank.questions])


def _entry(question: Question, right: int) -> KeyQuestion:
    lists = {blank.id: _offered(blank) for blank in question.blanks}
    lists = lists or {"": [(option.id, None) for option in question.options]}
    chosen = {blank: offered[right % len(offered)] for blank, offered in lists.items()}
    verdicts = [
        OptionVerdict(
            id=name,
            blank=blank or None,
            holds=(name, text) == chosen[blank],
            text=text,
            sentence=Sentence(en="as measured", zh_hant="依量測"),
        )
        for blank, offered in lists.items()
        for name, text in offered
    ]
    pair = question.kind == "pair"
    correct = {b: t or n for b, (n, t) in chosen.items()} if pair else [chosen[""][0]]
    asked = {"id": question.id, "kind": question.kind, "points": question.points}
    return KeyQuestion(**asked, correct=correct, options=verdicts)


def _offered(blank: Blank) -> list[tuple[str, str | None]]:
    if blank.options is not None:
        return [(option.id, option.text.en) for option in blank.options]
    return list(zip("abcd", NUMBERS, strict=True))


def run(*words: object) -> Result:
    return CliRunner().invoke(hw9, [str(word) for word in words])


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_lists_every_question_with_all_its_options(language: str) -> None:
    sheet = answer_sheet(SHIPPED, language)
    shown = "".join(line.strip("# ") for line in sheet.splitlines()).replace(" ", "")
    for question in SHIPPED.questions:
        assert question.stem.in_language(language).replace(" ", "") in shown
        for option in question.options or [o for b in question.blanks for o in b.options or []]:
            assert f"{option.id}{option.text.in_language(language)}".replace(" ", "") in shown
    assert list(yaml.safe_load(sheet)["answers"]) == [each.id for each in SHIPPED.questions]


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_the_same_whatever_is_right(language: str) -> None:
    (sheet,) = {answer_sheet(SHIPPED, language, key_of(SHIPPED, right)) for right in range(4)}
    assert all(
        f"  {name}  {number}\n" in sheet for name, number in zip("abcd", NUMBERS, strict=True)
    )
    without = yaml.safe_load(answer_sheet(SHIPPED, language))["answers"]
    assert all(v in (None, []) or set(v.values()) == {None} for v in without.values())


@pytest.mark.parametrize("with_key", [False, True])
def test_untouched_it_is_read_as_unanswered(tmp_path: Path, with_key: bool) -> None:
    path, key = tmp_path / "answers.yaml", key_of(SHIPPED, 1)
    save_key(key, tmp_path / "key.yaml")
    more = ["--key", tmp_path / "key.yaml"] if with_key else []
    done = run("check", path, "--template", *more)
    assert done.exit_code == 0 and str(path) in done.output
    states = {each.id: each.state for each in check_answers(path, key, SHIPPED).questions}
    assert states == {each.id: "unanswered" for each in SHIPPED.questions}
    some = key.model_copy(update={"questions": key.questions[3:5]})  # a key of two questions
    assert len(check_answers(path, some, SHIPPED).ids("unanswered")) == 2


def test_filled_in_as_it_says_it_earns_all(tmp_path: Path) -> None:
    bank = made_bank(10)
    path, key = tmp_path / "answers.yaml", made_key(bank)
    answers = {each.id: each.effective for each in key.questions}
    kinds = {each.id: each.kind for each in bank.questions}
    lines, within = [], ""
    for line in answer_sheet(bank, "en").splitlines():
        name = line.strip(" :[]")
        if name in answers:
            within, right = name, answers[name]
            if kinds[name] == "several":
                line = line.replace("[]", f"[{', '.join(right)}]")
            elif kinds[name] == "single":
                line += right[0]
        elif within and line == f"    {name}: ":
            line += answers[within][name]
        lines.append(line)
    path.write_text("\n".join(lines), "utf-8")
    assert check_answers(path, key, bank).ids("right") == list(answers)


def test_nothing_is_written_over(tmp_path: Path) -> None:
    path = tmp_path / "answers.yaml"
    path.write_text("answers: {q01: a}", "utf-8")
    done = run("check", path, "--template")
    assert isinstance(done.exception, ExportError) and "is there already" in str(done.exception)
    assert path.read_text("utf-8") == "answers: {q01: a}"


def test_who_has_no_file_is_told_how_to_get_one(tmp_path: Path) -> None:
    done = run("check", tmp_path / "none.yaml", "--key", tmp_path / "key.yaml")
    assert "--template" in str(done.exception)


def test_of_a_key_it_lists_only_its_questions() -> None:
    key = made_key(made_bank(10))
    some = key.model_copy(update={"questions": key.questions[:2]})
    read = yaml.safe_load(answer_sheet(made_bank(10), "en", some))
    assert list(read["answers"]) == ["q01", "q02"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_wording_can_leave_its_comment(language: str) -> None:
    evil = "what\n  q01: b\r\u2028answers: {q01: b}\x85q01: b\x1b[2J"
    bank = made_bank(5)
    asked = bank.questions[0]
    options = [option.model_copy(update={"id": "no"}) for option in asked.options[:1]]
    stem = Wording(en=evil, zh_hant=evil)
    asked = asked.model_copy(update={"stem": stem, "options": options, "id": "yes"})
    topic = type(bank.topics[0])(evil, stem, (asked,), bank.topics[0].source)
    sheet = answer_sheet(type(bank)(bank.folder, bank.header, (topic,), {}), language)
    assert yaml.safe_load(sheet) == {"answers": {"yes": None}}
    assert '"no"' in sheet and "\x1b" not in sheet.replace("\\x1b", "")


def test_a_measured_drop_down_shows_its_numbers_where_a_key_gives_them() -> None:
    measured = Blank(
        id="y", label=Wording(en="How far", zh_hant="多少"),
        measured=MeasuredChoices(factors=["0.5"], decimals=1),
    )  # fmt: skip
    pair = next(each for each in made_bank(5).questions if each.kind == "pair")
    pair = pair.model_copy(update={"blanks": [pair.blanks[0], measured]})
    assert question_lines(pair, "en")[-1].strip() == "a number, as your quiz offers it"
    key = Key(format="hw9-key/1", questions=[_entry(pair, 2)])
    assert [line.strip() for line in question_lines(pair, "en", key)[-4:]] == [
        f"{name}  {number}" for name, number in zip("abcd", NUMBERS, strict=True)
    ]


@pytest.mark.parametrize("words", [["--bundle", "b"], ["--reveal"], ["--json"], ["--out", "o"]])
def test_a_template_goes_with_nothing_that_checks(tmp_path: Path, words: list[str]) -> None:
    done = run("check", tmp_path / "a.yaml", "--template", *words)
    assert done.exit_code == 2 and not (tmp_path / "a.yaml").exists()


def test_show_prints_the_questions_named(tmp_path: Path) -> None:
    folder = write_bank(made_bank(5), tmp_path / "questions")
    whole = run("bank", "show", "--bank", folder).output
    assert whole.count("Question ") == 5 and "q01  (one answer, 0.3 points)" in whole
    one = run("bank", "show", "q02", "--bank", folder, "--language", "zh-Hant").output
    assert one.startswith("q02（複選，0.3 分）\n第 2 題：") and "q01" not in one
    assert isinstance(run("bank", "show", "q99", "--bank", folder).exception, BankError)
