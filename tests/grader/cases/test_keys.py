"""Keys that were edited by hand, or given with another bank: refused by every command alike."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from grader.cli import hw9
from solver.banks.wording import wording_of
from solver.errors import Hw9Error, KeyFileError
from solver.key import load_key, save_key
from tests.grader.made.bank_files import write_bank
from tests.grader.made.made_classes import made_bank, made_key


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    bank = made_bank(6)
    topics = bank.topics
    two = topics[0].questions[1].model_copy(update={"choose": 2})
    questions = (topics[0].questions[0], two, *topics[0].questions[2:])
    bank = type(bank)(
        bank.folder, bank.header, (type(topics[0])(
            topics[0].id, topics[0].title, questions, topics[0].source), *topics[1:]), {},
    )  # fmt: skip
    write_bank(bank, tmp_path / "bank")
    key = made_key(bank, 2)
    assert len(key.questions[1].correct) == 2
    entries = [
        entry.model_copy(update={"wording": wording_of(bank.question(entry.id))})
        for entry in key.questions
    ]
    save_key(key.model_copy(update={"questions": entries}), tmp_path / "key.yaml")
    other = write_bank(made_bank(6, 1), tmp_path / "other")
    assert other.is_dir()
    header = ",".join(["student", *[entry.id for entry in entries]])
    (tmp_path / "class.csv").write_text(f"{header}\ns1,a,a b,a,a b,,a\n", "utf-8")
    (tmp_path / "me.yaml").write_text("answers: {q01: a}\n", "utf-8")
    return tmp_path


def run(folder: Path, *words: str, key: str = "key.yaml", bank: str = "bank") -> str:
    places = [str(folder / word) if "." in word else word for word in words]
    where = ["--key", str(folder / key), "--bank", str(folder / bank)]
    done = CliRunner().invoke(hw9, [*places, *where])
    if isinstance(done.exception, Hw9Error):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


COMMANDS = [
    ("grade", "class.csv", "--no-pages", "--out"),
    ("check", "me.yaml"),
]


def command(folder: Path, words: tuple[str, ...], **where: str) -> str:
    more = [str(folder / "out")] if words[-1] == "--out" else []
    return run(folder, *words, *more, **where)


@pytest.mark.parametrize("words", COMMANDS)
def test_a_sound_key_is_used(folder: Path, words: tuple[str, ...]) -> None:
    command(folder, words)


def edited(folder: Path, question: str, old: str, new: str) -> int:
    """Change the first `old` after a question's id; return the line."""
    text = (folder / "key.yaml").read_text("utf-8")
    at = text.index(old, text.index(f"- id: {question}\n"))
    (folder / "edited.yaml").write_text(text[:at] + new + text[at + len(old) :], "utf-8")
    return text[:at].count("\n") + 1


def correct_of(folder: Path, question: str) -> list[str]:
    return next(e.correct for e in load_key(folder / "key.yaml").questions if e.id == question)


@pytest.mark.parametrize("words", COMMANDS)
def test_an_answer_edited_against_its_verdicts(folder: Path, words: tuple[str, ...]) -> None:
    (right,) = correct_of(folder, "q01")
    wrong = next(name for name in "abcd" if name != right)
    line = edited(folder, "q01", f"correct:\n  - {right}\n", f"correct:\n  - {wrong}\n")
    with pytest.raises(KeyFileError) as caught:
        command(folder, words, key="edited.yaml")
    said = str(caught.value)
    assert (
        f"line {line + 1}, q01: correct is {wrong}, but its own verdicts hold for {right}" in said
    )
    assert f'hw9 key override q01 --correct "{wrong}" --why "REASON"' in said
    assert not (folder / "out").exists()
    why = ("--why", "seen in the figure")
    done = run(folder, "key", "override", "q01", "--correct", wrong, *why, key="edited.yaml")
    assert f"* {wrong}  {wrong}) " in done and f"the derived answer, {right}, is kept" in done
    command(folder, words, key="edited.yaml")


@pytest.mark.parametrize("words", COMMANDS)
@pytest.mark.parametrize(
    ("question", "old", "new", "said"),
    [
        ("q01", 'points: "0.3"', "points: '3'", "q01: is worth 3 in the key and 0.3 in the bank"),
        ("q01", "correct:\n", "correct:\n  - FREE\n", "where one option is to be chosen"),
        ("q02", "correct:\n", "correct:\n  - FREE\n", "where 2 options are to be chosen"),
        ("q02", "correct:\n", "correct:\n  - z\n", "the answer names 'z'"),
    ],
)
def test_what_the_bank_does_not_say(
    folder: Path, words: tuple[str, ...], question: str, old: str, new: str, said: str
) -> None:
    free = next(name for name in "abcd" if name not in correct_of(folder, question))
    edited(folder, question, old, new.replace("FREE", free))
    with pytest.raises(KeyFileError) as caught:
        command(folder, words, key="edited.yaml")
    assert said in str(caught.value)


def test_one_option_for_a_choose_two_is_refused_and_two_are_taken(folder: Path) -> None:
    before = (folder / "key.yaml").read_bytes()
    override = ("key", "override", "q02", "--why", "seen", "--correct")
    with pytest.raises(Hw9Error, match="where 2 options are to be chosen"):
        run(folder, *override, "a")
    assert (folder / "key.yaml").read_bytes() == before
    assert "a,c earns the points" in run(folder, *override, "a,c")


@pytest.mark.parametrize("words", COMMANDS)
def test_a_forgotten_or_another_bank_is_refused(folder: Path, words: tuple[str, ...]) -> None:
    text = (folder / "bank" / "0-pictures.yaml").read_text("utf-8")
    reworded = text.replace("where is the map", "where is the map NOT")
    (folder / "other" / "0-pictures.yaml").write_text(reworded, "utf-8")
    with pytest.raises(KeyFileError, match=r"It was made from another bank .* with --bank"):
        command(folder, words, bank="other")
    places = [str(folder / word) if "." in word else word for word in words]
    more = [str(folder / "out")] if words[-1] == "--out" else []
    shipped = CliRunner().invoke(hw9, [*places, *more, "--key", str(folder / "key.yaml")])
    assert isinstance(shipped.exception, KeyFileError) and "--bank" in str(shipped.exception)
    assert not (folder / "out").exists()


@pytest.mark.parametrize("words", COMMANDS)
def test_a_bank_of_other_bytes_with_the_same_words_is_no_other(
    folder: Path, words: tuple[str, ...]
) -> None:
    path = folder / "bank" / "0-pictures.yaml"
    path.write_text("# a comment\n" + path.read_text("utf-8").replace("t.r", "t.other"), "utf-8")
    command(folder, words)
