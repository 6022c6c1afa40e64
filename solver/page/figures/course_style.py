"""One explanation beside its picture, with the course's own colours, as a PNG."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt

from solver.evidence import Evidence, Record


def draw_as_course(evidence: Evidence, identifier: str, picture: int) -> bytes:
    """Return a PNG of the picture and of the record `identifier` beside it."""
    # Not pyplot, which picks a backend and keeps every figure until it is closed.
    from matplotlib.figure import Figure

    rgb = evidence.get("picture", picture).array("rgb", 3)
    record = evidence.get(*identifier.split("/"))
    figure = Figure(figsize=(8, 4.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.imshow(rgb)
    left.set_title(f"picture {picture}")
    values, colours = displayed_as_course(record, rgb)
    right.imshow(values, cmap=colours)
    right.set_title(identifier)
    for axes in (left, right):
        axes.set_axis_off()
    buffer = io.BytesIO()
    # Without matplotlib's version in it the same picture has the same bytes.
    figure.savefig(buffer, format="png", dpi=120, metadata={"Software": None})
    return buffer.getvalue()


def displayed_as_course(
    record: Record, rgb: npt.NDArray[np.uint8]
) -> tuple[npt.NDArray[np.floating], str | None]:
    """Return a record's image as the course shows it, and its colour map (None for RGB).

    LIME: the picture with the green channel at its maximum where segments are for the class, the
    red one where they are against it. Saliency: the `hot` colours. An activation: matplotlib's
    default. SmoothGrad, integrated gradients and filter visualizations: RGB.
    """
    if record.kind == "lime":
        overlay = rgb.astype(np.float64) / 255
        # The picture's own largest value, as lime paints it.
        top = overlay.max()
        signs = record.array("signs", 2)
        overlay[..., 1][signs > 0] = top
        overlay[..., 0][signs < 0] = top
        return overlay, None
    if record.kind == "filter_visualization":
        return record.array("rgb", 3), None
    values = record.array("map")
    if values.ndim == 3:
        return values, None
    return values, "hot" if record.kind == "saliency" else "viridis"
