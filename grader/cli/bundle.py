"""`hw9 bundle`: checks a folder of course materials, or begins one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from grader.cli.banks.option import bank_option
from grader.cli.extras import need
from solver.text.plural import counted

if TYPE_CHECKING:
    from solver.bundle.bundle import Bundle
    from solver.models.bert import Bert

FOLDER = click.Path(file_okay=False, path_type=Path)
_EDITIONS = {
    None: "the notebook does not say which edition it is",
    True: "edition: 2021, by its several reading models",
    False: "edition: 2022 or later, by its one reading model",
}


@click.group()
def bundle() -> None:
    """Look at a folder of course materials, or begin one from the course's notebook.

    \b
    Examples:
      hw9 bundle check course/
      hw9 bundle init --notebook HW09.ipynb course/
    """


@bundle.command()
@click.argument("folder", type=FOLDER, metavar="DIR")
@click.option(
    "--notebook",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="The course's notebook (.ipynb). It is read, never run.",
)
@click.option(
    "--answer",
    "answers",
    multiple=True,
    metavar="N=TEXT",
    help="The answer of reading item N, where the notebook does not have it.",
)
@click.option("--force", is_flag=True, help="Overwrite an existing bert.yaml.")
def init(folder: Path, notebook: Path, answers: tuple[str, ...], force: bool) -> None:
    """Write DIR/bert.yaml out of the course's notebook.

    It gets the notebook's sentences and reading items. Only literal values in the notebook are
    used; none of its code is run. Check the file: it names every other file that belongs beside it.

    \b
    Examples:
      hw9 bundle init --notebook HW09.ipynb course/
      hw9 bundle init --notebook HW09.ipynb --answer 2=cats course/
    """
    from solver.bundle.init import bert_file_from, dump_bert_file, numbered_answers
    from solver.bundle.notebook import read_notebook
    from solver.errors import BundleError
    from solver.files.atomic_write import write_whole

    path = folder / "bert.yaml"
    if path.exists() and not force:
        raise BundleError("is there already", path=path, mend="Give --force to write over it.")
    # After the look at DIR: a file that is there is refused before a large notebook is parsed.
    found = read_notebook(notebook)
    made = bert_file_from(found, numbered_answers(answers), notebook)
    write_whole(path, dump_bert_file(made))
    for number, item in enumerate(made.reading.items if made.reading else [], start=1):
        click.echo(f"item {number}: {item.question} -> {item.answer}")
    shared = made.embeddings
    if shared is not None:
        click.echo(f"{counted(len(shared.sentences), 'sentence')} with {shared.word}")
    left_out = [name for name in ("reading", "embeddings") if getattr(made, name) is None]
    if left_out:
        click.echo(
            f"the notebook holds nothing for the part {' and '.join(left_out)}: add it, or the "
            "questions on it stay open"
        )
    if found.items and found.unpaired:
        click.echo(
            "questions or contexts without their counterpart, so that the items may be paired "
            f"wrongly: {'; '.join(found.unpaired)}"
        )
    click.echo(_EDITIONS[found.models_apart])
    if made.attention is None:
        click.echo(
            "the notebook does not hold the exBERT sentence, its links and the hidden words: add "
            "the parts attention and masked, or the questions on them stay open"
        )
    if made.reading is not None and found.states is None:
        click.echo("the folders of the reading models' files are those of 2021: check them")
    if found.unread:
        cells = ", ".join(str(number) for number in found.unread)
        click.echo(f"not read, since it is no Python: code cell {cells}")
    click.echo(f"written: {path}")


@bundle.command()
@click.argument("folder", type=FOLDER, metavar="[DIR]", required=False)
@bank_option()
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def check(folder: Path | None, bank_folder: Path | None, as_json: bool) -> None:
    """Load all materials; print hashes, predictions and regions.

    Regions that the bank asks for and that are missing, unknown, empty or out of the frame are
    named once, with the questions that read them (hw9 regions draw). Without DIR these are the
    demo's. Each fault is one sentence; the exit code is then 1.

    \b
    Example:
      hw9 bundle check course/
    """
    need("explain", "loading course materials")
    from solver.bundle.bundle import load_bundle
    from solver.errors import BundleError
    from solver.files.resources import data_folder

    problems: list[str] = []
    report: dict[str, Any] = {}
    try:
        found = load_bundle(folder or data_folder("demo"))
        # Each part by itself, so that one run names every fault.
        report = {"files": found.files, "pictures": _pictures(found, problems)}
    except BundleError as problem:
        problems.append(str(problem))
    if report:
        try:
            report["network"] = _network(found)
        except BundleError as problem:
            problems.append(str(problem))
        report["bert"] = _bert(found, problems)
        _add_regions(report, found, bank_folder, problems)
    report["problems"] = problems
    if as_json:
        click.echo(json.dumps(report, ensure_ascii=False, indent=1))
    else:
        _say(report)
    if problems:
        raise SystemExit(1)


def _pictures(found: Bundle, problems: list[str]) -> list[dict[str, Any]]:
    from solver.errors import BundleError

    rows = []
    for picture in found.pictures:
        try:
            regions = sorted(found.regions(picture.place))
        except BundleError as problem:
            problems.append(str(problem))
            regions = []
        label = found.class_name(picture.label)
        size = list(picture.size)
        rows.append({"name": picture.path.name, "size": size, "class": label, "regions": regions})
    return rows


def _add_regions(
    report: dict[str, Any], found: Bundle, bank_folder: Path | None, problems: list[str]
) -> None:
    """Report the faults of the regions that the bank asks for, and which bank it is."""
    from solver.banks.bank import load_bank
    from solver.bundle.region_files import region_faults
    from solver.errors import BundleError
    from solver.files.resources import shipped_bank
    from solver.rules.asked_regions import asked_regions
    from solver.rules.registry import plan_questions

    bank = load_bank(bank_folder or shipped_bank())
    report["bank"] = bank.header.edition
    try:
        faults = region_faults(found.folder, found.pictures, asked_regions(plan_questions(bank)))
        report["regions"] = list(faults)
    except BundleError as problem:
        # A broken region file was told with the first picture already.
        if str(problem) not in problems:
            problems.append(str(problem))


def _network(found: Bundle) -> dict[str, Any]:
    import torch

    from solver.explain.job import picture_tensor
    from solver.models.food_cnn import parameter_count

    network = found.network
    predictions = []
    with torch.no_grad():
        for picture in found.pictures:
            # In doubles: six decimals are printed, about as many as a float32 has.
            probabilities = network(picture_tensor(found, picture.place))[0].double().softmax(0)
            best = int(probabilities.argmax())
            name = found.class_name(best)
            predictions.append(
                {
                    "class": name,
                    "probability": round(float(probabilities[best]), 6),
                    "right": best == picture.label,
                }
            )
    return {
        "parameters": parameter_count(network),
        "build": network.described,
        "classes": network.classes,
        "predictions": predictions,
    }


BERT_PARTS = (
    "english", "chinese", "attention", "masked", "corpus", "reading", "embeddings", "slide",
)  # fmt: skip


def _bert(found: Bundle, problems: list[str]) -> dict[str, Any]:
    """Return the contents of the BERT part for the report."""
    from solver.errors import BundleError
    from solver.explain.bert.similarity_image import open_picture, read_matrix

    if not (found.folder / "bert.yaml").is_file():
        return {"left out": "bert.yaml: there is none, and the questions on BERT stay open"}
    held: dict[str, Any] = {}

    def look(name: str, make: Callable[[], Any]) -> None:
        try:
            held[name] = make()
        except BundleError as problem:
            problems.append(str(problem))

    try:
        part, file = found.bert, found.bert.file
    except BundleError as problem:
        problems.append(str(problem))
        return held
    lacking = [name for name in BERT_PARTS if getattr(file, name) is None]
    if lacking:
        held["left out"] = f"{', '.join(lacking)}: questions that need them stay open"
    if file.reading:
        held["items"] = len(file.reading.items)
    if file.english:
        look("english", lambda: _size(part.english))
    if file.chinese:
        look("chinese", lambda: _size(part.chinese))
    if file.corpus:
        look("corpus", lambda: f"{sum(len(one.words) for one in part.corpus):,} words")
    if file.slide and file.embeddings:
        sentences = len(file.embeddings.sentences)
        # Read as the rule reads it: a picture that opens may still hold no matrix.
        look("slide", lambda: len(read_matrix(open_picture(part.slide), sentences, part.slide)[0]))
    for model in file.reading.models if file.reading else ():
        for item in range(1, len(part.reading_part.items) + 1):
            name = f"model{model}_q{item}"
            # Defaults, since a lambda would otherwise see the last model and item of the loops.
            look(name, lambda m=model, q=item: list(part.reading(m, q).states.shape))  # type: ignore[misc]
    return held


def _size(bert: Bert) -> str:
    parameters = sum(weight.numel() for weight in bert.model.parameters())
    return (
        f"{parameters:,} parameters, {counted(bert.layers, 'layer')}, "
        f"{counted(len(bert.tokenizer.pieces), 'piece')}"
    )


def _say(report: dict[str, Any]) -> None:
    predictions = report.get("network", {}).get("predictions", [])
    pictures = report.get("pictures", [])
    width = max([10, *(len(picture["name"]) for picture in pictures)])
    for place, picture in enumerate(pictures):
        said = ""
        if place < len(predictions):
            guess = predictions[place]
            mark = "right" if guess["right"] else "WRONG"
            said = f"  {mark}: {guess['class']} {guess['probability']:.4f}"
        size = "x".join(map(str, picture["size"]))
        click.echo(
            f"picture {place}  {picture['name']:{width}} {size:>9}  {picture['class']}{said}"
        )
        click.echo(f"           regions: {', '.join(picture['regions']) or 'none drawn'}")
    if "network" in report:
        network = report["network"]
        right = sum(guess["right"] for guess in network["predictions"])
        click.echo(
            f"network    {network['parameters']:,} parameters, {network['build']}; "
            f"{right} of {counted(len(network['predictions']), 'picture')} right"
        )
    for name, what in report.get("bert", {}).items():
        click.echo(f"{name:10} {what}")
    if report.get("regions"):
        click.echo(f"regions    as the questions of {report['bank']} ask (--bank: of another bank)")
    for fault in report.get("regions", []):
        click.echo(f"region     {fault}")
    for name, digest in report.get("files", {}).items():
        click.echo(f"sha256     {digest[:16]}  {name}")
    for problem in report["problems"]:
        click.echo(f"problem    {problem}", err=True)
