"""`hw9 bank`: show and check the questions; take a quiz in or out."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli import LazyGroup
from grader.cli.banks.option import bank_option
from grader.cli.extras import need
from solver.text.plural import counted

if TYPE_CHECKING:
    from solver.banks.bank import Bank
    from solver.decide.wording_lint import Concern
    from solver.errors import InputError
    from solver.pipeline.rehearsal import Lack
    from solver.rules.registry import PlannedQuestion

FOLDER = click.Path(file_okay=False, path_type=Path)


@click.group(
    cls=LazyGroup,
    lazy={
        "show": (
            "grader.cli.banks.show:show",
            "Show the questions with their options and ids.",
        ),
        "rules": ("grader.cli.banks.rules:rules", "List the rules, or describe one."),
        "check": ("grader.cli.bank:check", "Check every question, claim and wording."),
        "import-qti": (
            "grader.cli.banks.qti:import_qti",
            "Read a quiz's own texts from a package.",
        ),
        "from-qti": (
            "grader.cli.banks.from_qti:from_qti",
            "Make a bank and a key of any quiz.",
        ),
        "export-qti": ("grader.cli.banks.qti:export_qti", "Write the bank as a quiz package."),
    },
)
def bank() -> None:
    """Show or check the questions; import or export a quiz.

    \b
    Examples:
      hw9 bank show q02
      hw9 bank check --bank mine
    """


@click.command()
@bank_option("folder")
@click.option(
    "--with",
    "key_path",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="KEY",
    help="Also warn of questions that cannot be answered as worded, by this key.yaml.",
)
@click.option(
    "--bundle",
    "materials",
    type=FOLDER,
    metavar="DIR",
    help="Also list the questions that would stay open with these course materials.",
)
@click.option("--strict", is_flag=True, help="With --with: exit code 1 where there are warnings.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def check(
    folder: Path | None,
    key_path: Path | None,
    materials: Path | None,
    strict: bool,
    as_json: bool,
) -> None:
    """Check a bank: schema, languages, ids, rules, and every claim against its rule.

    All faults are listed at once, each in one sentence with file, line and the names that would be
    right; the exit code is then 1. --bundle also lists the parts that `hw9 key` would lack in these
    materials, before anything is run: pictures, regions, layers, heads, items, words. --with also
    lists questions that cannot be answered as they are worded: too many or too few options hold, a
    claim could not be measured, two options always agree, or an option is contested.

    \b
    Examples:
      hw9 bank check --bank mine
      hw9 bank check --bank mine --bundle course/
      hw9 bank check --with spring/key.yaml --strict
    """
    if strict and key_path is None:
        raise click.UsageError("--strict needs --with KEY.")
    if materials is not None:
        need("explain", "holding a bank against course materials")
    from solver.banks.bank import read_bank
    from solver.files.resources import shipped_bank
    from solver.rules.registry import check_questions, renamed_rules

    found, of_form = read_bank(folder or shipped_bank())
    faults: list[InputError] = [*of_form]
    planned: list[PlannedQuestion] = []
    if found is not None:
        planned, others = check_questions(found)
        faults += others
    # With faults too: one run names all that is wrong, of the bank and of the materials.
    lacks = _lacks(found, planned, materials, faults) if found and materials else None
    if found is None or faults:
        for fault in faults:
            click.echo(str(fault), err=True)
        _say_lacks(lacks, len(planned), err=True)
        click.echo(f"{counted(len(faults), 'fault')}.", err=True)
        sys.exit(1)
    remarks = renamed_rules(found)
    warnings: list[Concern] | None = None
    if key_path:
        from solver.decide.wording_lint import concerns
        from solver.key_checks.consistency import load_sound_key

        warnings = concerns(found, load_sound_key(key_path))
    if as_json:
        made = _as_json(found, planned, warnings) | {"remarks": remarks}
        if lacks is not None:
            made["lacks"] = [asdict(lack) for lack in lacks]
        click.echo(json.dumps(made, ensure_ascii=False, indent=1))
    else:
        for remark in remarks:
            click.echo(remark)
        _say(found, planned, warnings)
        _say_lacks(lacks, len(planned))
    if (strict and warnings) or any(lack.questions for lack in lacks or ()):
        sys.exit(1)


def _lacks(
    found: Bank, planned: list[PlannedQuestion], materials: Path, faults: list[InputError]
) -> list[Lack] | None:
    """Records that the questions would lack of a bundle; None, and a fault, where it is broken."""
    # Imported here: a check of the bank alone needs no torch.
    from solver.bundle.bundle import load_bundle
    from solver.errors import BundleError
    from solver.pipeline.make_key import settings_for
    from solver.pipeline.rehearsal import rehearse

    try:
        bundle = load_bundle(materials)
    except BundleError as fault:
        faults.append(fault)
        return None
    # As with --exact: a rehearsal takes no samples that could stop early.
    return rehearse(planned, bundle, settings_for(found, exact=True))


def _say_lacks(lacks: list[Lack] | None, count: int, *, err: bool = False) -> None:
    if lacks is None:
        return
    for lack in lacks:
        if lack.questions:
            click.echo(f"{', '.join(lack.questions)}: {lack.what}.", err=err)
        if lack.checks:
            click.echo(f"{', '.join(lack.checks)}, cross-check: {lack.what}.", err=err)
    # Of the questions alone: without its cross-check a question is decided all the same.
    stay = {name for lack in lacks for name in lack.questions}
    said = (
        f"{counted(len(stay), 'question')} of {count} would stay open"
        if stay
        else (f"All {counted(count, 'question')} can be decided")
    )
    click.echo(f"{said} with this bundle.", err=err)


def _as_json(
    found: Bank, planned: list[PlannedQuestion], warnings: list[Concern] | None
) -> dict[str, object]:
    listed = [
        {"id": one.question.id, "kind": one.question.kind, "rule": one.rule.name} for one in planned
    ]
    made: dict[str, object] = {"sha256": found.sha256, "questions": listed}
    if warnings is not None:
        made["warnings"] = [asdict(warning) for warning in warnings]
    return made


def _say(found: Bank, planned: list[PlannedQuestion], warnings: list[Concern] | None) -> None:
    points = sum(question.points for question in found.questions)
    width = max((len(one.question.id) for one in planned), default=0)
    for one in planned:
        asked = one.question
        click.echo(f"{asked.id:{width}}  {asked.kind:8} {asked.points}  {one.rule.name}")
    click.echo(
        f"{counted(len(planned), 'question')}, {counted(points, 'point')}: well formed. "
        f"{found.sha256[:12]}"
    )
    if warnings is None:
        return
    for warning in warnings:
        click.echo(f"{warning.question or 'bank'}: {warning.sentence}.")
    if not warnings:
        click.echo("No warnings: each question can be answered as it is worded.")
        return
    questions = len({warning.question for warning in warnings})
    click.echo(f"{counted(len(warnings), 'warning')} on {counted(questions, 'question')}.")
