"""Command line `hw9`. A command's module is imported when the command is used, not before."""

from __future__ import annotations

import gc
import io
import os
import sys
from importlib import import_module

import click

# Two busy-waiting OpenMP threads on a loaded machine are many times slower than one. Read when
# torch is imported, so it is set here, before any command runs.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
# Its threads wait for one another in loops, too, and gain nothing on matrices as small as the
# rules': they took a fifth of the processor from the processes beside.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

VERSION = "0.1.0"


class LazyGroup(click.Group):
    """A group whose commands are named by "module:attribute" and imported on use.

    `lazy` maps a command's name to (where it is, its line in the help).
    """

    def __init__(
        self, *args: object, lazy: dict[str, tuple[str, str]] | None = None, **extra: object
    ) -> None:
        super().__init__(*args, **extra)  # type: ignore[arg-type]
        self.lazy = lazy or {}

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the command line; raise an error for a file name that is not UTF-8."""
        from solver.files.encodings import refuse_file_names_in_other_code

        # Before click parses: its own message would print the name, and fail at it.
        refuse_file_names_in_other_code(args)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; Ctrl-C ends it with a sentence and exit code 130, as shells count it."""
        try:
            return super().invoke(ctx)
        except BaseException as problem:
            # An exit was said already, by the command's own group.
            if isinstance(problem, SystemExit) or not _was_stopped(problem):
                raise
            click.echo("hw9: stopped. Its output is there whole or not at all.", err=True)
            sys.exit(130)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of commands in the order they were given."""
        return [*self.lazy, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command."""
        if cmd_name not in self.lazy:
            return super().get_command(ctx, cmd_name)
        module, attribute = self.lazy[cmd_name][0].split(":")
        # Imported on use: `hw9 grade` must not pay for the modules of `hw9 key`.
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands with their lines, importing none of them."""
        # click would import every command to ask it for its first line.
        rows = [(name, line) for name, (_, line) in self.lazy.items()]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)


@click.group(
    cls=LazyGroup,
    lazy={
        "key": ("grader.cli.key:key", "Make the answer key, from course materials or evidence."),
        "review": (
            "grader.cli.review:review",
            "Review a key and decide on it in the browser.",
        ),
        "evidence": (
            "grader.cli.evidence:evidence",
            "Get evidence from an executed notebook.",
        ),
        "explain": ("grader.cli.explain:explain", "Draw one explanation as the course does."),
        "bundle": ("grader.cli.bundle:bundle", "Look at a folder of course materials."),
        "regions": ("grader.cli.regions:regions", "Draw the named regions of the pictures."),
        "bank": ("grader.cli.bank:bank", "Show or check the questions; import or export a quiz."),
        "grade": ("grader.cli.grade:grade", "Grade exports of NTU COOL with a key."),
        "regrade": ("grader.cli.regrade:regrade", "Grade again after a change of key."),
        "check": ("grader.cli.check:check", "Check your own answers against a key."),
    },
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(VERSION, prog_name="hw9")
def hw9() -> None:
    """An answer key with its reasons for a homework on explainable AI, and a grader for it.

    \b
    Examples:
      hw9 key --out my-key                       the demo's key, offline
      hw9 key --bundle course/ --out my-key      the key from your course materials
      hw9 grade export.csv --key my-key/key.yaml --out scores
    """


def _was_stopped(problem: BaseException) -> bool:
    """Whether an error is Ctrl-C, or came of clearing up after it.

    A zip file that is closed between opening a member and writing it raises a ValueError instead.
    """
    seen: BaseException | None = problem
    while seen is not None and not isinstance(seen, KeyboardInterrupt):
        seen = seen.__cause__ or seen.__context__
    return seen is not None


def main() -> None:
    """Run the command line; an error is one sentence on stderr and exit code 1."""
    from solver.errors import Hw9Error

    # Most objects live to the end, and looking through them for circles takes a tenth of a run.
    gc.set_threshold(50_000)
    for stream in (sys.stdout, sys.stderr):  # a console of cp437 has no Chinese
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        hw9(prog_name="hw9")
    except Hw9Error as problem:
        click.echo(f"hw9: {problem}", err=True)
        sys.exit(1)
    except ModuleNotFoundError as problem:
        from grader.cli.extras import lacking

        # A part that is not installed ends in a sentence; a fault of the program in its traceback.
        sentence = lacking(problem)
        if sentence is None:
            raise
        click.echo(f"hw9: {sentence}", err=True)
        sys.exit(1)
