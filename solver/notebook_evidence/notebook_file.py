"""The figures and settings of an executed notebook (nbformat 4), and nothing else of it.

A cell's code is searched for a few settings by name; no code, stream, path, metadata or name of a
person leaves this module. Whatever the file holds, reading it ends in figures or a sentence.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from solver.errors import EvidenceError
from solver.files.yaml_source import read_text

MAX_BYTES = 256 << 20
MAX_FIGURES = 400
MAX_FIGURE_BYTES = 64 << 20
MAX_SOURCE = 200_000
"""Characters of a cell's code that are searched."""
PNG = b"\x89PNG\r\n\x1a\n"

WHOLE = r"\s*=\s*(\d{1,6})\b"
SETTINGS: dict[str, re.Pattern[str]] = {
    "cnnid": re.compile(r"\bcnnid" + WHOLE),
    "filterid": re.compile(r"\bfilterid" + WHOLE),
    "iterations": re.compile(r"\biteration" + WHOLE),
    "model": re.compile(r"^\s*MODEL" + WHOLE, re.MULTILINE),
    "item": re.compile(r"^\s*QUESTION" + WHOLE, re.MULTILINE),
    "layer": re.compile(r"\bLAYER" + WHOLE),
    "num_features": re.compile(r"\bnum_features" + WHOLE),
    "n_segments": re.compile(r"\bn_segments" + WHOLE),
    "start_label": re.compile(r"\bstart_label" + WHOLE),
    "steps": re.compile(r"generate_integrated_gradients\([^()\n]*?,\s*(\d{1,6})\s*\)"),
    "samples": re.compile(r"\bsmooth_grad\(\s*\w+\s*,\s*\w+\s*,\s*\w+\s*,\s*(\d{1,6})\b"),
}
"""Names the course's notebook gives its settings, each with a whole number."""
METHODS: dict[str, re.Pattern[str]] = {
    "lime": re.compile(r"\bget_image_and_mask\b|\bexplain_instance\b"),
    "saliency": re.compile(r"\bcompute_saliency_maps?\b"),
    "smoothgrad": re.compile(r"\bsmooth_grad\("),
    "filters": re.compile(r"\bfilter_explanation\("),
    "integrated_gradients": re.compile(r"\bgenerate_integrated_gradients\("),
    "embeddings": re.compile(r"\bpairwise_distances\("),
}
METRIC = re.compile(r"^\s*METRIC\s*=\s*(euclidean|cosine)\w*", re.MULTILINE)
PLACES = re.compile(r"\bselect_word_index\s*=\s*\[([\d,\s]{1,400})\]")
NEXT_PLACE = re.compile(r"\bselect_word_index\s*=\s*\[\s*(\w+)\s*\+\s*1\s+for\s+\1\s+in\b")
NUMBERS = re.compile(r"\[((?:\s*-?\d+\.\d+(?:e-?\d+)?\s*,?){3,64})\]")
FIRST_PLACES = (4, 2, 0, 8, 2, 0, 0, 4, 0, 0)
"""Places of the word's first character in the course's ten sentences."""

Setting = int | str


@dataclass(frozen=True)
class NotebookFigure:
    """One PNG among a notebook's outputs.

    Attributes:
        cell: number of its cell, from 1, as the file orders them.
        place: its number among that cell's figures, from 1.
        png: the file's bytes.
        settings: what its cell, or one before it, says: whole numbers and names by setting.
        method: the course's function that its cell calls, as METHODS names it; "" for none.
    """

    cell: int
    place: int
    png: bytes
    settings: dict[str, Setting] = field(default_factory=dict)
    method: str = ""

    @property
    def sha256(self) -> str:
        """Hash of the bytes."""
        return hashlib.sha256(self.png).hexdigest()

    @property
    def where(self) -> str:
        """Its place, for a person."""
        return f"cell {self.cell}, figure {self.place}"


@dataclass(frozen=True)
class PrintedNumbers:
    """A list of fractions that a cell printed, with the settings in force there."""

    cell: int
    numbers: tuple[float, ...]
    settings: dict[str, Setting]
    method: str = ""


@dataclass
class ExecutedNotebook:
    """The figures, printed numbers and remarks taken of one notebook.

    Attributes:
        name: of its file, without folder or suffix: for messages only.
        figures: in the order of the file.
        printed: lists of fractions among its printed text.
        remarks: sentences on the notebook as a whole.
    """

    name: str
    sha256: str
    figures: list[NotebookFigure] = field(default_factory=list)
    printed: list[PrintedNumbers] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def read_executed_notebook(path: Path) -> ExecutedNotebook:
    """Return the figures and settings of a notebook file.

    Raises:
        EvidenceError: it is no notebook of format 4, or larger than any.
    """
    text = read_text(path, EvidenceError, max_bytes=MAX_BYTES)
    cells = _cells(text, path)
    # "replace": JSON may hold half a surrogate pair, which no UTF-8 has.
    found = ExecutedNotebook(path.stem, hashlib.sha256(text.encode("utf-8", "replace")).hexdigest())
    settings: dict[str, Setting] = {}
    counts: list[int | None] = []
    errors = jpegs = broken = 0
    for number, cell in enumerate(cells, start=1):
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        source = _joined(cell.get("source"))[:MAX_SOURCE]
        own = settings_in(source)
        method = next((name for name, call in METHODS.items() if call.search(source)), "")
        # What a cell assigns holds for later ones; what it hands to a call is its own.
        settings = {**settings, **{k: v for k, v in own.items() if k in _KEPT}}
        outputs = cell.get("outputs")
        outputs = outputs if isinstance(outputs, list) else []
        if outputs:
            count = cell.get("execution_count")
            # `type`: JSON's true is an int to `isinstance`.
            counts.append(count if type(count) is int else None)
        place = 0
        for output in outputs:
            if not isinstance(output, dict):
                continue
            errors += output.get("output_type") == "error"
            for numbers in _printed(output):
                found.printed.append(PrintedNumbers(number, numbers, {**settings, **own}, method))
            data = output.get("data")
            if not isinstance(data, dict):
                continue
            jpegs += "image/png" not in data and "image/jpeg" in data
            if "image/png" not in data:
                continue
            place += 1
            png = _decoded(data["image/png"])
            if png is None:
                broken += 1
            elif len(found.figures) < MAX_FIGURES:
                figure = NotebookFigure(number, place, png, {**settings, **own}, method)
                found.figures.append(figure)
    found.remarks = _remarks(found, counts, errors, jpegs, broken)
    return found


_KEPT = {"model", "item", "layer", "metric", "character"}


def _cells(text: str, path: Path) -> list[Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):  # also of a number longer than Python reads
        raise EvidenceError(
            "is not a notebook: it is no JSON that can be read",
            path=path,
            mend="Save it in Jupyter or download it from Colab as .ipynb.",
        ) from None
    if not isinstance(document, dict):
        raise EvidenceError("is not a notebook", path=path)
    version = document.get("nbformat")
    if version != 4:
        told = f"of format {version}" if type(version) is int else "without a format"
        raise EvidenceError(
            f"is a notebook {told}, and only format 4 is read",
            path=path,
            mend="Open it in Jupyter or Colab and save it again.",
        )
    cells = document.get("cells")
    if not isinstance(cells, list):
        raise EvidenceError("is a notebook without cells", path=path)
    return cells


def _joined(source: Any) -> str:
    if isinstance(source, list):
        return "".join(line for line in source if isinstance(line, str))
    return source if isinstance(source, str) else ""


def settings_in(source: str) -> dict[str, Setting]:
    """Return the settings that a cell's code gives; of one that is given twice, the last."""
    # A setting in a comment is one that was tried and left.
    plain = re.sub(r"#.*", "", source)
    found: dict[str, Setting] = {}
    for name, pattern in SETTINGS.items():
        given = pattern.findall(plain)
        if given:
            found[name] = int(given[-1])
    metric = METRIC.findall(plain)
    if metric:
        found["metric"] = metric[-1]
    places = PLACES.findall(plain)
    if places:
        numbers = tuple(int(one) for one in re.findall(r"\d{1,4}", places[-1]))
        # All places moved by one: the word's second character.
        shifts = {a - b for a, b in zip(numbers, FIRST_PLACES, strict=False)}
        if len(numbers) == len(FIRST_PLACES) and len(shifts) == 1:
            found["character"] = shifts.pop()
    if NEXT_PLACE.search(plain) and isinstance(found.get("character"), int):
        found["character"] = int(found["character"]) + 1
    return found


def _printed(output: dict[str, Any]) -> Iterator[tuple[float, ...]]:
    data = output.get("data")
    texts = [output.get("text"), data.get("text/plain") if isinstance(data, dict) else None]
    for text in texts:
        for inner in NUMBERS.findall(_joined(text)[:MAX_SOURCE]):
            yield tuple(float(one) for one in re.findall(r"-?\d+\.\d+(?:e-?\d+)?", inner))


def _decoded(value: Any) -> bytes | None:
    text = _joined(value)
    # Base64 writes three bytes as four letters.
    if not text or len(text) > MAX_FIGURE_BYTES * 4 // 3:
        return None
    try:
        # nbformat breaks it into lines, which `validate` does not let pass.
        png = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return None
    return png if png.startswith(PNG) else None


def _remarks(
    found: ExecutedNotebook, counts: list[int | None], errors: int, jpegs: int, broken: int
) -> list[str]:
    told = []
    if not found.figures and not jpegs and not broken:
        told.append(
            "it holds no figures: its outputs were cleared, or it was never run. Run it and save "
            "it with its outputs"
        )
    if errors:
        told.append(f"{errors} of its cells ended in an error; later cells may show older results")
    if jpegs:
        told.append(f"figures in JPEG, whose colours are not exact: {jpegs}, not read")
    if broken:
        told.append(f"figures that are damaged or no PNG: {broken}, not read")
    known = [count for count in counts if count is not None]
    if counts and not known and found.figures:
        told.append("it does not say in which order its cells were run")
    # Run numbers count up within a session: a smaller one below was run before.
    elif known != sorted(known):
        told.append("its cells were not run in their order; a setting may be of another run")
    return told
