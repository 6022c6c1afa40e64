"""Figures of BERT: attention by layer and head, links between tokens, words, matrices, a curve."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib
import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from solver.errors import EvidenceError
from solver.evidence import Evidence, Record
from solver.page.figures.maps import record_of, scrolled
from solver.page.figures.panels import Pixels, data_uri
from solver.page.figures.region_labels import short
from solver.page.figures.registry import figure_kind
from solver.rules.bert.attention import checked_weights
from solver.rules.bert.embedding_tables import (
    METRIC_NAMES,
    METRICS,
    PART_NAMES,
    PARTS,
    checked_states,
    pairwise,
    stretched,
    vectors_of,
)
from solver.text.bilingual import Pair, both

Floats = npt.NDArray[np.float64]
LINE, ROOM = 15.0, 78.0
"""Height of a token's line and width of a token's column, in units of the drawing."""
FAINT = 0.08
"""Links that get less attention are not drawn."""
_GAP = 2  # pixels between two heads' maps, in grey, which viridis has not


def viridis(values: npt.NDArray[Any]) -> Pixels:
    """Return values in 0..1 in matplotlib's default colours, uint8 (..., 3)."""
    colours: Pixels = (
        (matplotlib.colormaps["viridis"](np.clip(values, 0, 1))[..., :3] * 255)
        .round()
        .astype(np.uint8)
    )
    return colours


@figure_kind("bert_attention")
def attention_grid(evidence: Evidence, parameters: Mapping[str, Any]) -> Markup:
    """Every head of every layer as a small map, and one head's links layer by layer.

    Parameters: record; head, whose column is marked and whose links are drawn.
    """
    record = record_of(evidence, parameters["record"])
    weights, head = checked_weights(record), int(parameters["head"])
    pieces = record.value("pieces")
    links = [
        link_drawing(weights[layer, head - 1], pieces, (f"Layer {layer + 1}", f"第 {layer + 1} 層"))
        for layer in range(len(weights))
    ]
    return Markup("{}{}").format(
        _grid(weights, head), Markup('<div class="panels">{}</div>').format(Markup("").join(links))
    )


def _grid(weights: npt.NDArray[Any], head: int) -> Markup:
    """Layers downwards, heads to the right; in each map rows look at columns."""
    layers, heads, tokens, _ = weights.shape
    step = tokens + _GAP
    pixels = np.full((layers * step - _GAP, heads * step - _GAP, 3), 128, np.uint8)
    for layer in range(layers):
        for one in range(heads):
            # The square root brings out weak links, which most are.
            colours = viridis(np.sqrt(weights[layer, one]))
            top, left = layer * step, one * step
            pixels[top : top + tokens, left : left + tokens] = colours
    size, side = 40.0, 40.0
    marks = [
        Markup(
            '<text x="{}" y="20" text-anchor="middle" font-size="13" '
            'fill="currentColor"{}>{}</text>'
        ).format(
            short(side + (one + 0.5) * size),
            Markup(' font-weight="bold"') if one + 1 == head else Markup(),
            one + 1,
        )
        for one in range(heads)
    ]
    marks += [
        Markup(
            '<text x="32" y="{}" text-anchor="end" font-size="13" fill="currentColor">{}</text>'
        ).format(short(28 + (layer + 0.5) * size + 4), layer + 1)
        for layer in range(layers)
    ]
    if 1 <= head <= heads:
        marks.append(
            Markup(
                '<rect x="{}" y="27" width="{}" height="{}" fill="none" stroke="currentColor" '
                'stroke-width="2"/>'
            ).format(short(side + (head - 1) * size - 1), short(size), short(layers * size + 1))
        )
    return Markup(
        '<svg viewBox="0 0 {} {}" width="560" role="img" aria-label="attention · 注意力">'
        '<image class="cells" x="{}" y="28" width="{}" height="{}" preserveAspectRatio="none" '
        'href="{}"/>{}</svg>'
    ).format(
        short(side + heads * size + 4),
        short(32 + layers * size),
        short(side),
        # Less the gap behind the last map, which the pixels do not have.
        short(heads * size - size * _GAP / step),
        short(layers * size - size * _GAP / step),
        data_uri(pixels),
        Markup("").join(marks),
    )


@figure_kind("bert_links")
def links_of_heads(evidence: Evidence, parameters: Mapping[str, Any]) -> Markup:
    """Links of several heads. Parameters: record; heads, pairs of layer and head."""
    record = record_of(evidence, parameters["record"])
    weights = checked_weights(record)
    marked = [tuple(link) for link in record.values.get("links", [])]
    drawings = [
        link_drawing(
            weights[layer - 1, head - 1],
            record.value("pieces"),
            (f"Layer {layer} head {head}", f"第 {layer} 層第 {head} 個 head"),
            marked,
        )
        for layer, head in parameters["heads"]
    ]
    return Markup('<div class="panels">{}</div>').format(Markup("").join(drawings))


def link_drawing(
    weights: npt.NDArray[Any],
    pieces: Sequence[str],
    caption: Pair,
    marked: Sequence[tuple[Any, ...]] = (),
) -> Markup:
    """Tokens to the left look at tokens to the right: attention (T, T) as lines.

    A link is as opaque as the attention it gets; `marked` links (from, to) have a colour of their
    own.
    """
    width, height = 2 * ROOM + 90, LINE * len(pieces) + 6
    lines = []
    for row in range(len(pieces)):
        for column in range(len(pieces)):
            weight = float(weights[row, column])
            if weight >= FAINT:
                colour = "#e8590c" if (row, column) in marked else "#3b82f6"
                lines.append(
                    Markup(
                        '<line x1="{}" y1="{}" x2="{}" y2="{}" stroke="{}" stroke-width="2" '
                        'stroke-opacity="{:.2f}"/>'
                    ).format(
                        short(ROOM + 3),
                        short(LINE * row + 8),
                        short(width - ROOM - 3),
                        short(LINE * column + 8),
                        colour,
                        weight,
                    )
                )
    texts = [
        Markup(
            '<text x="{}" y="{}" font-size="11" text-anchor="{}" fill="currentColor">{}</text>'
        ).format(short(x), short(LINE * at + 12), anchor, piece)
        for at, piece in enumerate(pieces)
        for x, anchor in ((ROOM, "end"), (width - ROOM, "start"))
    ]
    return Markup(
        '<figure class="links"><svg viewBox="0 0 {w} {h}" width="{w}" role="img" '
        'aria-label="{spoken}">{}{}</svg><figcaption>{}</figcaption></figure>'
    ).format(
        Markup("").join(lines),
        Markup("").join(texts),
        both(caption),
        w=short(width),
        h=short(height),
        spoken=caption[0],
    )


@figure_kind("bert_words", opens="anywhere")
def likeliest_words(evidence: Evidence, parameters: Mapping[str, Any]) -> Markup:
    """The likeliest words of several distributions, side by side. Parameters: records."""
    return Markup('<div class="panels">{}</div>').format(
        Markup("").join(_words(record_of(evidence, name)) for name in parameters["records"])
    )


def _words(record: Record) -> Markup:
    rows = [
        Markup(
            '<text x="96" y="{y}" text-anchor="end" font-size="13" fill="currentColor">{}</text>'
            '<rect x="102" y="{top}" width="{}" height="12" fill="#3b82f6"/>'
            '<text x="{}" y="{y}" font-size="12" fill="currentColor">{}</text>'
        ).format(
            str(word),
            short(160 * float(share)),
            short(106 + 160 * float(share)),
            f"{float(share):.3f}",
            y=18 * at + 14,
            top=18 * at + 4,
        )
        for at, (word, share) in enumerate(record.value("likeliest"))
    ]
    return Markup(
        '<figure class="words"><svg viewBox="0 0 320 {h}" width="320" role="img" '
        'aria-label="{said}">{}</svg><figcaption>{said}</figcaption></figure>'
    ).format(Markup("").join(rows), h=18 * len(rows) + 6, said=str(record.value("sentence")))


@figure_kind("bert_tags", opens="never")
def tags_by_layer(evidence: Evidence, parameters: Mapping[str, Any]) -> Markup:
    """Counts of parts of speech and the nearest words, a layer a row. Parameters: record."""
    record = record_of(evidence, parameters["record"])
    counts, tags = record.array("counts", 2), list(record.value("tags"))
    # Eighteen parts of speech are too wide for a page, and most are among no nearest words.
    kept = [at for at in range(len(tags)) if counts[:, at].any()]
    own = record.value("tag")
    head: list[Markup] = [both(("Layer", "層"))]
    head += [Markup("<b>{}</b>" if tags[at] == own else "{}").format(tags[at]) for at in kept]
    head.append(both(("Nearest words", "最接近的詞")))
    rows = []
    for layer, row in enumerate(counts):
        most = row.max()
        cells = [
            Markup('<td class="n">{}</td>').format(
                Markup("<b>{}</b>" if row[at] == most else "{}").format(int(row[at]))
            )
            for at in kept
        ]
        found = Counter(str(word) for word, _ in record.value("nearest")[layer])
        nearest = ", ".join(f"{word}\u00a0×{n}" if n > 1 else word for word, n in found.items())
        rows.append(
            Markup('<tr><td class="n">{}</td>{}<td>{}</td></tr>').format(
                layer + 1, Markup("").join(cells), nearest
            )
        )
    return scrolled(
        Markup('<table class="numbers"><thead><tr>{}</tr></thead><tbody>{}</tbody></table>').format(
            Markup("").join(Markup('<th scope="col">{}</th>').format(cell) for cell in head),
            Markup("").join(rows),
        )
    )


@figure_kind("bert_matrices")
def matrices(evidence: Evidence, parameters: Mapping[str, Any]) -> Markup:
    """Every candidate matrix beside the one of the picture. Parameters: records, layer."""
    first, second = parameters["records"]
    states = checked_states(record_of(evidence, first))
    picture = record_of(evidence, second)
    vectors = {part: vectors_of(states, part)[int(parameters["layer"])] for part in PARTS}
    head = [Markup("<td></td>")]
    head += [Markup('<th scope="col">{}</th>').format(both(PART_NAMES[part])) for part in PARTS]
    rows = [Markup("<tr>{}</tr>").format(Markup("").join(head))]
    for metric in METRICS:
        # Stretched each for itself: the slide's picture has no scale either.
        cells = [stretched(pairwise(vectors[part], metric)) for part in PARTS]
        rows.append(_matrix_row(METRIC_NAMES[metric], cells))
    rows.append(_matrix_row(("the picture", "投影片的圖"), [picture.array("values", 2)]))
    return scrolled(Markup('<table class="numbers">{}</table>').format(Markup("").join(rows)))


def _matrix_row(name: Pair, matrices: Sequence[Floats]) -> Markup:
    cells = [
        Markup(
            '<td><svg viewBox="0 0 128 128" width="160" role="img" aria-label="{}">'
            '<image class="cells" width="128" height="128" href="{}"/></svg></td>'
        ).format(" · ".join(name), data_uri(viridis(matrix)))
        for matrix in matrices
    ]
    return Markup('<tr><th scope="row">{}</th>{}</tr>').format(both(name), Markup("").join(cells))


@figure_kind("bert_curve", opens="anywhere")
def curve(evidence: Evidence, parameters: Mapping[str, Any]) -> Markup:
    """A similarity over the layers. Parameters: values; first, the number of the first layer."""
    values = [float(value) for value in parameters["values"]]
    first = int(parameters["first"])
    if len(values) < 2 or not np.isfinite(values).all():
        raise EvidenceError("a curve needs two numbers or more", zh="曲線需要兩個以上的數值")
    low, high = min(values), max(values)
    # An even curve is drawn in the middle of its own line.
    room = (high - low) or 1.0
    points = [
        (50 + 420 * at / (len(values) - 1), 20 + 160 * (high - value) / room)
        for at, value in enumerate(values)
    ]
    path = "M" + "L".join(f"{short(x)} {short(y)}" for x, y in points)
    marks = [
        Markup(
            '<circle cx="{x}" cy="{}" r="4"/><text class="tick" x="{x}" y="{}" '
            'text-anchor="middle">{}</text><text class="tick" x="{x}" y="205" '
            'text-anchor="middle">{}</text>'
        ).format(short(y), short(y - 8), f"{value:.2f}", first + at, x=short(x))
        for at, ((x, y), value) in enumerate(zip(points, values, strict=True))
    ]
    return Markup(
        '<svg class="plot" viewBox="0 0 520 240" role="img" aria-label="{}">'
        '<path d="{}" fill="none" stroke="#3b82f6" stroke-width="2"/>{}'
        '<text class="label" x="260" y="230" text-anchor="middle" lang="en">layer</text>'
        '<text class="label" x="260" y="230" text-anchor="middle" lang="zh-Hant">層</text></svg>'
    ).format(" ".join(f"{value:.2f}" for value in values), path, Markup("").join(marks))
