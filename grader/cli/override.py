"""`hw9 key override` and `hw9 key sign`: a person's decisions on a key."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.banks.option import as_given, bank_option
from grader.cli.extras import need

if TYPE_CHECKING:
    from solver.banks.bank import Bank
    from solver.key import Key

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("question", metavar="QUESTION")
@click.option("--correct", help='Option ids, "a" or "a,c"; for a pair "drop-down=choice,...".')
@click.option(
    "--any", "each_earns", is_flag=True, help="Each of the named options earns the points."
)
@click.option(
    "--also", multiple=True, help="Another whole answer that earns the points; repeatable."
)
@click.option("--accept", is_flag=True, help="The derived answer was checked and is right.")
@click.option("--void", is_flag=True, help="Everybody gets the points.")
@click.option("--leave-out", is_flag=True, help="The question is worth 0 for everybody.")
@click.option("--undo", is_flag=True, help="Back to the derived answer, undecided.")
@click.option("--why", default="", help="The reason (needed with --correct).")
@click.option("--by", default="", help="Who decided.")
@click.option(
    "--key", "key_path", type=_FILE, default=Path("key.yaml"), show_default=True, help="The key."
)
@bank_option()
def override(
    question: str,
    correct: str | None,
    each_earns: bool,
    also: tuple[str, ...],
    accept: bool,
    void: bool,
    leave_out: bool,
    undo: bool,
    why: str,
    by: str,
    key_path: Path,
    bank_folder: Path | None,
) -> None:
    """Decide on a question; the derived answer stays beside the decision.

    The answer must fit the question: two options where it asks for two, one for a single choice
    (with --any, each of several earns the points). The key's file is changed, and key.html beside
    it is written again. Earlier runs stay unchanged until hw9 regrade.

    \b
    Examples:
      hw9 key override q09 --correct d --why "the wording was reversed" --by TA
      hw9 key override q09 --correct a,d --any --why "both can be read so"
      hw9 key override q03 --correct a,c --also a,d --why "c and d say the same"
      hw9 key override q22 --correct "a=her,b=0.44" --why "as in the lecture"
      hw9 key override q05 --leave-out --why "the picture was missing" --by TA
      hw9 key override q12 --accept --by TA
      hw9 key override q09 --undo
    """
    from grader.key_changes import key_override
    from grader.key_changes.key_file import KeyFile
    from solver.banks.bank import load_bank
    from solver.files.atomic_write import write_whole
    from solver.files.resources import shipped_bank

    # `is not None`: --correct "" is a slip that is told as one, and no missing option.
    if [correct is not None, accept, void, leave_out, undo].count(True) != 1:
        raise click.UsageError("Give one of --correct, --accept, --void, --leave-out and --undo.")
    if (each_earns or also) and correct is None:
        raise click.UsageError("--any and --also go with --correct.")
    bank = load_bank(bank_folder or shipped_bank())
    file = KeyFile(bank, key_path)
    key, who = file.key, {"by": by, "why": why}
    if correct is not None:
        key = key_override.with_override(
            key,
            question,
            correct,
            why,
            by,
            bank=bank,
            path=key_path,
            each_earns=each_earns,
            also=also,
        )
    elif accept:
        key = key_override.with_acceptance(key, question, path=key_path, **who)
    elif void:
        key = key_override.with_void(key, question, key_path, **who)
    elif leave_out:
        key = key_override.with_left_out(key, question, key_path, **who)
    else:
        key = key_override.without_override(key, question, key_path)
    # The page is written before the key: if either fails, the key still says what was before.
    page, lacking = page_of(key, bank, key_path)
    if page is not None:
        write_whole(key_path.parent / "key.html", page)
    file.save(key)
    _say(key, bank, question)
    made = f" and {key_path.parent / 'key.html'}" if page is not None else ""
    click.echo(f"{key_path}{made} written{lacking}")
    _say_next(key, question, key_path, bank_folder)


def page_of(key: Key, bank: Bank, key_path: Path) -> tuple[str | None, str]:
    """Return the page made anew, or None with the reason why one that is there was not."""
    from solver.errors import Hw9Error

    html, evidence = key_path.parent / "key.html", key_path.parent / "evidence"
    if key_path.name != "key.yaml" or not html.exists():  # the page is key.yaml's alone
        return None, ""
    try:
        # Within `try`: without these libraries the decision is written all the same.
        need("evidence", "the page")
        from solver.pipeline.page_again import page_again

        return page_again(key, bank, evidence), ""
    except Hw9Error as fault:
        return None, f"; {html} still shows the former answer, for it cannot be made anew: {fault}"


def _say(key: Key, bank: Bank, question: str) -> None:
    from grader.key_changes.key_override import option_lines
    from solver.key_checks.consistency import answer_words, contradiction

    entry = next(each for each in key.questions if each.id == question)
    derived = answer_words(entry, entry.correct) or "none"
    if entry.left_out:
        click.echo(f"{question}: worth 0 for everybody; the derived answer, {derived}, is kept")
    elif entry.void:
        click.echo(f"{question}: everybody gets the points")
    elif entry.override is not None:
        answers = [answer_words(entry, one) for one in entry.override_answers]
        earns = "earns" if len(answers) == 1 else "earn"
        words = " or ".join(answers)
        click.echo(
            f"{question}: {words} {earns} the points; the derived answer, {derived}, is kept"
        )
    elif entry.decision == "accepted":
        click.echo(f"{question}: the derived answer was accepted: {derived}")
    else:
        click.echo(f"{question}: the derived answer earns the points again: {derived}")
    for line in option_lines(
        entry, bank.question(question), mark=not (entry.void or entry.left_out)
    ):
        click.echo(f"  {line}")
    # The whole key: a derived answer changed by hand elsewhere would stop the next grading.
    for other in key.questions:
        if said := contradiction(other):
            click.echo(f"{other.id}: {said}; mend it with hw9 key override {other.id} too")


def _say_next(key: Key, question: str, key_path: Path, bank_folder: Path | None) -> None:
    entry = next(each for each in key.questions if each.id == question)
    bank = f" --bank {as_given(bank_folder)}" if bank_folder else ""
    how = "everybody" if entry.void else "current"
    click.echo(
        f"A class that is graded already: hw9 regrade RUN_DIR --key {key_path}{bank} --how {how} "
        "shows who moves"
        + ("" if entry.void else " (--how both: the former answer earns as well)")
        + f". Any other: hw9 grade EXPORT --key {key_path}{bank} --out RUN_DIR."
    )


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), metavar="KEY_FOLDER")
@click.option("--by", required=True, help="Who signs.")
@click.option("--when", default="", help="A date; left out if not given.")
@bank_option()
def sign(folder: Path, by: str, when: str, bank_folder: Path | None) -> None:
    """Sign a key whose contested questions all have a decision.

    key.yaml and key.html say so, until a question changes.

    \b
    Example:
      hw9 key sign spring --by "Wang" --when 2026-05-02
    """
    from grader.key_changes.key_file import KeyFile
    from grader.key_changes.key_override import with_signature
    from solver.banks.bank import load_bank
    from solver.files.atomic_write import write_whole
    from solver.files.resources import shipped_bank

    bank = load_bank(bank_folder or shipped_bank())
    file = KeyFile(bank, folder / "key.yaml")
    key = with_signature(file.key, by, when, file.path)
    page, lacking = page_of(key, bank, file.path)
    if page is not None:
        write_whole(folder / "key.html", page)
    file.save(key)
    click.echo(f"{file.path}: signed by {by.strip()}{lacking}")
