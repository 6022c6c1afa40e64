"""`hw9 bank import-qti` and `hw9 bank export-qti`: read and write quizzes of Canvas."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from grader.cli.banks.option import bank_option, ships
from solver.text.plural import counted

if TYPE_CHECKING:
    from grader.quizzes.qti_match import MatchedQuiz
    from grader.quizzes.qti_read import QtiQuiz
    from solver.banks.bank import Bank
    from solver.key import Key

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("import-qti")
@click.argument("package", type=_FILE, metavar="QUIZ.zip")
@bank_option()
@click.option("--key", "key_path", type=_FILE, help="A key, for choices around measured values.")
@click.option("--title", help="Which quiz, if the package holds several.")
@click.option("--out", type=_FILE, help="File to write.  [default: quiz.yaml]")
@click.option("--yes", is_flag=True, help="Keep the match without asking.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def import_qti(
    package: Path,
    bank_folder: Path | None,
    key_path: Path | None,
    title: str | None,
    out: Path | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Keep the words and ids of a quiz exported from NTU COOL, matched to the bank.

    Questions and options are matched by their texts where the quiz was made from the bank, else by
    order and kind; texts that differ are shown, and you are asked to confirm. Items that are not
    questions of the bank, such as headings, are kept too, so that hw9 grade passes over their
    columns. Without --out the file goes into the folder quizzes/ of --bank (where hw9 grade finds
    it), or to quiz.yaml here (for hw9 grade --quiz). The quiz's own answers are not kept.

    \b
    Example:
      hw9 bank import-qti hw9-quiz-export.zip
    """
    from grader.quizzes.qti_match import match_quiz
    from grader.quizzes.qti_read import read_package
    from grader.quizzes.texts import save_quiz

    bank = _bank(bank_folder)
    quiz = chosen(read_package(package), title, package)
    key = _key(bank, key_path)
    matched = match_quiz(quiz, bank, package, key)
    target = out or _default_target(bank_folder, quiz.title)
    _spare_other_files(target)
    if not as_json:
        _show(matched, bank, key)
    # Asked last, when the differences are on the screen.
    if not yes:
        _ask()
    save_quiz(matched.quiz, target)
    if as_json:
        done = {"out": str(target), "questions": len(matched.quiz.questions), "how": matched.how}
        click.echo(json.dumps(done | {"passed_over": list(matched.passed_over)}, indent=1))
    else:
        click.echo(f"{counted(len(matched.quiz.questions), 'question')} kept in {target}")


def _spare_other_files(target: Path) -> None:
    """Raise an error if the target is a file of another kind, such as a key."""
    from grader.quizzes.texts import QUIZ_FORMAT
    from solver.errors import InputError

    if target.is_file():
        with target.open("rb") as file:
            # The format's name stands in the first line; no file need be read whole for it.
            if QUIZ_FORMAT.encode() not in file.read(100):
                raise InputError(
                    "is there already, and is no quiz that import-qti wrote",
                    path=target,
                    mend="Give another file with --out.",
                )


def _ask() -> None:
    from solver.errors import InputError

    if not sys.stdin.isatty():
        raise InputError(
            "the match must be confirmed, and there is no terminal to ask at",
            mend="Confirm it with --yes.",
        )
    click.confirm("Is every question and option matched rightly?", abort=True)


def chosen(quizzes: list[QtiQuiz], title: str | None, package: Path) -> QtiQuiz:
    """Return the quiz of a package with a title, or its only one.

    Raises:
        ExportError: none has the title, or several could be meant.
    """
    from solver.errors import ExportError

    titles = "; ".join(quiz.title for quiz in quizzes)
    found = [quiz for quiz in quizzes if title is None or quiz.title == title]
    if len(found) == 1:
        return found[0]
    if not found:
        raise ExportError(f"has no quiz {title!r}", path=package, mend=f"It has: {titles}.")
    raise ExportError(
        f"holds {len(found)} quizzes", path=package, mend=f"Name one with --title: {titles}."
    )


def _show(matched: MatchedQuiz, bank: Bank, key: Key | None) -> None:
    """Print how the quiz was matched, and its wordings that are not the bank's."""
    from grader.quizzes.differences import differences, language_of
    from grader.quizzes.option_matching import alike_options
    from grader.quizzes.texts import QUIZ_LANGUAGES, quiz_of_bank

    # In each language a quiz may be in: the differences are shown to the nearest.
    banks = {language: quiz_of_bank(bank, language, key) for language in QUIZ_LANGUAGES}
    differing = list(differences(matched.quiz, banks[language_of(matched.quiz, banks)]))
    count = len(matched.quiz.questions)
    way = "by text" if matched.how == "text" else "by order and kind"
    click.echo(
        f"{counted(count, 'question')} matched {way}; {count - len(differing)} in the bank's words"
        + (", these in others (an option that differs is matched by its place):" * bool(differing))
    )
    for each in differing:
        click.echo(f"{each.id}  {each.stem[0]}")
        if each.stem[1]:
            click.echo(f"     = {each.stem[1]}")
        for name, own, text in each.options:
            click.echo(f"     {name}  {own}  =  {text}" if own else f"     {name}  =  {text}")
    for alike in alike_options(matched.quiz):
        click.echo(alike)
    if matched.passed_over:
        click.echo(f"skipped: {', '.join(matched.passed_over)}")


def _default_target(bank_folder: Path | None, title: str) -> Path:
    if bank_folder is None or ships(bank_folder):
        return Path("quiz.yaml")
    # `\w` keeps Chinese letters, of which most titles here are.
    name = re.sub(r"[^\w-]+", "-", title).strip("-").lower() or "quiz"
    return bank_folder / "quizzes" / f"{name}.yaml"


@click.command("export-qti")
@click.argument("out", type=_FILE, metavar="OUT.zip")
@bank_option()
@click.option("--key", "key_path", type=_FILE, help="A key, to mark the right options.")
@click.option("--no-answers", is_flag=True, help="Mark no options, even with a key.")
@click.option(
    "--language",
    type=click.Choice(["en", "zh-Hant", "both"]),
    default="both",
    show_default=True,
    help="Language of the wordings.",
)
@click.option("--force", is_flag=True, help="Overwrite an existing file.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def export_qti(
    out: Path,
    bank_folder: Path | None,
    key_path: Path | None,
    no_answers: bool,
    language: Any,
    force: bool,
    as_json: bool,
) -> None:
    """Write the bank as a QTI 1.2 package that Canvas (Classic Quizzes) imports.

    Canvas gives partial credit for several answers in any case; hw9 grade applies the
    course's own rule afterwards.

    \b
    Example:
      hw9 bank export-qti quiz.zip --key key.yaml
    """
    from grader.quizzes.qti_write import not_said_by_canvas, quiz_to_write, write_package
    from solver.errors import InputError

    if out.exists() and not force:
        raise InputError("is there already", path=out, mend="Give --force to write over it.")
    bank = _bank(bank_folder)
    key = _key(bank, key_path)
    quiz = quiz_to_write(bank, language, key, answers=not no_answers)
    marked = sum(1 for item in quiz.items if item.right)
    # A package with the answers is nobody else's to read.
    write_package(quiz, out, private=marked > 0)
    points = sum(item.points for item in quiz.items if item.points is not None)
    unsaid = not_said_by_canvas(bank, key) if key and not no_answers else []
    if unsaid:
        click.echo(
            f"warning: {', '.join(unsaid)}: several answers earn the points, and Canvas "
            "can mark only one: the first. hw9 grade accepts them all.",
            err=True,
        )
    if as_json:
        done = {"out": str(out), "questions": len(quiz.items), "points": str(points)}
        click.echo(json.dumps(done | {"with_answers": marked}, indent=1))
    else:
        click.echo(
            f"{counted(len(quiz.items), 'question')}, {counted(points, 'point')}, "
            f"{marked} with {'its answer' if marked == 1 else 'their answers'}: {out}"
        )


def _key(bank: Bank, path: Path | None) -> Key | None:
    from solver.key_checks.agreement import load_key_for

    return load_key_for(bank, path, answers=False) if path else None


def _bank(folder: Path | None) -> Bank:
    from solver.banks.bank import load_bank
    from solver.files.resources import shipped_bank

    return load_bank(folder or shipped_bank())
