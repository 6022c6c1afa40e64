"""`hw9 evidence`: evidence from a student's executed notebook."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.banks.option import bank_option
from grader.cli.extras import lacks, need

if TYPE_CHECKING:
    from solver.banks.bank import Bank
    from solver.evidence import Record
    from solver.notebook_evidence.from_notebooks import NotebookEvidence

FILE = click.Path(dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)


@click.group()
def evidence() -> None:
    """Evidence from a notebook, without weights or a bundle.

    \b
    Examples:
      hw9 evidence from-notebook run.ipynb --out mine
      hw9 evidence collect > cell.py
    """


@evidence.command("collect")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="File to write.")
@bank_option("bank")
def collect(out: Path | None, bank: Path | None) -> None:
    """Print a notebook cell that saves evidence.zip.

    Paste it into a new cell at the end of the course's notebook and run it there. It needs no
    import but the notebook's own, and saves the notebook's arrays, with the ranges that figures
    lack; then `hw9 key --evidence evidence.zip` decides on them.

    \b
    Example:
      hw9 evidence collect --out cell.py
    """
    need("evidence", "hw9 evidence collect")
    from solver.banks.bank import load_bank
    from solver.files.atomic_write import write_whole
    from solver.files.resources import shipped_bank
    from solver.notebook_evidence.collected import collecting_cell
    from solver.pipeline.make_key import needed_records
    from solver.rules.registry import plan_questions

    cell = collecting_cell(needed_records(plan_questions(load_bank(bank or shipped_bank()))))
    if out is None:
        click.echo(cell, nl=False)
        return
    write_whole(out, cell)
    click.echo(f"{out} is written: paste it at the end of the notebook, and run it there.")


@evidence.command("from-notebook")
@click.argument("notebooks", nargs=-1, required=True, type=FILE)
@click.option("--out", type=FOLDER, required=True, help="Folder of evidence to write.")
@bank_option("bank")
@click.option("--slide", type=FILE, help="The slide's picture of similarities, as PNG.")
@click.option(
    "--procedures/--no-procedures",
    default=None,
    help="Some questions ask how the methods work. Recorded runs on the demo ship; run them anew "
    "(some seconds, needs torch), or leave them out.  [default: the recorded runs]",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def from_notebook(
    notebooks: tuple[Path, ...],
    out: Path,
    bank: Path | None,
    slide: Path | None,
    procedures: bool | None,
    as_json: bool,
) -> None:
    """Read the figures of executed notebooks into evidence.

    Prints a line for each figure: its kind, whether it was read, how reliably, and the missing
    parts; then the questions that the evidence can decide. Several notebooks are pooled: equal
    figures count once, and differences are listed. Only figures and settings are read; no text,
    name or path is kept.

    \b
    Examples:
      hw9 evidence from-notebook run.ipynb --out mine
      hw9 key --evidence mine --out mine-key
    """
    need("evidence", "reading figures")
    if procedures:
        need("explain", "running how the methods work (--procedures)")
    from solver.notebook_evidence.from_notebooks import as_json as json_of
    from solver.notebook_evidence.from_notebooks import lines

    read = read_notebooks(notebooks, bank, slide, procedures=procedures, shown=not as_json)
    save_read(read, out)
    if as_json:
        click.echo(json.dumps(json_of(read), ensure_ascii=False, indent=1))
        return
    for line in lines(read):
        click.echo(line)
    click.echo(
        f"\n{len(read.evidence)} records in {out}; hw9 key --evidence {out} decides on them."
    )


def read_notebooks(
    notebooks: Sequence[Path],
    bank: Path | None,
    slide: Path | None = None,
    *,
    procedures: bool | None = None,
    decided: bool = True,
    shown: bool,
) -> NotebookEvidence:
    """Return the evidence of notebooks, pooled, with recorded procedures if asked for.

    Args:
        notebooks: the files.
        bank: folder of questions; the default bank's if none.
        slide: the slide's picture of similarities.
        procedures: run how the methods work on the demo; None: take the recorded runs, and run
            only those that none is recorded of; False: without them.
        decided: also decide every question, to tell which the evidence carries.
        shown: say on stderr which notebook is being read.
    """
    from solver.banks.bank import load_bank
    from solver.files.resources import shipped_bank
    from solver.notebook_evidence.collected import regions_file
    from solver.notebook_evidence.from_notebooks import evidence_from

    questions = bank or shipped_bank()
    loaded = load_bank(questions)
    slides: list[Record] = []
    if slide:
        from solver.explain.bert.similarity_image import slide_record

        slides.append(slide_record(slide))
    return evidence_from(
        notebooks,
        loaded,
        regions_file(loaded),
        besides=chain(slides, _procedures(loaded, procedures, shown=shown)),
        told=lambda text: click.echo(f"hw9: {text}", err=True) if shown else None,
        decided=decided,
    )


def save_read(read: NotebookEvidence, out: Path, *, packed: bool = True) -> None:
    """Write the evidence of notebooks, and the other draws in them, into a folder.

    Raises:
        OutputError: it cannot be written.
    """
    from solver.evidence import save_evidence
    from solver.pipeline.reseed import reseeded_folder

    out.mkdir(parents=True, exist_ok=True)
    # Before the evidence itself: whoever stops between finds no evidence that lacks its draws.
    for number, draw in enumerate(read.draws, start=1):
        folder = reseeded_folder(out, number)
        folder.mkdir(exist_ok=True)
        save_evidence(draw, folder, packed=packed)
    save_evidence(read.evidence, out, packed=packed)


def _procedures(bank: Bank, anew: bool | None, *, shown: bool) -> Iterator[Record]:
    """Yield the records on how methods work that a bank's questions ask for."""
    from solver.explain.run.demo_procedures import (
        procedure_records,
        procedures_among,
        recorded_procedures,
    )
    from solver.pipeline.make_key import needed_records
    from solver.rules.registry import plan_questions

    if anew is False:
        return
    wanted = procedures_among(needed_records(plan_questions(bank)))
    recorded = [] if anew else recorded_procedures(wanted)
    yield from recorded
    rest = set(wanted) - {record.id for record in recorded}
    if rest and anew is None and (missing := lacks("explain")):
        if shown:
            click.echo(
                f"hw9: some methods are not run, without {', '.join(missing)}: "
                "questions on how they work stay open",
                err=True,
            )
    elif rest:
        yield from procedure_records(sorted(rest))
