"""`hw9 grade`: from exports to scores."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from grader.cli.banks.option import bank_option
from solver.text.plural import counted

if TYPE_CHECKING:
    from grader.runs.grade_run import Outcome
    from grader.runs.job import Job

_FILE = click.Path(dir_okay=False, path_type=Path)
_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.argument("exports", nargs=-1, required=True, type=_FILE, metavar="EXPORT...")
@click.option("--key", "key_path", required=True, type=_FILE, help="The answer key (key.yaml).")
@click.option("--out", required=True, type=_FOLDER, help="Folder to make for the results.")
@bank_option()
@click.option(
    "--quiz",
    "quizzes",
    multiple=True,
    type=_FILE,
    help="The quiz's own texts, from `hw9 bank import-qti`; may be repeated.",
)
@click.option(
    "--policy",
    type=click.Choice(["all-or-nothing", "canvas-partial"]),
    default="all-or-nothing",
    show_default=True,
    help="How ticked options become points.",
)
@click.option(
    "--attempts",
    type=click.Choice(["highest", "latest", "first", "average"]),
    default="highest",
    show_default=True,
    help="Which attempt of a student counts; see above.",
)
@click.option("--deadline", help='List submissions after this time, e.g. "2026-04-23 23:59 +0800".')
@click.option("--gradebook", type=_FILE, help="The gradebook's exported CSV, to be filled.")
@click.option("--column", default="", help='Its column to fill, e.g. "HW9 (1234)".')
@click.option(
    "--skip-unknown", is_flag=True, help="Leave out students who are not in the gradebook."
)
@click.option("--pseudonyms", type=_FILE, help="Leave names out; this table keeps them.")
@click.option("--skip-column", multiple=True, help="Canvas' id of a question to pass over.")
@click.option("--allow-missing", is_flag=True, help="Some questions of the key were not asked.")
@click.option("--one-quiz", is_flag=True, help="Exports without common question ids are one quiz.")
@click.option("--points-of-key", is_flag=True, help="The key's points count, not the header's.")
@click.option("--test-student", is_flag=True, help="Grade Canvas' test student too.")
@click.option("--mostly-unread", is_flag=True, help="Grade even if most answers are unreadable.")
@click.option("--corrections", type=_FILE, help="Cells that a person has read (YAML).")
@click.option(
    "--leave-out-open", is_flag=True, help="Grade without the questions that the key leaves open."
)
@click.option("--no-pages", is_flag=True, help="Write tables only.")
@click.option("--reveal", is_flag=True, help="Show the right options on students' pages.")
@click.option("--replace", is_flag=True, help="Replace a run that is in the folder already.")
@click.option("--jobs", type=click.IntRange(1), help="Threads for large files. [default: cores]")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def grade(**given: Any) -> None:
    """Grade submissions exported from NTU COOL.

    EXPORT is the Student Analysis CSV of the quiz's statistics page, a plain CSV (student, q01, q02
    ... with option ids), or one person's answers in YAML. Several files are graded together, if
    they name students by the same ids: in a plain CSV the columns id, login and sis_id hold Canvas'
    ids, and student a name or number that only this file has.

    Nothing is guessed: a row or cell that cannot be read for certain is listed in rejects.csv
    and leaves that student's total marked incomplete.

    \b
    --attempts, for a student with several attempts:
      highest   the attempt with the highest total, the later of equals
      latest    the last one by its number, or by its time where there is none
      first     the first one by the same
      average   the mean of the attempts' totals; a question's points are the mean over the
                attempts that showed it. Where attempts showed different questions (drawn from a
                pool) these need not add up to the total.
    A question that was not shown earns nothing and is not counted as possible; a void one earns its
    points for everybody who was shown it.

    Cells that could not be read are listed in corrections-open.yaml too: fill in read_as, by and
    why, and give the file back with --corrections.

    \b
    Examples:
      hw9 grade "HW9 Quiz Student Analysis Report.csv" --key key.yaml --out graded
      hw9 grade a.csv b.csv --key key.yaml --out graded --attempts latest
      hw9 grade a.csv --key key.yaml --out graded --gradebook G.csv --column "HW9 (1234)"
    """
    from grader.runs.grade_run import run_job

    job = _job(given)  # everything that can be wrong with the options, before a file is read
    outcome = run_job(job, warn=lambda text: click.echo(f"warning: {text}", err=True))
    if given["as_json"]:
        click.echo(json.dumps(_as_data(outcome, job.out), ensure_ascii=False, indent=1))
    else:
        _say(outcome, job.out)


def _job(given: dict[str, Any]) -> Job:
    from grader.exports.times import read_time
    from grader.runs.grading import Rules
    from grader.runs.job import Job
    from solver.banks.bank import load_bank
    from solver.errors import InputError
    from solver.files.resources import shipped_bank
    from solver.key_checks.agreement import load_key_for

    # Before anything is read: an hour later it would be the same sentence.
    if bool(given["gradebook"]) != bool(given["column"]):
        raise click.UsageError("--gradebook and --column belong together.")
    try:
        deadline = read_time(given["deadline"]) if given["deadline"] else None
    except ValueError as problem:
        raise InputError(
            f"--deadline {given['deadline']!r} {problem}",
            mend='Write it like "2026-04-23 23:59 +0800".',
        ) from None
    bank = load_bank(given["bank_folder"] or shipped_bank())
    return Job(
        exports=given["exports"],
        key=load_key_for(bank, given["key_path"]),
        key_path=given["key_path"],
        bank=bank,
        out=given["out"],
        rules=Rules(given["policy"], given["attempts"], deadline),
        quizzes=given["quizzes"],
        skip_columns=given["skip_column"],
        allow_missing=given["allow_missing"],
        one_quiz=given["one_quiz"],
        points_of_key=given["points_of_key"],
        test_student=given["test_student"],
        mostly_unread=given["mostly_unread"],
        corrections=given["corrections"],
        leave_out_open=given["leave_out_open"],
        pseudonyms=given["pseudonyms"],
        gradebook=given["gradebook"],
        column=given["column"],
        skip_unknown=given["skip_unknown"],
        pages=not given["no_pages"],
        reveal=given["reveal"],
        replace=given["replace"],
        jobs=given["jobs"] or 0,
    )


def _as_data(outcome: Outcome, out: Path) -> dict[str, Any]:
    counts = outcome.graded.counts
    return {
        "out": str(out),
        "rows": {
            "read": counts.read,
            "graded": counts.graded,
            "superseded": counts.superseded,
            "rejected": counts.rejected,
        },
        "students": len(outcome.graded.used),
        "unscored": len(outcome.unscored),
        "incomplete": outcome.scores.incomplete,
        "late": outcome.scores.late,
        "rejects": len(outcome.graded.rejects),
        "notes": list(outcome.notes),
        "files": list(outcome.files),
    }


def _say(outcome: Outcome, out: Path) -> None:
    data = _as_data(outcome, out)
    rows = data["rows"]
    for note in data["notes"]:
        # Warnings were told while the run went on.
        if note not in outcome.warned:
            click.echo(note)
    click.echo(
        f"{counted(rows['read'], 'row')} read = {rows['graded']} graded + "
        f"{rows['superseded']} superseded by another attempt + {rows['rejected']} rejected"
    )
    # Both lines are sums, so that anybody can see that nobody is missing.
    everybody = data["students"] + data["unscored"]
    line = f"{counted(everybody, 'student')} = {data['students']} with a score"
    line += f" + {data['unscored']} without a usable submission"
    click.echo(f"{line} (unscored.csv)" if data["unscored"] else line)
    line = counted(data["students"] - data["incomplete"], "complete total")
    if data["incomplete"]:
        line += f", {data['incomplete']} incomplete"
    if data["rejects"]:
        line += f", {counted(data['rejects'], 'row or cell', 'rows or cells')} in rejects.csv"
    if outcome.graded.deadline is not None:
        line += f", {data['late']} late"
    click.echo(line)
    click.echo(f"written to {out}")
