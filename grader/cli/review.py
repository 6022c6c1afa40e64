"""`hw9 review`: a key looked through and decided on in the browser."""

from __future__ import annotations

from pathlib import Path

import click

from grader.cli.banks.option import bank_option
from grader.cli.extras import need

_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.argument("key_folder", type=_FOLDER)
@click.argument("run_folder", type=_FOLDER, required=False)
@bank_option()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    help="Port of the page.  [default: any free one]",
)
@click.option("--no-open", is_flag=True, help="Print the address; open no browser.")
def review(
    key_folder: Path, run_folder: Path | None, bank_folder: Path | None, port: int, no_open: bool
) -> None:
    """Review a key in the browser, and decide its contested questions.

    KEY_FOLDER is a folder that hw9 key wrote; with RUN_FOLDER, which hw9 grade wrote, each choice
    shows whose points would change. Each decision is written into key.yaml at once, with name and
    reason, and key.html is written again. When every contested question has a decision the key is
    signed, and the run regraded. Only this machine can open the page; Ctrl-C ends it.

    \b
    Examples:
      hw9 review spring
      hw9 review spring graded
    """
    need("evidence", "hw9 review")
    from grader.review.key_app import key_app
    from grader.review.key_review import KeyReview
    from grader.review.server import serve
    from solver.banks.bank import load_bank
    from solver.files.lock import one_at_a_time
    from solver.files.resources import shipped_bank

    bank = load_bank(bank_folder or shipped_bank())
    # Two reviews of one key would each refuse what the other has just written.
    with one_at_a_time(key_folder):
        looked_at = KeyReview(key_folder, bank, run_folder)
        serve(key_app(looked_at), port=port, open_browser=not no_open, say=click.echo)
        # Told at the end too: the browser may have been closed before the last question.
        left = looked_at.key.to_decide
        if left:
            click.echo(f"Still to decide: {', '.join(left)}.")
        elif looked_at.key.contested and looked_at.key.signature is None:
            click.echo("All contested questions have a decision; the key is not signed yet.")
        if looked_at.page_problem:
            click.echo(f"warning: {looked_at.page_problem}", err=True)
