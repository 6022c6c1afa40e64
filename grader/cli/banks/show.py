"""`hw9 bank show`: prints the questions with their options and ids."""

from __future__ import annotations

from pathlib import Path

import click

from grader.cli.banks.option import bank_option

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("questions", nargs=-1, metavar="[QUESTION]...")
@bank_option()
@click.option(
    "--key", "key_path", type=_FILE, help="A key, for the numbers that a drop-down offers."
)
@click.option(
    "--language",
    type=click.Choice(["en", "zh-Hant"]),
    default="en",
    show_default=True,
    help="Language of the questions.",
)
def show(
    questions: tuple[str, ...], bank_folder: Path | None, key_path: Path | None, language: str
) -> None:
    """Show questions with their options and ids: all, or the ones named. No answer is shown.

    For a file to fill in: hw9 check answers.yaml --template.

    \b
    Examples:
      hw9 bank show
      hw9 bank show q02 q22 --language zh-Hant
    """
    from grader.reports.answer_sheet import question_lines
    from solver.banks.bank import load_bank
    from solver.files.resources import shipped_bank
    from solver.key_checks.agreement import load_key_for

    bank = load_bank(bank_folder or shipped_bank())
    key = load_key_for(bank, key_path, answers=False) if key_path else None
    asked = [bank.question(name) for name in questions] or list(bank.questions)
    texts = ["\n".join(question_lines(question, language, key)) for question in asked]
    click.echo("\n\n".join(texts))
