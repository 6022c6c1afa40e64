"""`hw9 bank from-qti`: makes a bank and a key of any course's quiz."""

from __future__ import annotations

import json
from pathlib import Path

import click

from solver.text.plural import counted

_FILE = click.Path(dir_okay=False, path_type=Path)
_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command("from-qti")
@click.argument("package", type=_FILE, metavar="QUIZ.zip")
@click.option("--out", required=True, type=_FOLDER, help="Folder to make.")
@click.option("--title", help="Which quiz, if the package holds several.")
@click.option(
    "--leave-out", is_flag=True, help="Leave out questions of other kinds, and list them."
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def from_qti(package: Path, out: Path, title: str | None, leave_out: bool, as_json: bool) -> None:
    """Make a bank and a key out of a Canvas quiz, so that any course's quiz can be graded.

    Questions with one answer, several answers, true and false, and any number of drop-downs are
    supported, with the answers that the quiz itself marks as right. OUT gets questions/ (the bank,
    with the quiz's texts in questions/quizzes/) and key.yaml.

    \b
    Examples:
      hw9 bank from-qti quiz-export.zip --out week3
      hw9 grade export.csv --key week3/key.yaml --bank week3/questions --out week3/scores
    """
    from grader.cli.banks.qti import chosen
    from grader.quizzes.bank_of_quiz import refuse_faults, taken, write_bank_and_key
    from grader.quizzes.option_matching import alike_options
    from grader.quizzes.qti_read import read_package
    from grader.runs.folder import folder_made_whole
    from solver.errors import OutputError

    # Never over a bank: a person may have changed its wordings since.
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise OutputError(f"{out}: is there already. Give another name with --out.")
    quiz = taken(chosen(read_package(package), title, package))
    # Before a folder is made, and all at once.
    refuse_faults(quiz, package, leave_out=leave_out)
    with folder_made_whole(out) as folder:
        write_bank_and_key(quiz, folder)
    points = sum(entry.points for entry in quiz.entries)
    if as_json:
        done = {"out": str(out), "questions": len(quiz.questions), "points": str(points)}
        click.echo(json.dumps(done | {"left_out": list(quiz.faults)}, ensure_ascii=False, indent=1))
        return
    click.echo(f"{counted(len(quiz.questions), 'question')}, {counted(points, 'point')}: {out}")
    for fault in quiz.faults:
        click.echo(f"left out: {fault}")
    # Two options that read alike cannot be told apart in an export, which holds texts.
    for alike in alike_options(quiz.quiz):
        click.echo(alike)
    given = f"--key {out / 'key.yaml'} --bank {out / 'questions'}"
    click.echo(f"Next: hw9 grade EXPORT.csv {given} --out SCORES")
