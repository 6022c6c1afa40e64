"""Figures of pictures and maps: LIME's overlay, maps beside pictures, wires, strips, samples."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import matplotlib
import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from solver.errors import EvidenceError, MissingEvidence
from solver.evidence import Evidence, Record
from solver.page.figures.as_found import panels_as_found
from solver.page.figures.panels import (
    Mask,
    Panel,
    Pixels,
    data_uri,
    middle_of,
    outlines_of,
    panels_html,
    text_at,
)
from solver.page.figures.region_labels import Outline, short
from solver.page.figures.registry import figure_kind
from solver.rules.maps.displayed import fitted_to, region_name
from solver.text.bilingual import Pair, as_pair, both, words
from solver.text.numbers import number
from solver.text.record_names import picture_of, record_name, records_named

GREEN, RED = 1, 0
MOST_SAMPLES = 24  # a page of the course's ten steps, and of twice as many
_FEW = 5


def record_of(evidence: Evidence, identifier: str) -> Record:
    """Return a record by its whole id.

    Raises:
        MissingEvidence: it is not there.
    """
    return evidence.get(*identifier.split("/"))


def rgb_of(evidence: Evidence, picture: int) -> Pixels:
    """Return a picture's pixels, uint8 (h, w, 3)."""
    record = evidence.get("picture", picture)
    return _as_rgb(record, record.array("rgb", 3))


def displayed_pixels(record: Record) -> Pixels:
    """Return a record's map in the colours the course draws it in, uint8 (h, w, 3).

    `hot` from lowest to highest for saliency, matplotlib's own viridis for other maps of one value
    a place, RGB as it is (values beyond 0..1 clipped) for three. Where the record says that a map
    cannot be read (`valid`), it is greyed.
    """
    values = record.array("map" if "map" in record.arrays else "rgb")
    if values.ndim == 3:
        pixels = _as_rgb(record, values)
    elif values.ndim == 2:
        colours = matplotlib.colormaps["hot" if record.kind == "saliency" else "viridis"]
        pixels = (colours(_stretched(values))[..., :3] * 255).round().astype(np.uint8)
    else:
        raise EvidenceError(
            f"record {record.id}: a map is (H, W) or (H, W, 3)",
            zh=f"紀錄 {record.id}：圖應為 (H, W) 或 (H, W, 3)",
        )
    valid = record.arrays.get("valid")
    if valid is not None and valid.shape == pixels.shape[:2]:
        hidden = ~valid.astype(bool)
        # Pale grey over it, so that nobody takes a place that cannot be read for a dark one.
        pixels[hidden] = (pixels[hidden] // 3 + 100).astype(np.uint8)
    return pixels


def _as_rgb(record: Record, values: npt.NDArray[Any]) -> Pixels:
    if values.ndim != 3 or values.shape[2] != 3:
        raise EvidenceError(
            f"record {record.id}: a picture is (H, W, 3)",
            zh=f"紀錄 {record.id}：圖片應為 (H, W, 3)",
        )
    if values.dtype == np.uint8:
        return values.copy()
    pixels: Pixels = (np.clip(values, 0, 1) * 255).round().astype(np.uint8)
    return pixels


def _stretched(values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    low, high = float(values.min()), float(values.max())
    # A flat map is all of its lowest colour, as matplotlib draws it.
    if high <= low:
        return np.zeros(values.shape)
    scaled: npt.NDArray[np.float64] = (values.astype(np.float64) - low) / (high - low)
    return scaled


def overlay_pixels(rgb: Pixels, signs: npt.NDArray[Any]) -> Pixels:
    """Return LIME's overlay as the course draws it: uint8 (h, w, 3).

    Where the sign is positive the green channel, where it is negative the red one, takes the
    highest value of the whole picture (`get_image_and_mask` of the lime package).
    """
    drawn = rgb.copy()
    for channel, mask in ((GREEN, signs > 0), (RED, signs < 0)):
        drawn[fitted_to(mask, rgb.shape), channel] = rgb.max()
    return drawn


def label_of_region(evidence: Evidence, picture: int, name: str) -> Pair:
    """Return a region's name without its article, for a label."""
    english, chinese = region_name(evidence, picture, name)
    return english.removeprefix("the "), chinese


def _outlines(
    evidence: Evidence, picture: int, names: Sequence[str]
) -> tuple[list[Outline], list[str]]:
    """(outlines of the regions that are drawn, ids of those that are not)."""
    if not names:
        return [], []
    if evidence.missing([f"regions/{picture}"]):
        return [], [f"regions/{picture}"]
    record = evidence.get("regions", picture)
    # A region without a pixel has no outline; it is named among those that lack.
    there = [name for name in names if name in record.arrays and record.arrays[name].any()]
    masks = [
        (label_of_region(evidence, picture, name), record.array(name, 2).astype(bool))
        for name in there
    ]
    return outlines_of(masks), [f"{record.id}: {name}" for name in names if name not in there]


def _note_of_lacks(lacks: Sequence[str]) -> Markup:
    if not lacks:
        return Markup()
    text = words().say("figure_lacks_some", records=records_named(lacks))
    return Markup('<p class="hint">{}</p>').format(text)


def _picture_panel(evidence: Evidence, picture: int, outlines: Sequence[Outline] = ()) -> Panel:
    say = words()
    spoken = (
        say.pair("picture_outlined", n=picture) if outlines else say.pair("picture_n", n=picture)
    )
    return Panel(rgb_of(evidence, picture), both(spoken), spoken, smooth=True, outlines=outlines)


def _bare_and_outlined(
    bare: Callable[[Sequence[Outline]], Panel], outlines: Sequence[Outline]
) -> list[Panel]:
    """A panel without lines and, where there are regions to show, the same with them."""
    return [bare(()), bare(outlines)] if outlines else [bare(())]


def _map_panel(record: Record, outlines: Sequence[Outline] = ()) -> Panel:
    spoken = words().pair("outlined") if outlines else _capital(record_name(record.id))
    return Panel(displayed_pixels(record), both(spoken), spoken, outlines=outlines)


def _capital(name: Pair) -> Pair:
    return name[0][:1].upper() + name[0][1:], name[1]


def _last_decides(panels: Sequence[Panel]) -> list[Panel]:
    return [*panels[:-1], replace(panels[-1], decisive=True)]


@figure_kind("lime_overlay", opens="anywhere")
def lime_overlay(evidence: Evidence, parameters: Mapping[str, Any]) -> Markup:
    """The picture, and LIME's overlay on it. Parameters: picture; regions, names to outline."""
    picture = int(parameters["picture"])
    record = evidence.get("lime", picture)
    signs = record.array("signs", 2)
    outlines, lacks = _outlines(evidence, picture, parameters.get("regions", []))
    rgb = rgb_of(evidence, picture)
    segments = _drawn_segments(record, signs)
    pixels = overlay_pixels(rgb, signs)
    marks = [
        text_at(middle_of(mask), (str(rank), str(rank)), "rank")
        for rank, (mask, _) in enumerate(segments, 1)
    ]

    def overlay(lines: Sequence[Outline]) -> Panel:
        say = words()
        spoken = say.pair("overlay_outlined") if lines else say.pair("overlay_of", n=picture)
        # Numbers lie on the panel with the outlines, so that the other one is as a student saw it.
        numbered = marks if lines or not outlines else ()
        return Panel(pixels, both(spoken), spoken, outlines=lines, marks=numbered)

    panels = [_picture_panel(evidence, picture), *_bare_and_outlined(overlay, outlines)]
    below = _weights_legend([weight for _, weight in segments]) + _note_of_lacks(lacks)
    found = panels_as_found(record)
    return panels_html(_last_decides([panels[0], *found, *panels[1:]]), below)


def _drawn_segments(record: Record, signs: npt.NDArray[Any]) -> list[tuple[Mask, float]]:
    """Masks and weights of the segments in colour, heaviest first; none for hand-made records."""
    if "segments" not in record.arrays or "weights" not in record.arrays:
        return []
    segments, weights = record.array("segments", 2), record.array("weights", 1)
    if segments.shape != signs.shape:
        return []
    labels = [int(label) for label in np.unique(segments[signs != 0])]
    inside = [label for label in labels if 0 <= label < len(weights)]
    # By number among equals, so that the ranks are the same on every machine.
    inside.sort(key=lambda label: (-abs(weights[label]), label))
    return [(segments == label, float(weights[label])) for label in inside]


def _weights_legend(weights: Sequence[float]) -> Markup:
    if not weights:
        return Markup()
    items = Markup("").join(
        Markup('<li class="{}"><b>{}</b> {}{}</li>').format(
            "for" if weight > 0 else "against", rank, "+" if weight > 0 else "", number(weight)
        )
        for rank, weight in enumerate(weights, 1)
    )
    return Markup('<p class="hint">{}</p><ol class="weights">{}</ol>').format(
        words().say("segment_weights"), items
    )


@figure_kind("map", opens="anywhere")
def map_beside_picture(evidence: Evidence, parameters: Mapping[str, Any]) -> Markup:
    """A picture and its map as displayed, regions outlined on both.

    Parameters: record, id of the map; picture; regions, names to outline.
    """
    picture = int(parameters["picture"])
    record = record_of(evidence, str(parameters["record"]))
    outlines, lacks = _outlines(evidence, picture, parameters.get("regions", []))
    panels = [
        *panels_as_found(record),
        *_bare_and_outlined(partial(_map_panel, record), outlines),
    ]
    if evidence.missing([f"picture/{picture}"]):
        lacks = [f"picture/{picture}", *lacks]
    else:
        shown = partial(_picture_panel, evidence, picture)
        panels = [*_bare_and_outlined(shown, outlines), *panels]
    return panels_html(_last_decides(panels), _note_of_lacks(lacks))


@figure_kind("wireframe", opens="anywhere")
def wireframe(evidence: Evidence, parameters: Mapping[str, Any]) -> Markup:
    """A picture, its map, and the map with the best line drawing over it.

    Parameters: record; picture; points, [x, y] of the drawing in 0..1 of the map.
    """
    picture = int(parameters["picture"])
    record = record_of(evidence, str(parameters["record"]))
    wires = np.asarray(parameters["points"], np.float64).reshape(-1, 2)
    plain = _map_panel(record)
    spoken = words().pair("map_with_drawing")
    drawn = Panel(plain.pixels, both(spoken), spoken, marks=[_dots(wires)])
    panels, lacks = [*panels_as_found(record), plain, drawn], []
    if evidence.missing([f"picture/{picture}"]):
        lacks = [f"picture/{picture}"]
    else:
        panels.insert(0, _picture_panel(evidence, picture))
    return panels_html(_last_decides(panels), _note_of_lacks(lacks))


def _dots(points: npt.NDArray[np.float64]) -> Markup:
    # A line of no length with round ends is a dot, in a tenth of the bytes of a circle.
    data = "".join(f"M{short(128 * float(x))} {short(128 * float(y))}h0" for x, y in points)
    return Markup('<path class="wire-edge" d="{0}"/><path class="wire" d="{0}"/>').format(data)


@figure_kind("strip")
def strip(evidence: Evidence, parameters: Mapping[str, Any]) -> Markup:
    """Rows of small maps. Parameters: rows, each with a label (en, zh-Hant) and records, ids."""
    if all(len(row["records"]) == 1 for row in parameters["rows"]):
        return _one_a_row(evidence, parameters["rows"])
    rows = Markup("").join(
        Markup('<tr><th scope="row">{}</th>{}</tr>').format(
            both(row["label"]),
            Markup("").join(_small_map(evidence, name) for name in row["records"]),
        )
        for row in parameters["rows"]
    )
    few = " few" if max(len(row["records"]) for row in parameters["rows"]) <= _FEW else ""
    return scrolled(Markup('<table class="strip{}"><tbody>{}</tbody></table>').format(few, rows))


def _one_a_row(evidence: Evidence, rows: Sequence[Mapping[str, Any]]) -> Markup:
    """Rows of a single map are set side by side, as panels."""
    there = [row for row in rows if not evidence.missing(list(row["records"]))]
    panels = []
    for row in there:
        label = as_pair(row["label"])
        record = record_of(evidence, row["records"][0])
        panels.append(Panel(displayed_pixels(record), both(label), label))
    lacks = [row["records"][0] for row in rows if row not in there]
    if not panels:
        raise MissingEvidence(lacks)
    return panels_html(panels, _note_of_lacks(lacks))


def _small_map(evidence: Evidence, identifier: str) -> Markup:
    if evidence.missing([identifier]):
        hint = words().say("not_there")
        return Markup('<td><span class="empty">{}</span>{}</td>').format(hint, _under(identifier))
    pixels = displayed_pixels(record_of(evidence, identifier))
    return Markup('<td><img class="cells" alt="{}" src="{}">{}</td>').format(
        " · ".join(dict.fromkeys(record_name(identifier))), data_uri(pixels), _under(identifier)
    )


def _under(identifier: str) -> Markup:
    """The picture's number below a map of a row: the row's label says which map it is."""
    picture = picture_of(identifier)
    name = words().pair("picture_n", n=picture) if picture else record_name(identifier)
    return Markup("<small>{}</small>").format(both(name))


@figure_kind("samples", opens="anywhere")
def samples(evidence: Evidence, parameters: Mapping[str, Any]) -> Markup:
    """A montage of pictures in an array (N, H, W, 3), 0..1. Parameters: record; array, its name."""
    record = record_of(evidence, str(parameters["record"]))
    name = str(parameters["array"])
    array = record.array(name, 4)
    if not len(array):
        raise MissingEvidence([record.id], (name, name))
    # First and last are always among them; `unique`, where rounding gives one twice.
    shown = np.unique(np.linspace(0, len(array) - 1, min(len(array), MOST_SAMPLES)).astype(int))
    cells = Markup("").join(
        Markup(
            '<li><img class="photo" alt="{}" src="{}"><small aria-hidden="true">{}</small></li>'
        ).format(f"{name} {at + 1}", data_uri(_as_rgb(record, array[at])), at + 1)
        for at in shown
    )
    note = Markup()
    if len(shown) < len(array):
        text = words().say("samples_some", shown=len(shown), of=len(array))
        note = Markup('<p class="hint">{}</p>').format(text)
    return Markup('<ol class="samples">{}</ol>{}').format(cells, note)


def scrolled(content: Markup) -> Markup:
    """Wrap wide content in a box that scrolls on its own and takes the keyboard's focus."""
    label = " · ".join(words().pair("scrolls"))
    return Markup('<div class="scroll" tabindex="0" role="group" aria-label="{}">{}</div>').format(
        label, content
    )
