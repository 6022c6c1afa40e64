"""`hw9 explain`: draws one explanation as the course does."""

from __future__ import annotations

from pathlib import Path

import click

from grader.cli.extras import need

FOLDER = click.Path(file_okay=False, path_type=Path)

# Those with one picture to draw; a kind that only rules read has none.
METHODS = (
    "lime",
    "saliency",
    "smoothgrad",
    "activation",
    "filter_visualization",
    "integrated_gradients",
)


@click.command()
@click.argument("method", type=click.Choice(METHODS), metavar="METHOD")
@click.option("--picture", type=int, required=True, help="Which picture, from 0.")
@click.option(
    "--layer",
    default="6",
    show_default=True,
    help="For filters: an index into the course's cnn, or a layer's name, such as layer1.0.conv1.",
)
@click.option("--steps", type=int, default=10, show_default=True, help="For integrated gradients.")
@click.option("--bundle", "folder", type=FOLDER, help="Course materials.  [default: the demo's]")
@click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    default="auto",
    show_default=True,
    help="Where the network runs.",
)
@click.option(
    "--out", type=FOLDER, default=Path("explained"), show_default=True, help="Folder for the PNG."
)
def explain(
    method: str,
    picture: int,
    layer: str,
    steps: int,
    folder: Path | None,
    device: str,
    out: Path,
) -> None:
    """Draw one explanation of one picture as the course does, beside the picture.

    METHOD is one of lime, saliency, smoothgrad, activation, filter_visualization and
    integrated_gradients. A PNG is written into --out.

    \b
    Examples:
      hw9 explain lime --picture 6 --out look
      hw9 explain activation --layer 15 --picture 1 --bundle course/
    """
    need("explain", "drawing an explanation")
    from grader.cli.explain_progress import watching
    from grader.cli.key import chosen_device
    from solver.bundle.bundle import load_bundle
    from solver.evidence import record_id
    from solver.explain.job import ExplainSettings
    from solver.explain.run.runner import RunOptions, run_explanations
    from solver.files.atomic_write import write_whole
    from solver.files.resources import data_folder
    from solver.page.figures.course_style import draw_as_course

    place = {
        "activation": (layer, picture),
        "filter_visualization": (layer, picture),
        "integrated_gradients": (picture, steps),
    }.get(method, (picture,))
    if steps < 2:
        raise click.BadParameter("must be at least 2", param_hint="--steps")
    bundle = load_bundle(folder or data_folder("demo"), chosen_device(device))
    # A number without a picture is refused before the network is loaded.
    bundle.picture(picture)
    wanted = record_id(method, *place)
    with watching(shown=True) as progress:
        evidence, failures = run_explanations(
            # The picture too: it is drawn beside the explanation, and LIME's overlay lies on it.
            [record_id("picture", picture), wanted],
            bundle,
            ExplainSettings(),
            RunOptions(progress=progress),
        )
    if failures:
        from solver.errors import BundleError

        raise BundleError(next(iter(failures.values()))[0])
    path = out / (wanted.replace("/", "-") + ".png")
    write_whole(path, draw_as_course(evidence, wanted, picture))
    click.echo(f"{path} written")
