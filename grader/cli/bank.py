"""`hw9 bank`: check the questions; take a quiz in or out."""

from __future__ import annotations

import json
from pathlib import Path

import click

from grader.cli import LazyGroup

FOLDER = click.Path(file_okay=False, path_type=Path)


@click.group(
    cls=LazyGroup,
    lazy={
        "check": ("grader.cli.bank:check", "Check every question, claim and wording."),
        "import-qti": ("grader.cli.bank_qti:import_qti", "Read a quiz's own texts from a package."),
        "export-qti": ("grader.cli.bank_qti:export_qti", "Write the bank as a quiz package."),
    },
)
def bank() -> None:
    """Check the questions, or take a quiz in or out.

    \b
    Example:
      hw9 bank check --bank questions/
    """


@click.command()
@click.option("--bank", "folder", type=FOLDER, help="Folder of questions.  [default: shipped]")
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
def check(folder: Path | None, as_json: bool) -> None:
    """Check a bank: schema, languages, ids, rules, and every claim against its rule.

    What is wrong is one sentence with file and line, and exit code 1.

    \b
    Example:
      hw9 bank check --bank questions/
    """
    from solver.bank import load_bank
    from solver.resources import data_folder
    from solver.rules.registry import plan_questions

    found = load_bank(folder or data_folder("questions"))
    planned = plan_questions(found)
    points = sum(question.points for question in found.questions)
    if as_json:
        listed = [
            {"id": one.question.id, "kind": one.question.kind, "rule": one.rule.name}
            for one in planned
        ]
        click.echo(json.dumps({"sha256": found.sha256, "questions": listed}, indent=1))
        return
    for one in planned:
        asked = one.question
        click.echo(f"{asked.id}  {asked.kind:8} {asked.points}  {one.rule.name}")
    click.echo(f"{len(planned)} questions, {points} points: well formed. {found.sha256[:12]}")
