"""`hw9 key override`: a TA's answer in place of the derived one."""

from __future__ import annotations

from pathlib import Path

import click

_FILE = click.Path(dir_okay=False, path_type=Path)
_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.argument("question", metavar="QUESTION")
@click.option("--correct", help='Option ids, "a" or "a,c"; of a pair "drop-down=choice,...".')
@click.option("--void", is_flag=True, help="Everybody gets the points.")
@click.option("--undo", is_flag=True, help="Back to the derived answer.")
@click.option("--why", default="", help="The reason (needed with --correct).")
@click.option("--by", default="", help="Who decided.")
@click.option(
    "--key", "key_path", type=_FILE, default=Path("key.yaml"), show_default=True, help="The key."
)
@click.option("--bank", "bank_folder", type=_FOLDER, help="Folder of the questions.")
def override(
    question: str,
    correct: str | None,
    void: bool,
    undo: bool,
    why: str,
    by: str,
    key_path: Path,
    bank_folder: Path | None,
) -> None:
    """Give a question another answer than the derived one, which stays beside it.

    The key's file is changed. Runs graded before stay as they are until hw9 regrade.

    \b
    Example:
      hw9 key override q09 --correct d --why "the wording was reversed" --by TA
      hw9 key override q22 --correct "a=her,b=0.44" --why "as in the lecture"
      hw9 key override q09 --undo
    """
    from grader import key_override
    from solver.key import load_key, save_key

    if [correct is not None, void, undo].count(True) != 1:
        raise click.UsageError("Give one of --correct, --void and --undo.")
    key = load_key(key_path)
    if correct is not None:
        from solver.bank import load_bank

        bank = load_bank(bank_folder) if bank_folder else None
        key = key_override.with_override(key, question, correct, why, by, bank=bank, path=key_path)
    elif void:
        key = key_override.with_void(key, question, key_path)
    else:
        key = key_override.without_override(key, question, key_path)
    save_key(key, key_path)
    click.echo(f"{question}: {_said(correct, void)}; {key_path} written")


def _said(correct: str | None, void: bool) -> str:
    if correct is not None:
        return f"{correct} counts, the derived answer is kept beside it"
    return "everybody gets the points" if void else "the derived answer counts again"
