"""`hw9 regions`: the named regions of a bundle's pictures, drawn and exchanged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.banks.option import bank_option
from grader.cli.extras import need
from solver.text.plural import counted

if TYPE_CHECKING:
    from grader.review.region_drawing import RegionDrawing

_FOLDER = click.Path(file_okay=False, path_type=Path)
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.group()
def regions() -> None:
    """Draw the named regions that questions ask about (docs/formats/regions.md).

    \b
    Example:
      hw9 regions draw course/
    """


@regions.command()
@click.argument("bundle", type=_FOLDER)
@bank_option()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    help="Port of the page.  [default: any free one]",
)
@click.option("--no-open", is_flag=True, help="Print the address; open no browser.")
def draw(bundle: Path, bank_folder: Path | None, port: int, no_open: bool) -> None:
    """Draw polygons and lines in the browser, by mouse or keys.

    Regions that the bank's questions ask for are listed for each picture, missing ones first. Each
    change is written into BUNDLE/regions.yaml at once, with the picture's fingerprint.

    \b
    Examples:
      hw9 regions draw course/
      hw9 regions draw course/ --bank 2022
    """
    need("evidence", "drawing regions")
    from grader.review.region_app import region_app
    from grader.review.server import serve
    from solver.files.lock import one_at_a_time

    drawing = _drawing(bundle, bank_folder)
    with one_at_a_time(drawing.path):
        serve(region_app(drawing), port=port, open_browser=not no_open, say=click.echo)
    # After the server's end: regions were drawn meanwhile.
    left = drawing.left()
    if left:
        click.echo("Still to draw:\n  " + "\n  ".join(left))
    else:
        click.echo(f"All regions that the questions ask for are there: {drawing.path}")


@regions.command()
@click.argument("bundle", type=_FOLDER)
@click.argument("out", type=_FOLDER)
@bank_option()
def export(bundle: Path, out: Path, bank_folder: Path | None) -> None:
    """Write polygons and lines as labelme's JSON, a file a picture.

    \b
    Example:
      hw9 regions export course/ labels/
    """
    from solver.files.atomic_write import write_whole

    drawing = _drawing(bundle, bank_folder)
    for picture in drawing.pictures:
        text = json.dumps(drawing.labelme(picture.place), indent=2)
        write_whole(out / f"{picture.name}.json", text + "\n")
    click.echo(f"{counted(len(drawing.pictures), 'picture')} written to {out}")


@regions.command("import")
@click.argument("bundle", type=_FOLDER)
@click.argument("files", type=_FILE, nargs=-1, required=True)
@bank_option()
def import_(bundle: Path, files: tuple[Path, ...], bank_folder: Path | None) -> None:
    """Read regions from labelme's JSON, a file a picture.

    The files are named like the pictures. Regions of the same name are replaced, all others stay.

    \b
    Example:
      hw9 regions import course/ labels/8_5.json labels/9_9.json
    """
    from solver.errors import BundleError
    from solver.files.lock import one_at_a_time

    drawing = _drawing(bundle, bank_folder)
    places = {picture.name: picture.place for picture in drawing.pictures}
    with one_at_a_time(drawing.path):
        for path in files:
            if path.stem not in places:
                raise BundleError(
                    "has the name of no picture in the bundle",
                    path=path,
                    mend=f"Its pictures are {', '.join(places)}.",
                )
            try:
                text = path.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError):
                raise BundleError("cannot be read", path=path) from None
            # The version as it is now: with the lock held nobody else draws.
            drawing.take(drawing.version, places[path.stem], text)
    click.echo(f"{counted(len(files), 'picture')} taken into {drawing.path}")


def _drawing(bundle: Path, bank_folder: Path | None) -> RegionDrawing:
    need("evidence", "reading pictures")
    from grader.review.region_drawing import RegionDrawing
    from solver.banks.bank import load_bank
    from solver.files.resources import shipped_bank

    return RegionDrawing(bundle, load_bank(bank_folder or shipped_bank()))
