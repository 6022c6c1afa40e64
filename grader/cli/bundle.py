"""`hw9 bundle`: look at a folder of course materials."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from solver.bundle import Bundle

FOLDER = click.Path(file_okay=False, path_type=Path)


@click.group()
def bundle() -> None:
    """Look at a folder of course materials.

    \b
    Example:
      hw9 bundle check course/
    """


@bundle.command()
@click.argument("folder", type=FOLDER, metavar="[DIR]", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
def check(folder: Path | None, as_json: bool) -> None:
    """Load everything, and print what is there: hashes, pictures, predictions, regions.

    Without DIR the demo's materials are looked at. What cannot be used is one sentence each, and
    exit code 1.

    \b
    Example:
      hw9 bundle check course/
    """
    from solver.bundle import load_bundle
    from solver.errors import BundleError
    from solver.resources import data_folder

    problems: list[str] = []
    report: dict[str, Any] = {}
    try:
        found = load_bundle(folder or data_folder("demo"))
        report = {"files": found.files, "pictures": _pictures(found, problems)}
    except BundleError as problem:
        problems.append(str(problem))
    if report:
        try:
            report["network"] = _network(found)
        except BundleError as problem:
            problems.append(str(problem))
    report["problems"] = problems
    if as_json:
        click.echo(json.dumps(report, ensure_ascii=False, indent=1))
    else:
        _say(report)
    if problems:
        raise SystemExit(1)


def _pictures(found: Bundle, problems: list[str]) -> list[dict[str, Any]]:
    from solver.errors import BundleError
    from solver.pictures import CLASSES

    rows = []
    for picture in found.pictures:
        try:
            regions = sorted(found.regions(picture.place))
        except BundleError as problem:
            problems.append(str(problem))
            regions = []
        label = CLASSES[picture.label]
        size = list(picture.size)
        rows.append({"name": picture.path.name, "size": size, "class": label, "regions": regions})
    return rows


def _network(found: Bundle) -> dict[str, Any]:
    import torch

    from solver.explain.method import picture_tensor
    from solver.network import CONVOLUTIONS, parameter_count
    from solver.pictures import CLASSES

    network = found.network
    predictions = []
    with torch.no_grad():
        for picture in found.pictures:
            probabilities = network(picture_tensor(found, picture.place))[0].double().softmax(0)
            best = int(probabilities.argmax())
            name = CLASSES[best] if best < len(CLASSES) else str(best)
            predictions.append(
                {
                    "class": name,
                    "probability": round(float(probabilities[best]), 6),
                    "right": best == picture.label,
                }
            )
    state = network.state_dict()
    widths = [int(state[f"cnn.{index}.weight"].shape[0]) for index in CONVOLUTIONS]
    return {
        "parameters": parameter_count(network),
        "widths": widths,
        "classes": network.classes,
        "predictions": predictions,
    }


def _say(report: dict[str, Any]) -> None:
    predictions = report.get("network", {}).get("predictions", [])
    for place, picture in enumerate(report.get("pictures", [])):
        said = ""
        if place < len(predictions):
            guess = predictions[place]
            mark = "right" if guess["right"] else "WRONG"
            said = f"  {mark}: {guess['class']} {guess['probability']:.4f}"
        size = "x".join(map(str, picture["size"]))
        click.echo(f"picture {place}  {picture['name']:10} {size:>9}  {picture['class']}{said}")
        click.echo(f"           regions: {', '.join(picture['regions']) or 'none drawn'}")
    if "network" in report:
        network = report["network"]
        right = sum(guess["right"] for guess in network["predictions"])
        click.echo(
            f"network    {network['parameters']:,} parameters, widths {network['widths']}; "
            f"{right} of {len(network['predictions'])} pictures right"
        )
    for name, digest in report.get("files", {}).items():
        click.echo(f"sha256     {digest[:16]}  {name}")
    for problem in report["problems"]:
        click.echo(f"problem    {problem}", err=True)
