"""A notebook like the course's, run on the demo with the installed matplotlib, and read back.

    python -m tests.solver.notebook_evidence.read_back
    python -m tests.solver.notebook_evidence.read_back --dpi 72 --dpi 150 --pictures 4

Every figure is saved at each number of dots an inch, with ``bbox_inches="tight"`` and without; each
notebook that this makes is read, and every reading is held against the array that was drawn. Panels
are drawn again from the arrays; differences are in levels of 255 (cutting to whole levels alone is
.58, root mean square).
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib import colormaps
from scipy.optimize import minimize

from solver.banks.course_settings import LimeSettings
from solver.bundle.pictures import Picture, fingerprint, load_pictures
from solver.evidence import Record
from solver.files.resources import data_folder
from solver.notebook_evidence.figures.grid_figures import cut_row
from solver.notebook_evidence.figures.known_pictures import KnownPicture, SuperpixelVersion
from solver.notebook_evidence.figures.panels import find_panels, open_figure
from solver.notebook_evidence.figures.placing import Placing, even_placings
from solver.notebook_evidence.figures.resampling import drawn
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
DEMO = data_folder("demo")
BLOWN_UP = 3
"""Times as many screen pixels as image pixels from which matplotlib does not smooth."""
WORD = "METRIC = {}\nLAYER = 12\nselect_word_index = [5, 3, 1, 9, 3, 1, 1, 5, 1, 1]\n"


@dataclass
class Run:
    """A notebook that was run: its variables, and by dots an inch and tightness its figures."""

    names: dict[str, Any]
    ways: dict[tuple[float, bool], list[list[bytes]]]
    points: dict[tuple[int, int], tuple[list[Floats], npt.NDArray[np.int64]]]
    pictures: list[Picture]

    def known(self) -> list[KnownPicture]:
        """The demo's pictures with the superpixels that LIME made."""
        return [
            KnownPicture(one.name, one.place, fingerprint(one.rgb), ("2021",),
                         (SuperpixelVersion("0.19", 0, explained.segments),))
            for one, explained in zip(self.pictures, self.names["explanations"], strict=True)
        ]  # fmt: skip


def run(ways: list[tuple[float, bool]], pictures: int, folder: Path) -> Run:
    """Run the notebook once, and save its figures in all ways."""
    also: dict[tuple[float, bool], list[list[bytes]]] = {way: [] for way in ways}
    first = ways[0]
    also.pop(first)
    counts = {"COUNT": pictures, "SAMPLES": 100, "EPOCHS": 5, "ITERATIONS": 20, "DEMO": DEMO}
    how: dict[str, Any] = {"dpi": first[0], "tight": first[1], "also": also}
    names, shown = run_cells((*CNN_CELLS, BERT), folder, **how, **counts)
    points = {}
    for item in (1, 2, 3):
        pieces, roles = tokens(item)
        more = {"MODEL": 1, "ITEM": item, "PIECES": pieces, "ROLES": roles}
        later, plots = run_cells((PLOTS,), folder, names=names, **how, **more)
        shown += plots
        points[1, item] = (later["points"], np.array(roles))
    later, matrices = run_cells((MATRICES,), folder, names=names, **how)
    shown += [[matrices[0][0]], [matrices[0][1]]]
    for pngs in also.values():
        pngs[-1:] = [[pngs[-1][0]], [pngs[-1][1]]]
    every = load_pictures(DEMO / "food")[:pictures]
    return Run({**names, "matrices": later["matrices"]}, {first: shown, **also}, points, every)


def tokens(item: int) -> tuple[list[str], list[int]]:
    """Pieces of an item and their roles."""
    from solver.bundle.bundle import load_bundle
    from solver.explain.bert.hidden_states import token_roles

    reading = load_bundle(DEMO).bert.reading(1, item)
    return reading.encoding.pieces, token_roles(reading).tolist()


def read(one: Run, way: tuple[float, bool], folder: Path) -> list[Finding]:
    """What the program finds in the notebook saved in a way."""
    calls = [*CALLS, ""]
    calls += [f"MODEL = 1\nQUESTION = {item}" for item in (1, 2, 3)]
    calls += [WORD.format(metric) + "pairwise_distances(embeddings)"
              for metric in ("euclidean_distances", "cosine_similarity")]  # fmt: skip
    path = as_notebook(one.ways[way], folder / "run.ipynb", tuple(calls))
    regions = DEMO / "regions.yaml"
    settings = ReadingSettings("2021", regions, one.known(), LimeSettings())
    return read_figures(read_executed_notebook(path), 1, settings)


def panels_off(png: bytes, row: int, images: list[Floats]) -> tuple[float, float]:
    """Root mean square and the 999th of a thousand of the levels by which a row of panels differs
    from its images (n, n, 3), 0 to 255, drawn again at the place that fits best."""
    rgb, dpi = open_figure(png, 10**9)
    cuts = cut_row(rgb, dpi, find_panels(rgb)[row])
    rough = even_placings([one.panel for one in cuts])

    def differences(moved: Floats, at: int) -> Floats:
        cut, place = cuts[at], rough[at]
        placing = Placing(place.width + moved[2], place.x + moved[0], place.y + moved[1])
        again = shown(images[at], len(cut.rgb), placing)
        off: Floats = (np.floor(again) - cut.rgb)[cut.valid]
        return off

    def fitted(places: Sequence[int], begin: Floats, step: float, most: int) -> Any:
        simplex = begin + step * np.eye(len(begin) + 1, len(begin), -1)
        return minimize(
            lambda moved: sum(float((differences(moved, at) ** 2).mean()) for at in places),
            begin, method="Nelder-Mead",
            options={"initial_simplex": simplex, "xatol": 0.01, "fatol": 0.02, "maxiter": most},
        )  # fmt: skip

    # All of a row have one y and one width; x is known to a tenth of a pixel.
    row_fits = [fitted((0, len(cuts) - 1), np.array([0.0, y, 0.0]), 0.3, 60)
                for y in (-0.3, 0.0, 0.3)]  # fmt: skip
    best = min(row_fits, key=lambda found: float(found.fun))
    each = [fitted([at], best.x, 0.05, 40).x for at in range(len(cuts))]
    off = np.concatenate([differences(each[at], at).ravel() for at in range(len(cuts))])
    return float(np.sqrt((off**2).mean())), float(np.quantile(np.abs(off), 0.999))


def shown(image: Floats, side: int, placing: Placing) -> Floats:
    """An image (n, n, 3) as matplotlib draws it on a panel."""
    n = len(image)
    if placing.width < BLOWN_UP * n:
        return drawn(image, side, placing)
    down, across = (
        np.clip(np.floor((np.arange(side) + 0.5 - begin) * n / placing.width), 0, n - 1).astype(int)
        for begin in (placing.y, placing.x)
    )
    return image[np.ix_(down, across)].astype(float)


def rows_of(names: dict[str, Any]) -> dict[str, tuple[int, int, list[Floats]]]:
    """By kind the cell and row of its panels, and the images they were drawn from."""

    def coloured(maps: Any, colours: str) -> list[Floats]:
        return [colormaps[colours](np.asarray(one))[..., :3] * 255 for one in maps]

    def pictures(some: Any) -> list[Floats]:
        return [np.clip(np.asarray(one), 0, 1) * 255 for one in some]

    activations = [names["normalize"](one) for one in names["filter_activations"]]
    return {
        "pictures": (0, 0, pictures(names["photos"])),
        "saliency": (2, 1, coloured(names["saliencies"], "hot")),
        "SmoothGrad": (3, 1, pictures(names["smooth"][:, 0].transpose(0, 2, 3, 1))),
        "activations": (4, 1, coloured(activations, "viridis")),
        "visualizations": (4, 2, pictures(names["shown"])),
        "integrated gradients": (5, 1, pictures(names["pictured"])),
    }


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
    for (dpi, tight), pngs in one.ways.items():
        findings = read(one, (dpi, tight), folder)
        records = pooled(findings, "0.19").records
        cells = [f"{dpi:g}{', tight' if tight else ''}"]
        whole = sum(f.figures for f in findings)
        cells.append(f"{sum(f.figures for f in findings if f.records)} of {whole}")
        for cell, row, images in rows.values():
            rms, most = panels_off(pngs[cell][0], row, images)
            cells.append(f"{rms:.2f}, {most:.0f}")
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
    given = parser.parse_args()
    ways = [(dpi, tight) for dpi in given.dpi or [72, 100, 144, 200] for tight in (True, False)]
    with tempfile.TemporaryDirectory() as folder:
        for line in table(run(ways, given.pictures, Path(folder)), Path(folder)):
            print(line, flush=True)


if __name__ == "__main__":
    main()
