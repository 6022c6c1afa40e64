"""One notebook read: a finding a figure, with the records that it gives."""

from __future__ import annotations

from typing import Any

from PIL import Image

from solver.notebook_evidence.figures.grid_figures import Cut, Row, read_grid
from solver.notebook_evidence.figures.heat_maps import read_heat_map
from solver.notebook_evidence.figures.panels import POINTS, Box, Bytes, find_boxes, open_figure
from solver.notebook_evidence.findings import Finding, ReadingSettings
from solver.notebook_evidence.grid_records import grid_records, layer_side
from solver.notebook_evidence.lime_records import (
    SHOWN,
    lime_panels,
    lime_records,
    read_lime,
)
from solver.notebook_evidence.notebook_file import ExecutedNotebook, NotebookFigure
from solver.notebook_evidence.scatter_findings import read_scatters
from solver.notebook_evidence.table_records import is_curve, matrix_record

MOST_PIXELS = 130_000_000
MOST_IN_ALL = 1_000_000_000
"""Pixels of all figures of a notebook together; the course's has ten million."""
EMPTY_BOX = 40
"""Least side of axes that count as a panel left empty."""
KIND_NAMES = {
    "pictures": "the pictures",
    "lime": "LIME",
    "saliency": "saliency",
    "smoothgrad": "SmoothGrad",
    "activation": "activation",
    "filter_visualization": "filter visualization",
    "integrated_gradients": "integrated gradients",
}

BY_BRIGHTNESS = ("smoothgrad", "integrated_gradients")
"""Kinds that content tells only by where their commonest value lies."""
GIVES = {
    "lime": {"lime"},
    "saliency": {"saliency"},
    "smoothgrad": {"smoothgrad"},
    "filters": {"activation", "filter_visualization"},
    "integrated_gradients": {"integrated_gradients"},
}
"""Kinds that the course's functions draw, by their names in `notebook_file.METHODS`."""


def read_figures(
    notebook: ExecutedNotebook, number: int, settings: ReadingSettings
) -> list[Finding]:
    """Return a finding for every figure of a notebook, in its order; scatter plots of one cell
    together."""
    findings: list[Finding] = []
    pictures: list[Cut] | None = None
    scatters: list[tuple[NotebookFigure, Bytes, float]] = []
    seen: set[int] = set()
    left = MOST_IN_ALL
    for figure in notebook.figures:
        finding = Finding(number, figure.where)
        finding.handed_out = figure.sha256 in settings.handed_out
        try:
            rgb, dpi = open_figure(figure.png, min(MOST_PIXELS, left))
        except Exception as problem:  # Pillow raises many kinds for damaged files
            reason = str(problem) if isinstance(problem, ValueError) else "cannot be opened as PNG"
            if isinstance(problem, Image.DecompressionBombError):
                reason = f"has more than {MOST_PIXELS // 1_000_000} million pixels"
            findings.append(finding)
            finding.remarks.append(f"it {reason}")
            continue
        left -= rgb.shape[0] * rgb.shape[1]
        boxes = find_boxes(rgb)
        rows = read_grid(rgb, boxes, dpi, settings.known, pictures, figure.method)
        # The first such figure: LIME's overlay is held against it, panel by panel.
        if rows and rows[0].kind == "pictures" and pictures is None:
            pictures = rows[0].cuts
        if rows and rows[0].kind:
            _of_rows(finding, figure, rows, boxes, pictures, settings, seen)
            findings.append(finding)
            continue
        matrix = read_heat_map(rgb, boxes, round(dpi) / POINTS) if rows else None
        if matrix is not None:
            _of_matrix(finding, figure, matrix)
            findings.append(finding)
        # One empty box of axes may be a scatter plot; twelve of a cell are read together.
        elif not rows and len(boxes) == 1:
            scatters.append((figure, rgb, dpi))
        else:
            finding.remarks.append(_unknown(rows, boxes))
            findings.append(finding)
    findings += read_scatters(number, scatters, settings, _own_edition(pictures, settings.edition))
    for printed in notebook.printed:
        if is_curve(printed):
            one = Finding(
                number, f"cell {printed.cell}, printed numbers", "cosines over the layers"
            )
            one.figures = 0
            one.remarks.append("of which two sentences they are is not told: not carried")
            findings.append(one)
    return sorted(findings, key=lambda one: _place(one.where))


def _own_edition(pictures: list[Cut] | None, otherwise: str) -> str:
    """The edition most of a notebook's pictures are of: it numbers the reading items."""
    years = [year for cut in pictures or [] if cut.picture for year in cut.picture.editions]
    return max(sorted(set(years)), key=years.count) if years else otherwise


def _place(where: str) -> tuple[int, ...]:
    return tuple(int(word) for word in where.replace(",", "").split() if word.isdigit())


def _unknown(rows: list[Row], boxes: list[Box]) -> str:
    if rows:
        return "its panels are none of the course's pictures or maps: not read"
    if boxes:
        return "none of the course's figures: not read"
    return "no axes were found in it, so nothing says where a picture begins: not read"


def _of_rows(
    finding: Finding,
    figure: NotebookFigure,
    rows: list[Row],
    boxes: list[Box],
    pictures: list[Cut] | None,
    settings: ReadingSettings,
    seen: set[int],
) -> None:
    names = [KIND_NAMES[row.kind] for row in rows if row.kind and row.kind != "pictures"]
    finding.what = " and ".join(names) or KIND_NAMES["pictures"]
    finding.sure = "panels by their spines, pictures by fingerprint"
    for row in rows:
        finding.remarks += row.remarks
    if rows[0].kind == "lime":
        assert pictures is not None
        _of_lime(finding, figure, rows[0], pictures, settings)
        empty = sum(
            box.bottom - box.top > EMPTY_BOX
            # A panel with a picture is square, as the pictures are; axes left empty are as
            # matplotlib lays them out.
            and abs((box.bottom - box.top) - (box.right - box.left)) > 2
            for box in boxes
        )
        if empty:
            finding.remarks.append("the other panels are empty: the run was interrupted")
        return
    given = _checked(finding, figure, rows)
    for row in rows:
        if _told_by_brightness_alone(row, figure.method):
            finding.remarks.append("not carried")
        elif row.kind == "integrated_gradients" and "steps" not in given:
            finding.remarks.append("its cell does not tell the steps: not carried")
        elif row.kind in ("activation", "filter_visualization") and "cnnid" not in given:
            continue
        elif row.kind:
            finding.records += grid_records(row, given, settings.regions, seen)
    off = max((one.values.get("levels_off", 0) for one in finding.records), default=0)
    if off:
        finding.sure += f"; values to {off:g} levels of 255 or less"
    _pictures_told(finding, rows[0].cuts, settings)


def _checked(finding: Finding, figure: NotebookFigure, rows: list[Row]) -> dict[str, Any]:
    """The cell's settings, without those that the figure contradicts."""
    given: dict[str, Any] = dict(figure.settings)
    for row in rows:
        if row.kind == "activation":
            layer = given.get("cnnid")
            if row.pixels is None:
                finding.remarks.append(
                    "how many pixels the layer has is not seen, as matplotlib 3.11 draws it: the "
                    "layer is its cell's"
                )
            else:
                finding.what += f" of a layer of {row.pixels}x{row.pixels}"
            if layer is None:
                finding.remarks.append("its cell does not tell the layer (cnnid): not carried")
            elif row.pixels is not None and layer_side(int(layer)) != row.pixels:
                finding.remarks.append(
                    f"its cell says cnnid={layer}, whose maps are "
                    f"{layer_side(int(layer))} pixels wide: not carried"
                )
                # Without it the row is not carried, and the remark says why.
                given.pop("cnnid")
            else:
                finding.what += f" (cnnid={layer})"
            if given.get("filterid", 0) != 0:
                finding.remarks.append(f"it is of filter {given['filterid']}, not 0: not carried")
                given.pop("cnnid", None)
        if row.kind == "integrated_gradients" and "steps" in given:
            finding.what += f" at {given['steps']} steps"
    kinds = {row.kind for row in rows}
    if figure.method in GIVES and not kinds & GIVES[figure.method]:
        called = KIND_NAMES.get(figure.method, "filters")
        finding.remarks.append(f"its cell calls {called}, but the figure is another")
    return given


def _told_by_brightness_alone(row: Row, method: str) -> bool:
    """Whether a row is what its cell does not call, and nothing firmer tells its kind."""
    return row.kind in BY_BRIGHTNESS and method in GIVES and row.kind not in GIVES[method]


def _pictures_told(finding: Finding, cuts: list[Cut], settings: ReadingSettings) -> None:
    asked = [cut for cut in cuts if cut.picture and cut.picture.place is not None]
    other = [cut for cut in cuts if cut.picture and cut.picture.place is None]
    unknown = len(cuts) - len(asked) - len(other)
    if other:
        years = sorted({year for cut in other if cut.picture for year in cut.picture.editions})
        finding.remarks.append(
            f"{len(other)} of its pictures are of {'/'.join(years)}, not of {settings.edition}: "
            "left out"
        )
    if unknown:
        finding.remarks.append(f"{unknown} of its pictures are none of the course's: left out")


def _of_lime(
    finding: Finding,
    figure: NotebookFigure,
    row: Row,
    pictures: list[Cut],
    settings: ReadingSettings,
) -> None:
    panels = lime_panels(row.cuts, pictures)
    shown = int(figure.settings.get("num_features", SHOWN))
    start = int(figure.settings.get("start_label", settings.lime.superpixels.start_label))
    # Within what SLIC makes: a cell may say any number.
    read = read_lime(panels, max(1, min(shown, 200)), start)
    finding.records += lime_records(read)
    if read.version is None:
        finding.remarks.append("the superpixels of its pictures are not known: not read")
        return
    explained = [share for *_, share in read.readings]
    counts = sorted({reading.count for _, _, reading, _ in read.readings})
    finding.sure = (
        f"superpixels of scikit-image {read.version[0]} explain {min(explained):.1%} or more of "
        f"each of {len(explained)} overlays; {' or '.join(map(str, counts))} are drawn"
    )
    # What the key's LIME rests on is an edition's setting; another version is another LIME.
    key = settings.lime.superpixels.scikit_image
    if read.version[0] != key:
        finding.remarks.append(
            f"made with superpixels of scikit-image {read.version[0]}, and the key's are of {key}: "
            "another LIME"
        )
    _pictures_told(finding, row.cuts, settings)


def _of_matrix(finding: Finding, figure: NotebookFigure, matrix: Any) -> None:
    n = len(matrix.shares)
    if matrix.metric is None:
        finding.what = f"a matrix of {n} by {n}"
        finding.remarks.append("its diagonal is neither of a distance nor of a cosine: not read")
        return
    finding.what = f"{matrix.metric} matrix of {n} sentences"
    finding.sure = "values by their colours"
    said = figure.settings.get("metric")
    if said is not None and said != matrix.metric:
        finding.remarks.append(f"its cell says {said}, its diagonal is of the other measure")
    record = matrix_record(matrix, figure.settings)
    if record is None:
        finding.remarks.append("its cell does not tell layer and character: not carried")
        return
    about = next(iter(record.values["tables"].values()))
    finding.what += f", layer {about['layer']}, character {about['character'] + 1}"
    finding.records.append(record)
    if matrix.scale is None:
        finding.remarks.append("the numbers at its colour bar cannot be told: shares of its range")
