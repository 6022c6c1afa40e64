"""`hw9 check`: checks one student's own answers by a key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from grader.cli.banks.option import bank_option
from grader.cli.extras import need

if TYPE_CHECKING:
    from grader.reports.self_check import CheckedQuestion
    from solver.key import Key

_FILE = click.Path(dir_okay=False, path_type=Path)
_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.argument("answers", type=_FILE, metavar="ANSWERS.yaml")
@click.option(
    "--template",
    is_flag=True,
    help="Write ANSWERS.yaml with all questions and options, to be filled in; check nothing.",
)
@click.option("--key", "key_path", type=_FILE, help="The answer key (key.yaml).")
@click.option("--bundle", type=_FOLDER, help="Your course materials: the key is made from them.")
@click.option("--out", type=_FOLDER, help="With --bundle: keep the key here, answers and all.")
@bank_option()
@click.option("--reveal", is_flag=True, help="Also tell the right options, and why.")
@click.option(
    "--language",
    type=click.Choice(["en", "zh-Hant"]),
    default="en",
    show_default=True,
    help="Of the questions and of all that is said.",
)
@click.option("--json", "as_json", is_flag=True, help="Say it as JSON.")
def check(
    answers: Path,
    template: bool,
    key_path: Path | None,
    bundle: Path | None,
    out: Path | None,
    bank_folder: Path | None,
    reveal: bool,
    language: str,
    as_json: bool,
) -> None:
    """Check your own answers: which are fully right, and which explanations to look at again.

    Begin with --template: it writes ANSWERS.yaml with every question, its options and their ids,
    for you to fill in. The right options are shown only with --reveal. Filled in, the file holds
    option ids:

    \b
      answers:
        q01: b
        q03: [a, b]
        q22: {a: her, b: "0.44"}

    \b
    Example:
      hw9 check answers.yaml --template
      hw9 check answers.yaml --key key.yaml
      hw9 check answers.yaml --bundle hw9_materials
    """
    from grader.reports.check_messages import lines_of
    from grader.reports.self_check import check_answers
    from solver.banks.bank import load_bank
    from solver.errors import ExportError
    from solver.files.resources import shipped_bank
    from solver.key_checks.agreement import load_key_for

    if template:
        if bundle or out or reveal or as_json:
            raise click.UsageError("--template goes with --key, --bank and --language alone.")
        _write_template(answers, key_path, bank_folder or shipped_bank(), language)
        return
    if (key_path is None) == (bundle is None):
        raise click.UsageError("Give either --key or --bundle.")
    if out is not None and bundle is None:
        raise click.UsageError("--out goes with --bundle.")
    if not answers.exists():
        raise ExportError(
            "there is no such file",
            path=answers,
            mend=f"hw9 check {answers} --template writes one to fill in.",
        )
    if bundle is not None:
        need("explain", "making a key from your course materials")
    folder = bank_folder or shipped_bank()
    bank = load_bank(folder)
    # A key whose measured answer has another number of options than asked is not this user's fault.
    key = (
        load_key_for(bank, key_path, derived=False)
        if key_path is not None
        else _key(bundle, folder, out, shown=not as_json)
    )
    checked = check_answers(answers, key, bank, reveal=reveal, key_path=key_path)
    if as_json:
        data = {
            "points": f"{checked.points:f}",
            "possible": f"{checked.possible:f}",
            "questions": [_question_data(question, language) for question in checked.questions],
        }
        click.echo(json.dumps(data, ensure_ascii=False, indent=1))
    else:
        click.echo("\n".join(lines_of(checked, language)))


def _write_template(answers: Path, key_path: Path | None, folder: Path, language: str) -> None:
    from grader.reports.answer_sheet import answer_sheet, said
    from solver.banks.bank import load_bank
    from solver.errors import ExportError
    from solver.files.atomic_write import write_whole
    from solver.key_checks.agreement import load_key_for

    if answers.exists():
        raise ExportError(
            "is there already, and may hold your answers",
            path=answers,
            mend="Give another name, or move it away.",
        )
    bank = load_bank(folder)
    key = load_key_for(bank, key_path, answers=False) if key_path else None
    sheet = answer_sheet(bank, language, key)
    write_whole(answers, sheet)
    click.echo(said("template_written", language, path=answers))


def _key(bundle: Path | None, bank: Path, out: Path | None, *, shown: bool) -> Key:
    from grader.cli.explain_progress import watching
    from grader.cli.key import chosen_device
    from solver.pipeline.key_folder import Workspace, make_once
    from solver.pipeline.make_key import make_key

    with watching(shown=shown) as progress:

        def make(desk: Workspace | None = None) -> Key:
            folder, stopped = (desk.folder, desk.stopped) if desk else (None, ())
            device = chosen_device("auto")
            return make_key(
                bundle=bundle, bank=bank, out=folder, device=device, progress=progress,
                stopped=stopped,
            ).key  # fmt: skip

        return make_once(out, make, {}, bank=bank, bundle=bundle).key if out else make()


def _question_data(question: CheckedQuestion, language: str) -> dict[str, Any]:
    data: dict[str, Any] = {
        "id": question.id,
        "state": question.state,
        "points": None if question.points is None else f"{question.points:f}",
        "worth": f"{question.worth:f}",
    }
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
