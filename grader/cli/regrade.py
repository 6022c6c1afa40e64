"""`hw9 regrade`: grades a run again after a change of its key."""

from __future__ import annotations

import json
import unicodedata
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from grader.cli.banks.option import bank_option
from grader.quizzes.canvas_text import collapsed
from solver.text.plural import counted

if TYPE_CHECKING:
    from decimal import Decimal

    from grader.key_changes.move_counts import MoveCounts
    from grader.key_changes.regrading import Move
    from grader.runs.regrade_run import Plan

_FILE = click.Path(dir_okay=False, path_type=Path)
_FOLDER = click.Path(file_okay=False, path_type=Path)
SHOWN = 30  # students on the screen; moves.csv has them all
CHANGES_SHOWN = 6
_BLANK = ("Cc", "Zs", "Zl", "Zp")
"""Unicode categories shown as a blank: ends of lines, control characters, other blanks."""
_HOW = {
    "current": "only the current answer earns",
    "both": "the current and the former answer earn",
    "everybody": "everybody earns",
    "unchanged": "points stay as they were",
}


@click.command()
@click.argument("folder", type=_FOLDER, metavar="RUN_DIR")
@click.option("--key", "key_path", type=_FILE, help="The new key.  [default: the run's own]")
@click.option(
    "--how",
    required=True,
    type=click.Choice(list(_HOW)),
    help="; ".join(f"{name}: {what}" for name, what in _HOW.items()) + ".",
)
@click.option(
    "--question",
    "questions",
    multiple=True,
    help="Only this one; may be repeated.  [default: all that the new key changes]",
)
@bank_option()
@click.option("--write", is_flag=True, help="Write; without it nothing is changed.")
@click.option("--by", default="", help="Who decided (needed to write).")
@click.option("--why", default="", help="Why (needed to write).")
@click.option("--when", default="", help="A date for the log; left out if not given.")
@click.option("--gradebook", type=_FILE, help="The gradebook's exported CSV, to be filled again.")
@click.option("--column", default="", help='Its column to fill, e.g. "HW9 (1234)".')
@click.option(
    "--skip-unknown", is_flag=True, help="Leave out students who are not in the gradebook."
)
@click.option("--pages/--no-pages", default=None, help="Write pages.  [default: as the run did]")
@click.option("--reveal", is_flag=True, help="Show the right options on students' pages.")
@click.option("--all", "show_all", is_flag=True, help=f"List every student, not the first {SHOWN}.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with every student.")
def regrade(**given: Any) -> None:
    """Grade a run again with another key: shows whose points change, and writes only with --write.

    RUN_DIR is a folder that hw9 grade wrote; no exports are needed, but the same --bank as there.
    With --write the folder is replaced as a whole: the former key and results are kept in former/N
    inside it, and a line is added to regrades.jsonl: the change, by whom and why.

    \b
    Examples:
      hw9 key override q09 --correct d --why "c was ambiguous" --by TA --key key.yaml
      hw9 regrade graded --key key.yaml --how both
      hw9 regrade graded --key key.yaml --how both --write --by TA --why "c was ambiguous"
      hw9 regrade graded --how everybody --question q09
    """
    from grader.runs.regrade_run import plan_regrade

    _check(given)
    plan = plan_regrade(_job(given))
    # Once, over all students; the list below goes over them again and stops after SHOWN.
    counts = plan.counts()
    # A gradebook can be filled after a regrade that was written without it.
    changes = bool(given["gradebook"]) or not plan.nothing_changes
    # A gradebook with the former scores must not be taken for the new one.
    put_aside = changes and not given["gradebook"] and (given["folder"] / "gradebook.csv").exists()
    written = _write(plan, given) if given["write"] and changes else None
    if put_aside:
        plan.notes.append(_put_aside(written))
    if given["as_json"]:
        click.echo(json.dumps(_as_data(plan, counts, written), ensure_ascii=False, indent=1))
        return
    _say(plan, counts, None if given["show_all"] else SHOWN)
    if not changes:
        click.echo("nothing changes, so nothing was written")
    elif written is None:
        click.echo(
            'nothing was written: this was a dry run. Add --write --by NAME --why "REASON" to write'
        )
    else:
        click.echo(f"written to {given['folder']}; the results before are in {written}")


def _put_aside(former: Path | None) -> str:
    """Return the note on a filled gradebook that is put aside, and how to have it filled anew."""
    how = 'with --gradebook FILE (the gradebook\'s own export) and --column "NAME (ID)"'
    if former is None:
        return (
            "gradebook.csv is filled with the former scores, so writing will put it aside; to "
            f"have it filled anew, give this command {how}"
        )
    return (
        "gradebook.csv was filled with the former scores, so it was put aside as "
        f"{former / 'gradebook.csv'}; to have it filled anew, give this command again {how}"
    )


def _check(given: dict[str, Any]) -> None:
    if given["write"] and not (given["by"].strip() and given["why"].strip()):
        raise click.UsageError('--write needs --by NAME and --why "REASON" for the log.')
    if bool(given["gradebook"]) != bool(given["column"]):
        raise click.UsageError("--gradebook and --column belong together.")
    if given["key_path"] is None and given["how"] != "everybody":
        raise click.UsageError(
            f"--how {given['how']} needs a new key (--key); only --how everybody goes without."
        )
    # With no new key nothing is changed, so that nothing could be taken from it.
    if given["key_path"] is None and not given["questions"]:
        raise click.UsageError("Without --key, say which question everybody earns (--question).")


def _job(given: dict[str, Any]) -> Any:
    from grader.runs.regrade_run import Regrade
    from solver.banks.bank import load_bank
    from solver.files.resources import shipped_bank
    from solver.key_checks.agreement import load_key_for

    folder: Path = given["folder"]
    bank = load_bank(given["bank_folder"] or shipped_bank())
    return Regrade(
        folder=folder,
        key=load_key_for(bank, given["key_path"]) if given["key_path"] else None,
        bank=bank,
        how=given["how"],
        questions=given["questions"],
        key_path=given["key_path"],
    )


def _write(plan: Plan, given: dict[str, Any]) -> Path:
    from grader.runs.regrade_run import Signature, write_regrade

    return write_regrade(
        plan,
        Signature(given["by"].strip(), given["why"].strip(), given["when"].strip()),
        pages=given["pages"],
        reveal=given["reveal"],
        gradebook=(given["gradebook"], given["column"]) if given["gradebook"] else None,
        skip_unknown=given["skip_unknown"],
    )


def _say(plan: Plan, counts: MoveCounts, at_most: int | None) -> None:
    from grader.items.tables import answer_text

    for note in plan.notes:
        click.echo(note)
    for change in plan.changes:
        before, after = (
            "nobody (left out)"
            if side.left_out
            else "everybody"
            if side.void
            else " or ".join(map(answer_text, side.accepted))
            for side in (change.before, change.after)
        )
        click.echo(f"{change.id}: earned by {before} before, by {after} now")
    moved = counts.up + counts.down
    verb = "moves" if 1 in (moved, counts.students) else "move"
    line = f"{moved} of {counted(counts.students, 'student')} {verb}"
    if moved:
        line += (
            f": {counts.up} up (at most {_points(counts.most_up)}), "
            f"{counts.down} down (at most {_points(counts.most_down)})"
        )
    click.echo(line)
    _list_moves(plan, at_most, moved + counts.same_total)
    click.echo(_summary(counts))


def _summary(counts: MoveCounts) -> str:
    """Return one line on all moves: "117 x +0.3, 2 x -0.3; mean 6.14 -> 6.31"."""
    # The commonest changes first.
    shown = counts.changes[:CHANGES_SHOWN]
    parts = [f"{number} x {_points(change)}" for change, number in shown]
    left = sum(number for _, number in counts.changes[CHANGES_SHOWN:])
    parts += [f"{left} x otherwise"] if left else []
    parts += [f"{counts.same_total} with the same total"] if counts.same_total else []
    return f"{', '.join(parts) or 'no total changes'}; {_means(counts)}"


def _means(counts: MoveCounts) -> str:
    from grader.items.estimates import rounded

    before, after = counts.mean_before, counts.mean_after
    if before is None or after is None:
        return "no mean, since no total is certain"
    # As many decimals as show that the two differ.
    pairs = [(f"{rounded(before, n):f}", f"{rounded(after, n):f}") for n in (2, 3, 4, 6)]
    pair = next((pair for pair in pairs if pair[0] != pair[1]), pairs[0])
    return f"mean {pair[0]} -> {pair[1]}"


def _list_moves(plan: Plan, at_most: int | None, number: int) -> None:
    rows = [_cells(move) for move in islice(plan.moves(), at_most)]
    if not rows:
        return
    rows.insert(0, ["student", "before", "after", "change", "questions", "reason", "name"])
    if not any(row[5] for row in rows[1:]):
        rows = [[*row[:5], *row[6:]] for row in rows]
    # The name comes last: a Chinese letter is two columns wide, which `len` does not know, and
    # would shift all that follows.
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        *cells, name = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join([*cells, name]).rstrip())
    if number >= len(rows):
        click.echo(f"... and {number - len(rows) + 1} more (all with --all)")


def _cells(move: Move) -> list[str]:
    before, after = (side.total if side else None for side in (move.before, move.after))
    return [
        _printable(move.student.id),
        _plain(before),
        _plain(after),
        _points(move.change),
        " ".join(move.questions),
        move.reason,
        _printable(move.student.name),
    ]


def _printable(text: str) -> str:
    """Return a text on one line, without signs that a terminal takes for commands."""
    # A name from an export may hold escape sequences, which a terminal would run.
    signs = (" " if unicodedata.category(each) in _BLANK else each for each in text)
    return "".join(each if each.isprintable() else "\ufffd" for each in collapsed("".join(signs)))


def _plain(value: Any) -> str:
    return "-" if value is None else f"{value:f}"


def _mean(value: Decimal | None) -> str | None:
    from grader.items.estimates import rounded

    return None if value is None else f"{rounded(value, 6):f}"


def _points(change: Any) -> str:
    # "+0.0" would look like a change.
    return f"{change:+f}" if change else "0"


def _as_data(plan: Plan, counts: MoveCounts, written: Path | None) -> dict[str, Any]:
    from grader.key_changes.regrade_log import change_data

    return {
        "how": plan.job.how,
        "notes": plan.notes,
        "questions": [change_data(change) for change in plan.changes],
        "students": counts.students,
        "up": counts.up,
        "down": counts.down,
        "sum_of_changes": f"{counts.sum:f}",
        "changes": [[_points(change), number] for change, number in counts.changes],
        "mean_before": _mean(counts.mean_before),
        "mean_after": _mean(counts.mean_after),
        "moves": [
            {
                "student": move.student.id,
                "name": move.student.name,
                "before": None if move.before is None else f"{move.before.total:f}",
                "after": None if move.after is None else f"{move.after.total:f}",
                "change": f"{move.change:f}",
                "questions": list(move.questions),
                "reason": move.reason,
            }
            for move in plan.moves()
        ],
        "written": written is not None,
        "former": None if written is None else str(written),
    }
