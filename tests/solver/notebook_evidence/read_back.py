"""A notebook like the course's, run on the demo with the installed matplotlib, and read back.

    python -m tests.solver.notebook_evidence.read_back
    python -m tests.solver.notebook_evidence.read_back --dpi 72 --dpi 150 --pictures 4

Every figure is saved at each number of dots an inch, with ``bbox_inches="tight"`` and without; each
notebook that this makes is read, and every record is held against the array that was drawn: as it
is where the record has its pixels, else as matplotlib drew it at that place, values in grey.
Differences are in levels of 255.
"""

from __future__ import annotations

import argparse
import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from solver.banks.course_settings import LimeSettings
from solver.bundle.pictures import Picture, fingerprint, load_pictures
from solver.evidence import Record
from solver.files.resources import data_folder
from solver.notebook_evidence.figures.known_pictures import KnownPicture, SuperpixelVersion
from solver.notebook_evidence.findings import Finding, ReadingSettings
from solver.notebook_evidence.notebook_file import read_executed_notebook
from solver.notebook_evidence.notebook_reading import read_figures
from solver.notebook_evidence.pooling import pooled
from tests.solver.notebook_evidence.course_notebook import (
    BERT,
    CALLS,
    CNN_CELLS,
    MATRICES,
    PLOTS,
    as_notebook,
    run_cells,
)

Floats = npt.NDArray[np.float64]
Bytes = npt.NDArray[np.uint8]
DEMO = data_folder("demo")
WORD = "METRIC = {}\nLAYER = 12\nselect_word_index = [5, 3, 1, 9, 3, 1, 1, 5, 1, 1]\n"


@dataclass
class Run:
    """A notebook that was run: its variables, and by dots an inch and tightness its figures and,
    for cells on the network, the images in them."""

    names: dict[str, Any]
    ways: dict[tuple[float, bool], list[list[bytes]]]
    drawn: dict[tuple[float, bool], list[list[Bytes]]]
    points: dict[tuple[int, int], tuple[list[Floats], npt.NDArray[np.int64]]]
    pictures: list[Picture]

    def known(self) -> list[KnownPicture]:
        """The demo's pictures with the superpixels that LIME made."""
        return [
            KnownPicture(one.name, one.place, fingerprint(one.rgb), ("2021",),
                         (SuperpixelVersion("0.19", 0, explained.segments),))
            for one, explained in zip(self.pictures, self.names["explanations"], strict=True)
        ]  # fmt: skip


def run(ways: list[tuple[float, bool]], pictures: int, plots: bool, folder: Path) -> Run:
    """Run the notebook once, and save its figures in all ways; `plots` takes minutes to read."""
    also: dict[tuple[float, bool], list[list[bytes]]] = {way: [] for way in ways}
    first = ways[0]
    also.pop(first)
    counts = {"COUNT": pictures, "SAMPLES": 100, "EPOCHS": 5, "ITERATIONS": 20, "DEMO": DEMO}
    how: dict[str, Any] = {"dpi": first[0], "tight": first[1], "also": also}
    with drawn_images() as figures:
        names, shown = run_cells((*CNN_CELLS, BERT), folder, **how, **counts)
    # Each of these cells shows one figure, saved in all ways one after another.
    drawn = {way: figures[at :: len(ways)] for at, way in enumerate(ways)}
    points = {}
    for item in (1, 2, 3) if plots else ():
        pieces, roles = tokens(item)
        more = {"MODEL": 1, "ITEM": item, "PIECES": pieces, "ROLES": roles}
        later, more_shown = run_cells((PLOTS,), folder, names=names, **how, **more)
        shown += more_shown
        points[1, item] = (later["points"], np.array(roles))
    later, matrices = run_cells((MATRICES,), folder, names=names, **how)
    shown += [[matrices[0][0]], [matrices[0][1]]]
    for pngs in also.values():
        pngs[-1:] = [[pngs[-1][0]], [pngs[-1][1]]]
    every = load_pictures(DEMO / "food")[:pictures]
    return Run(
        {**names, "matrices": later["matrices"]}, {first: shown, **also}, drawn, points, every
    )


def tokens(item: int) -> tuple[list[str], list[int]]:
    """Pieces of an item and their roles."""
    from solver.bundle.bundle import load_bundle
    from solver.explain.bert.hidden_states import token_roles

    reading = load_bundle(DEMO).bert.reading(1, item)
    return reading.encoding.pieces, token_roles(reading).tolist()


def read(one: Run, way: tuple[float, bool], folder: Path) -> list[Finding]:
    """What the program finds in the notebook saved in a way."""
    calls = [*CALLS, ""]
    calls += [f"MODEL = {model}\nQUESTION = {item}" for model, item in one.points]
    calls += [WORD.format(metric) + "pairwise_distances(embeddings)"
              for metric in ("euclidean_distances", "cosine_similarity")]  # fmt: skip
    path = as_notebook(one.ways[way], folder / "run.ipynb", tuple(calls))
    regions = DEMO / "regions.yaml"
    settings = ReadingSettings("2021", regions, one.known(), LimeSettings())
    return read_figures(read_executed_notebook(path), 1, settings)


@contextlib.contextmanager
def drawn_images() -> Iterator[list[list[Bytes]]]:
    """Give a list that gets, for every figure saved meanwhile, its images as matplotlib drew them,
    in the order of its axes; an image of values in greys."""
    figures: list[list[Bytes]] = []
    now: list[Bytes] = []
    make_image, savefig = AxesImage.make_image, Figure.savefig

    def kept(self: AxesImage, renderer: Any, *rest: Any, **more: Any) -> Any:
        values = self.get_array()
        greys = copy(self)
        if values.ndim == 2:
            greys.set_data(np.stack([np.asarray(self.norm(values), float)] * 3, -1))
        now.append(np.asarray(make_image(greys, renderer, *rest, **more)[0])[::-1, :, :3])
        return make_image(self, renderer, *rest, **more)

    def saved(self: Figure, *rest: Any, **more: Any) -> None:
        now.clear()
        savefig(self, *rest, **more)
        # A tight figure is drawn twice, the first time to see how large it is.
        count = sum(len(axes.images) for axes in self.axes)
        figures.append(now[len(now) - count :])

    AxesImage.make_image, Figure.savefig = kept, saved  # type: ignore[method-assign, assignment]
    try:
        yield figures
    finally:
        AxesImage.make_image, Figure.savefig = make_image, savefig  # type: ignore[method-assign]


def values_off(
    records: Sequence[Record | None], images: Sequence[Floats], panels: Sequence[Bytes]
) -> str:
    """How large maps are, by how many levels 999 of 1,000 of their values differ and the worst, and
    what they say of it themselves.

    Args:
        records: by picture.
        images: arrays that were drawn, 0 to 255.
        panels: what matplotlib made of them on the screen.
    """
    off, told, sides = [], [0.5], set()
    for record, image, panel in zip(records, images, panels, strict=True):
        if record is None:
            return "not read"
        read = record.arrays["rgb" if "rgb" in record.arrays else "map"] * 255.0
        valid = record.arrays["valid"]
        true = image
        if len(read) != len(image):
            # A panel ends where its image does, below and to the left.
            high, wide = np.minimum(panel.shape[:2], len(read))
            true = panel[-high:, :wide].astype(float)
            read, valid = read[-high:, :wide], valid[-high:, :wide]
        true = true[..., 0] if read.ndim == 2 and true.ndim == 3 else true
        off.append(np.abs(read - true)[valid].ravel())
        told.append(record.values.get("levels_off", 0.5))
        sides.add(len(record.arrays["valid"]))
    each = np.concatenate(off)
    side = "/".join(map(str, sorted(sides)))
    return f"{side}: {np.quantile(each, 0.999):.1f}, {each.max():.1f}; {max(told):.1f}"


def rows_of(names: dict[str, Any]) -> dict[str, tuple[str, int, int, list[Floats]]]:
    """By kind the ids of its records, cell and row of its panels, and the arrays drawn there."""

    def levels(some: Any) -> list[Floats]:
        return [np.clip(np.asarray(one, float), 0, 1) * 255 for one in some]

    activations = [names["normalize"](one) for one in names["filter_activations"]]
    return {
        "saliency": ("saliency/{}", 2, 1, levels(names["saliencies"])),
        "SmoothGrad": ("smoothgrad/{}", 3, 1, levels(names["smooth"][:, 0].transpose(0, 2, 3, 1))),
        "activations": ("activation/15/{}", 4, 1, levels(activations)),
        "visualizations": ("filter_visualization/15/{}", 4, 2, levels(names["shown"])),
        "integrated gradients":
            ("integrated_gradients/{}/10", 5, 1, levels(names["pictured"])),
    }  # fmt: skip


def lime_right(records: dict[str, Record], names: dict[str, Any]) -> str:
    """How many of the panels have just the superpixels and signs of the run."""
    right = 0
    for k, (one, label) in enumerate(zip(names["explanations"], names["labels"], strict=True)):
        told = records.get(f"lime/{k}")
        signs = np.zeros(one.segments.shape, int)
        for place, weight in one.local_exp[int(label)][:11]:
            if abs(weight) >= 0.05:
                signs[one.segments == place] = np.sign(weight)
        right += told is not None and bool((told.array("signs") == signs).all())
    return f"{right} of {len(names['explanations'])}"


def plots_off(record: Record | None, true: list[Floats], roles: npt.NDArray[np.int64]) -> str:
    """How many markers were read, and how far (pixels, nine in ten) they lie from their points."""
    if record is None:
        return "not read"
    found = drawn_ = 0
    off: list[float] = []
    for layer, places in enumerate(true):
        points, told = record.arrays["points"][layer], record.arrays["roles"][layer]
        units = np.array(record.values["units_a_pixel"][layer])
        for role in (1, 2, 3):
            mine, theirs = points[told == role], places[roles == role]
            gaps = np.abs(mine[:, None] - theirs[None]) / units
            off += gaps.max(-1).min(1).tolist()
            found, drawn_ = found + len(mine), drawn_ + len(theirs)
    return f"{found} of {drawn_}, {np.quantile(off, 0.9):.1f}"


def matrices_off(record: Record | None, matrices: list[Floats]) -> str:
    """The largest difference of a matrix from its own, as a share of its range."""
    told = []
    for metric, matrix in zip(("euclidean", "cosine"), matrices, strict=True):
        names = [name for name in record.arrays if name.startswith(metric)] if record else []
        if not record or not names:
            told.append("not read")
            continue
        values, span = record.arrays[names[0]], np.ptp(matrix)
        if record.values["tables"][names[0]].get("scale"):
            values = values * span + matrix.min()
        told.append(f"{np.abs(values - matrix).max() / span:.3f}")
    return ", ".join(told)


def table(one: Run, folder: Path) -> Iterator[str]:
    """Yield a line a way: how each kind was read."""
    rows = rows_of(one.names)
    heads = ["dots, tight", "figures read", *rows, "LIME", "plots of items 1 2 3", "matrices"]
    yield "| " + " | ".join(heads) + " |"
    yield "|" + "---|" * len(heads)
    for dpi, tight in one.ways:
        findings = read(one, (dpi, tight), folder)
        records = pooled(findings, "0.19").records
        cells = [f"{dpi:g}{', tight' if tight else ''}"]
        whole = sum(f.figures for f in findings)
        cells.append(f"{sum(f.figures for f in findings if f.records)} of {whole}")
        count = len(one.names["photos"])
        for name, cell, row, images in rows.values():
            some = [records.get(name.format(k)) for k in range(count)]
            panels = one.drawn[dpi, tight][cell][row * count : (row + 1) * count]
            cells.append(values_off(some, images, panels))
        cells.append(lime_right(records, one.names))
        cells.append("; ".join(
            plots_off(records.get(f"hidden_states/{m}/{q}"), *one.points[m, q])
            for m, q in one.points))  # fmt: skip
        cells.append(matrices_off(records.get("embeddings"), one.names["matrices"]))
        yield "| " + " | ".join(cells) + " |"
        for finding in findings:
            if not finding.records:
                yield f"  {finding.where}: {finding.what} {finding.remarks}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--dpi", type=float, action="append")
    parser.add_argument("--pictures", type=int, default=10)
    parser.add_argument("--no-plots", action="store_true", help="leave out the 36 plots")
    given = parser.parse_args()
    ways = [(dpi, tight) for dpi in given.dpi or [72, 100, 144, 200] for tight in (True, False)]
    with tempfile.TemporaryDirectory() as folder:
        for line in table(
            run(ways, given.pictures, not given.no_plots, Path(folder)), Path(folder)
        ):
            print(line, flush=True)


if __name__ == "__main__":
    main()
