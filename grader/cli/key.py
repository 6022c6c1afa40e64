"""`hw9 key`: makes the answer key with its reasons, its evidence and its page."""

from __future__ import annotations

import ctypes
import json
import shlex
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from grader.cli import LazyGroup
from grader.cli.banks.option import bank_option
from grader.cli.extras import need
from solver.text.plural import counted

if TYPE_CHECKING:
    from solver.key import Key, KeyQuestion
    from solver.pipeline.key_folder import KeyInFolder, Workspace

FOLDER = click.Path(file_okay=False, path_type=Path)
PATH = click.Path(path_type=Path)


@click.group(
    cls=LazyGroup,
    lazy={
        "override": (
            "grader.cli.override:override",
            "Decide on a question, beside the derived answer.",
        ),
        "sign": (
            "grader.cli.override:sign",
            "Sign a key when all contested questions are decided.",
        ),
    },
    invoke_without_command=True,
)
@click.option("--bundle", type=FOLDER, help="Course materials.  [default: the demo's]")
@bank_option("bank")
@click.option("--only", metavar="q07,q12", default="", help="Decide these questions alone.")
@click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    default="auto",
    show_default=True,
    help="Where the networks run.",
)
@click.option(
    "--evidence",
    type=PATH,
    help="Decide on saved evidence (a folder or a zip of it), without a model; with --bundle, "
    "only missing records are run.",
)
@click.option(
    "--notebook",
    "notebooks",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Decide on the figures of an executed notebook, without a model; may be repeated.",
)
@click.option(
    "--out", type=FOLDER, default=Path("key-out"), show_default=True, help="Where results go."
)
@click.option(
    "--stability",
    type=click.IntRange(0),
    metavar="N",
    default=0,
    help="Repeat each decision N times with free choices varied: seeds, sample counts, thresholds, "
    "region edges; 40 is plenty.  [default: off]",
)
@click.option(
    "--reseed",
    type=click.IntRange(0),
    metavar="R",
    default=2,
    show_default=True,
    help="With --stability: really run LIME and SmoothGrad with R other seeds.",
)
@click.option(
    "--exact",
    is_flag=True,
    help="Run the course's sample counts; else sampling stops when the claims are decided.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Processes that share explanations and their samples.",
)
@click.option(
    "--force",
    is_flag=True,
    help="Replace a key in --out that has questions the new one will not have.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the answers as JSON.")
@click.pass_context
def key(
    ctx: click.Context,
    bundle: Path | None,
    bank: Path | None,
    only: str,
    device: str,
    evidence: Path | None,
    notebooks: tuple[Path, ...],
    out: Path,
    stability: int,
    reseed: int,
    exact: bool,
    jobs: int,
    force: bool,
    as_json: bool,
) -> None:
    """Make the answer key: run the explanations, measure each option's claim, write the page.

    Writes key.yaml (answers, verdicts, hashes), key.html (the page to look through and sign) and
    evidence/ (the measurements; hw9 key --evidence decides on them again, without a model). --out
    holds the whole old key or the whole new one; a stopped run continues from its measurements when
    it is started again. With --only the key has only those questions, so give it its own folder: a
    larger key in --out is replaced only with --force.

    \b
    Examples:
      hw9 key                                        the demo, into key-out/
      hw9 key --bundle course/ --out spring          from your course materials
      hw9 key --evidence spring/evidence --out again the same, without a model
      hw9 key --notebook run.ipynb --out mine        from an executed notebook's figures
      hw9 key --evidence evidence.zip                from its arrays: hw9 evidence collect
      hw9 key --only q07,q12 --out two               two questions, in a folder of their own
      hw9 key --bundle course/ --stability 40        also: how stable each answer is
    """
    # `hw9 key override` runs the group's own function first; it must make no key.
    if ctx.invoked_subcommand is not None:
        return
    # With a bundle too, what the evidence lacks is run, which needs the networks.
    alone = bool(notebooks) or (evidence is not None and bundle is None)
    if notebooks and (evidence or bundle):
        raise click.UsageError("Give --notebook alone: without --evidence and --bundle.")
    if alone:
        need("evidence", "deciding on evidence")
    else:
        need("explain", "running the networks (deciding on saved --evidence does not)")
    from grader.cli.explain_progress import watching
    from solver.pipeline.key_folder import make_once
    from solver.pipeline.make_key import make_key

    names = [name.strip() for name in only.split(",") if name.strip()]
    # All that shapes the key; how many processes make it does not, and is no part of its inputs.
    options = {"only": names, "device": device, "stability": stability, "reseed": reseed}
    options["exact"] = exact
    source: AbstractContextManager[Path | None] = as_folder_or_none(evidence)
    if notebooks:
        source = read_into_folder(notebooks, bank, shown=not as_json)
    with source as given, watching(shown=not as_json) as progress:
        dropped: list[str] = []

        def make(desk: Workspace) -> Key:
            found = make_key(
                bundle=bundle,
                bank=bank,
                evidence=desk.evidence,
                out=desk.folder,
                only=names,
                # Deciding on evidence runs no network, and needs no torch.
                device="cpu" if alone else chosen_device(device),
                exact=exact,
                processes=jobs,
                progress=progress,
                stability=stability,
                reseed=reseed,
                stopped=desk.stopped,
            )
            # `make_once` gives back the key alone; these are told after it has taken its place.
            dropped.extend(found.dropped)
            return found.key

        made = make_once(
            out, make, options, bank=bank, bundle=bundle, evidence=given, replace=force
        )
    if as_json:
        entries = {question.id: _entry_as_json(question) for question in made.key.questions}
        click.echo(json.dumps(entries, ensure_ascii=False, indent=1))
        return
    _say(made, out)
    if made.kept:
        click.echo(f"Set by hand before, and kept: {', '.join(made.kept)}.")
    if made.unchanged:
        click.echo("Nothing it rests on has changed since it was made: nothing was run again.")
    elif progress.seconds:
        click.echo(progress.by_method())
    _say_repeats(made.key, stability, dropped)
    _say_next(made.key, out)


def as_folder_or_none(evidence: Path | None) -> AbstractContextManager[Path | None]:
    """Return a context with the evidence as a folder, whether it is one or a zip; None of none."""
    if evidence is None:
        return nullcontext()
    from solver.files.zipped_folder import as_folder

    return as_folder(evidence)


@contextmanager
def read_into_folder(
    notebooks: tuple[Path, ...], bank: Path | None, *, shown: bool
) -> Iterator[Path]:
    """Context with a temporary folder of the evidence that is in the figures of notebooks."""
    from grader.cli.evidence import read_notebooks, save_read
    from solver.notebook_evidence.from_notebooks import not_read

    read = read_notebooks(notebooks, bank, decided=False, shown=shown)
    for line in not_read(read) if shown else ():
        click.echo(f"hw9: {line}", err=True)
    with TemporaryDirectory(prefix="hw9-notebook-") as name:
        save_read(read, Path(name), packed=False)
        yield Path(name)


def chosen_device(wanted: str) -> str:
    """Return the device to run on, "cpu" or "cuda".

    Args:
        wanted: "cpu", "cuda", or "auto" for CUDA if there is any.

    Raises:
        BundleError: CUDA was asked for and there is none.
    """
    # torch is .4 GB, which this process does without where others run the networks.
    if wanted == "cpu" or (wanted == "auto" and not _has_driver()):
        return "cpu"
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if wanted == "cuda":
        from solver.errors import BundleError

        raise BundleError("torch sees no CUDA device", mend="Use --device cpu or auto.")
    return "cpu"


def _has_driver() -> bool:
    """True if this machine may have a GPU that torch can use; torch itself knows."""
    if Path("/dev/kfd").exists():  # AMD's, which torch calls CUDA too
        return True
    driver = {"linux": "libcuda.so.1", "win32": "nvcuda.dll"}.get(sys.platform)
    if driver is None:
        return False
    try:
        ctypes.CDLL(driver)
    except OSError:
        return False
    return True


def _entry_as_json(question: KeyQuestion) -> dict[str, object]:
    from solver.key import lack_in_english

    entry: dict[str, object] = {
        "state": question.state,
        "correct": question.correct,
        "lacks": [lack_in_english(one) for one in question.lacks],
    }
    if question.stability is not None:
        entry["changed"] = question.stability.changed
    if question.ways_agree is not None:
        entry["ways_agree"] = question.ways_agree
    return entry


def _say(made: KeyInFolder, out: Path) -> None:
    from solver.key import lacks_by_question

    questions = made.key.questions
    for question in questions:
        answer: object = question.correct
        if isinstance(answer, dict):
            answer = ", ".join(f"{blank}={value}" for blank, value in answer.items())
        else:
            answer = " ".join(question.correct)
        if question.state == "open":
            # Said, since its empty answer would read as the result that no option holds.
            answer = "open"
        click.echo(f"{question.id}  {answer or '(no option holds)'}")
    decided = sum(question.state == "decided" for question in questions)
    click.echo(
        f"\n{decided} of {counted(len(questions), 'question')} answered; "
        f"{out / 'key.html'} shows why."
    )
    if len(questions) < made.asked_of:
        # Told only of a larger one: that is the slip of --only in a folder that held the whole key.
        before = f" It replaced a key of {made.held}." if made.held > len(questions) else ""
        has = f"This key has {len(questions)} of the bank's {counted(made.asked_of, 'question')}."
        click.echo(f"{has}{before}")
    for of, lack in lacks_by_question({one.id: one.lacks for one in questions}):
        click.echo(f"Open: {', '.join(of)}. Lacking: {lack}")
    # All evidence is there, and some option's claim can still not be told.
    undecided = [one.id for one in questions if one.state == "open" and not one.lacks]
    if undecided:
        click.echo(f"Open: {', '.join(undecided)}. The evidence decides too little: see the page")


def _say_repeats(key: Key, asked: int, dropped: list[str]) -> None:
    """Say which repeats of the key that was there are kept, and which are dropped."""
    kept = sum(question.stability is not None for question in key.questions)
    if not asked and kept:
        click.echo(f"The repeats measured before are kept for {counted(kept, 'question')}.")
    if dropped:
        click.echo(
            f"Repeats dropped, because evidence, rule or thresholds have changed: "
            f"{', '.join(dropped)}. hw9 key --stability N measures them again."
        )


def _say_next(key: Key, out: Path) -> None:
    """Print the last lines: contested and close questions, and the next command."""
    from solver.page.review_flags import CLOSE, is_close

    contested = [question.id for question in key.questions if question.contested]
    # A contested question is looked at anyway.
    close = [one.id for one in key.questions if is_close(one) and one.id not in contested]
    if contested:
        click.echo(f"Contested, to be looked at first: {', '.join(contested)}.")
    if close:
        click.echo(f"Close, with a margin under {CLOSE:.0%}: {', '.join(close)}.")
    if contested or close:
        click.echo(f"Next: hw9 review {shlex.quote(str(out))}")
    else:
        click.echo(f"Next: hw9 grade EXPORT --key {shlex.quote(str(out / 'key.yaml'))}")
