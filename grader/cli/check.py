"""`hw9 check`: checks one student's own answers by a key."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from grader.cli.banks.option import bank_option
from grader.cli.extras import need

if TYPE_CHECKING:
    from grader.self_check.checking import Checked, CheckedQuestion
    from solver.evidence import Evidence
    from solver.key import Key
    from solver.pipeline.key_folder import Workspace

_FILE = click.Path(dir_okay=False, path_type=Path)
_FOLDER = click.Path(file_okay=False, path_type=Path)
_PATH = click.Path(path_type=Path)


@click.command()
@click.argument("answers", type=_FILE, metavar="ANSWERS.yaml")
@click.option(
    "--template",
    is_flag=True,
    help="Write ANSWERS.yaml with all questions and options, to be filled in; check nothing.",
)
@click.option(
    "--html",
    "as_page",
    is_flag=True,
    help="With --template: write a page to tick the answers in, which saves ANSWERS.yaml.",
)
@click.option("--key", "key_path", type=_FILE, help="The answer key (key.yaml).")
@click.option("--bundle", type=_FOLDER, help="Your course materials: the key is made from them.")
@click.option(
    "--evidence", type=_PATH, help="Evidence, a folder or a zip: the key is made from it."
)
@click.option(
    "--notebook",
    "notebooks",
    type=_FILE,
    multiple=True,
    help="Your executed notebook; may be repeated.",
)
@click.option(
    "--out",
    type=_FOLDER,
    help="Write check.html there: the explanations to look at again, without the answers. With "
    "--bundle it also keeps the key, with the answers.",
)
@bank_option()
@click.option("--reveal", is_flag=True, help="Also show the right options, and why.")
@click.option(
    "--language",
    type=click.Choice(["en", "zh-Hant"]),
    default="en",
    show_default=True,
    help="Language of the questions and of the output.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def check(
    answers: Path,
    template: bool,
    as_page: bool,
    key_path: Path | None,
    bundle: Path | None,
    evidence: Path | None,
    notebooks: tuple[Path, ...],
    out: Path | None,
    bank_folder: Path | None,
    reveal: bool,
    language: str,
    as_json: bool,
) -> None:
    """Check your own answers: which are fully right, and which explanations to look at again.

    Begin with --template: it writes ANSWERS.yaml with every question, its options and their ids,
    for you to fill in; with --html a page to tick them in, in both languages, which needs no
    network. Filled in, the file holds option ids:

    \b
      answers:
        q01: b
        q03: [a, b]
        q22: {a: her, b: "0.44"}

    Other ways to write an answer are read where only one option can be meant, and listed: C for
    c, an option's text, .32 for the one choice near it. The right options are shown only with
    --reveal. An answer to a question that the key leaves open is named where what was measured
    speaks against it.

    \b
    Examples:
      hw9 check answers.html --template --html
      hw9 check answers.yaml --template
      hw9 check answers.yaml --key key.yaml --out look
      hw9 check answers.yaml --notebook run.ipynb
      hw9 check answers.yaml --evidence evidence.zip
      hw9 check answers.yaml --bundle hw9_materials
    """
    from grader.reports.answer_sheet import said
    from grader.self_check.checking import check_answers
    from grader.self_check.messages import lines_of
    from solver.banks.bank import load_bank
    from solver.errors import ExportError
    from solver.files.resources import shipped_bank

    source = KeySource(key_path, bundle, evidence, notebooks)
    folder = bank_folder or shipped_bank()
    if template:
        # Told, not skipped: who gives these expects something checked.
        if bundle or evidence or notebooks or out or reveal or as_json:
            raise click.UsageError("--template goes with --html, --key, --bank and --language.")
        _write_template(answers, key_path, folder, language, as_page=as_page)
        return
    if as_page:
        raise click.UsageError("--html goes with --template.")
    if source.given != 1:
        raise click.UsageError("Give one of --key, --notebook, --evidence and --bundle.")
    if not answers.exists():
        raise ExportError(
            "there is no such file",
            path=answers,
            mend=f"hw9 check {answers} --template writes one to fill in.",
        )
    if bundle is not None:
        need("explain", "making a key from your course materials")
    # A key that is read needs neither; the figures of --out do.
    if evidence is not None or notebooks or out is not None:
        need("evidence", "deciding on evidence and drawing figures")
    bank = load_bank(folder)
    key, found = key_and_evidence(source, folder, out, shown=not as_json)
    checked = check_answers(answers, key, bank, reveal=reveal, key_path=key_path)
    if as_json:
        click.echo(json.dumps(_as_data(checked, language), ensure_ascii=False, indent=1))
    else:
        click.echo("\n".join(lines_of(checked, language)))
    if out is not None:
        from grader.self_check.check_page import write_check_page

        page = write_check_page(checked, bank, found, out, language)
        if not as_json:
            click.echo("\n" + said("page_written", language, path=page))


def _write_template(
    answers: Path, key_path: Path | None, folder: Path, language: str, *, as_page: bool
) -> None:
    from grader.cli.banks.option import as_given
    from grader.reports.answer_sheet import answer_sheet, said
    from grader.self_check.answer_form import answer_form
    from solver.banks.bank import load_bank
    from solver.errors import ExportError
    from solver.files.atomic_write import write_whole
    from solver.files.resources import shipped_bank
    from solver.key_checks.agreement import load_key_for

    # Never over a file that may hold somebody's answers, not even with a flag.
    if answers.exists():
        raise ExportError(
            "is there already, and may hold your answers",
            path=answers,
            mend="Give another name, or move it away.",
        )
    bank = load_bank(folder)
    key = load_key_for(bank, key_path, answers=False) if key_path else None
    # The sheet repeats --bank only where it was given.
    named = "" if folder == shipped_bank() else as_given(folder)
    if as_page:
        write_whole(answers, answer_form(bank, language, key, named_bank=named))
        click.echo(said("form_written", language, path=answers))
        return
    write_whole(answers, answer_sheet(bank, language, key, named_bank=named))
    click.echo(said("template_written", language, path=answers))


def _as_data(checked: Checked, language: str) -> dict[str, Any]:
    return {
        "points": f"{checked.points:f}",
        "possible": f"{checked.possible:f}",
        "readings": [
            {"place": each.place, "given": each.given, "read_as": each.read_as}
            for each in checked.readings
        ],
        "half_empty": list(checked.half),
        "questions": [_question_data(question, language) for question in checked.questions],
    }


def _question_data(question: CheckedQuestion, language: str) -> dict[str, Any]:
    data: dict[str, Any] = {
        "id": question.id,
        "state": question.state,
        # As text: a program that reads JSON's numbers as floats would round them.
        "points": None if question.points is None else f"{question.points:f}",
        "worth": f"{question.worth:f}",
    }
    if question.no_notebook:
        data["no_notebook"] = True
    if question.refuted:
        data["refuted"] = True
    if question.look_again:
        data["look_again"] = [name.in_language(language) for name in question.look_again]
    if question.answer is not None:
        data["right"] = [
            [f"{part.blank}:{part.option}" if part.blank else part.option for part in parts]
            for parts in question.answer.accepted
        ]
        data["reasons"] = [
            {"option": part.option, "blank": part.blank, "why": sentence.in_language(language)}
            for part, sentence in question.answer.reasons
        ]
        if question.answer.why_set_by_hand:
            data["set_by_hand"] = question.answer.why_set_by_hand
    return data


@dataclass(frozen=True)
class KeySource:
    """Source of the key: just one of these.

    Attributes:
        key: a file ``key.yaml``.
        bundle: a folder of course materials.
        evidence: a folder of evidence, or a zip of it.
        notebooks: executed notebooks.
    """

    key: Path | None = None
    bundle: Path | None = None
    evidence: Path | None = None
    notebooks: tuple[Path, ...] = ()

    @property
    def given(self) -> int:
        """How many of them are given."""
        return sum(map(bool, (self.key, self.bundle, self.evidence, self.notebooks)))


def key_and_evidence(
    source: KeySource, bank: Path, out: Path | None, *, shown: bool
) -> tuple[Key, Evidence | None]:
    """Return the key, and the evidence it rests on where that is at hand.

    Args:
        source: of the key.
        bank: folder of the questions.
        out: folder of the page, and of a bundle's key; without one, a bundle's key is kept
            nowhere and the evidence of a key that is read is left alone.
        shown: show the progress of a run.

    Raises:
        Hw9Error: a file cannot be read or does not fit the questions.
    """
    if source.key is not None:
        from solver.banks.bank import load_bank
        from solver.key_checks.agreement import load_key_for

        # A measured answer of another number than the question asks for is no fault of who checks.
        key = load_key_for(load_bank(bank), source.key, derived=False)
        if out is None:
            return key, None
        from solver.evidence import earlier_evidence

        return key, earlier_evidence(source.key.parent / "evidence")
    if source.bundle is not None:
        return _from_bundle(source.bundle, bank, out, shown=shown)
    if source.evidence is not None:
        from solver.files.zipped_folder import as_folder
        from solver.pipeline.make_key import make_key

        with as_folder(source.evidence) as folder:
            made = make_key(bank=bank, evidence=folder)
        return made.key, made.evidence
    return _from_notebooks(source.notebooks, bank, shown=shown)


def _from_notebooks(
    notebooks: tuple[Path, ...], bank: Path, *, shown: bool
) -> tuple[Key, Evidence]:
    from grader.cli.evidence import read_notebooks
    from solver.banks.bank import load_bank
    from solver.notebook_evidence.from_notebooks import not_read
    from solver.pipeline.make_key import decide, planned

    read = read_notebooks(notebooks, bank, shown=shown)
    for line in not_read(read) if shown else ():
        click.echo(f"hw9: {line}", err=True)
    questions = load_bank(bank)
    # Not make_key: evidence of a notebook is in memory, and no folder need be written.
    made = decide(questions, planned(questions), read.evidence)
    return made.key, made.evidence


def _from_bundle(
    bundle: Path, bank: Path, out: Path | None, *, shown: bool
) -> tuple[Key, Evidence | None]:
    from grader.cli.explain_progress import watching
    from grader.cli.key import chosen_device
    from solver.evidence import earlier_evidence
    from solver.pipeline.key_folder import make_once
    from solver.pipeline.make_key import make_key

    with watching(shown=shown) as progress:

        def make(desk: Workspace | None = None) -> tuple[Key, Evidence]:
            folder, stopped = (desk.folder, desk.stopped) if desk else (None, ())
            made = make_key(
                bundle=bundle, bank=bank, out=folder, device=chosen_device("auto"),
                progress=progress, stopped=stopped,
            )  # fmt: skip
            return made.key, made.evidence

        if out is None:
            return make()
        # As `hw9 key` does it: checked again after a slip, nothing is run twice.
        key = make_once(out, lambda desk: make(desk)[0], {}, bank=bank, bundle=bundle).key
        return key, earlier_evidence(out / "evidence")
