"""A map as a person sees it: the brightness on the screen, and what stands out from around it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from solver.errors import EvidenceError
from solver.evidence import Evidence, MissingEvidence, Record

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

SIDE = 128
LUMA = np.array([0.2126, 0.7152, 0.0722])
"""Weights of red, green and blue in perceived brightness (ITU-R BT.709)."""

SURROUND = 1 / 16
"""Radius of the surroundings a place is compared with, as a share of the picture's side: about the
size of the smallest thing a question names (a rim, a ring of onion)."""


def displayed_brightness(record: Record) -> Floats:
    """Return how strongly each place of a displayed map speaks, as float64 (H, W).

    A saliency map is shown through a colour map that only rises, so its own values serve. Of a map
    shown as RGB it is the perceived brightness. Integrated gradients have a sign and are shown on a
    grey ground, the colour of a gradient of 0: there it is the distance from that ground.
    """
    values = record.array("map").astype(np.float64)
    if values.ndim == 2:
        return values
    if values.ndim != 3 or values.shape[2] != 3:
        raise EvidenceError(f"record {record.id}: 'map' must be (H, W) or (H, W, 3)")
    if record.kind == "integrated_gradients":
        ground = record.values.get("neutral")
        level = np.median(values, axis=(0, 1)) if ground is None else np.full(3, float(ground))
        distance: Floats = np.abs(values - level).max(-1)
        return distance
    bright: Floats = values @ LUMA
    return bright


def standing_out(brightness: Floats) -> Floats:
    """Return by how much each place is brighter than around it (not below 0), same shape."""
    sigma = SURROUND * max(brightness.shape)
    above: Floats = np.clip(brightness - ndimage.gaussian_filter(brightness, sigma), 0, None)
    return above


def fitted_to(mask: Mask, shape: tuple[int, ...]) -> Mask:
    """Return a mask of 128x128 at another size (nearest)."""
    rows, columns = (
        np.minimum((np.arange(n) + 0.5) * m / n, m - 1).astype(int)
        for n, m in zip(shape[:2], mask.shape, strict=True)
    )
    fitted: Mask = mask[np.ix_(rows, columns)]
    return fitted


def valid_places(record: Record) -> Mask:
    """Return where a map may be read: its `valid` array, or everywhere."""
    shape = record.array("map").shape[:2]
    if "valid" in record.arrays:
        valid: Mask = record.array("valid").astype(bool)
        if valid.shape != shape:
            raise EvidenceError(f"record {record.id}: 'valid' has another shape than 'map'")
        return valid
    return np.ones(shape, bool)


def region(evidence: Evidence, picture: int, name: str) -> Mask:
    """Return the mask (128, 128) of a named region.

    Raises:
        MissingEvidence: the picture has no such region drawn, or it is empty.
    """
    record = evidence.get("regions", picture)
    if name not in record.arrays or not record.arrays[name].any():
        raise MissingEvidence([f"{record.id}: the region {name!r}"])
    return record.array(name, 2).astype(bool)


def density(values: Floats, inside: Mask, valid: Mask) -> float:
    """Return the mean of `values` inside a region over its mean everywhere; 0 for an empty map."""
    everywhere = float(values[valid].mean()) if valid.any() else 0.0
    within = inside & valid
    if everywhere <= 0 or not within.any():
        return 0.0
    return float(values[within].mean()) / everywhere


EVEN = 1e-9
"""A map whose spread is less than this part of its values is taken as even: what is left is
rounding, and rounding must agree with nothing."""


def correlation(first: Floats, second: Floats) -> float:
    """Return the correlation of two arrays of one shape; 0 where one of them is even."""
    pair = [values.astype(np.float64).ravel() for values in (first, second)]
    if any(values.std() <= EVEN * np.abs(values).max(initial=0.0) for values in pair):
        return 0.0
    return float(np.corrcoef(pair[0], pair[1])[0, 1])


REGION_NAMES = {
    "cake": ("the cake", "蛋糕"),
    "plate": ("the plate", "盤子"),
    "phone": ("the phone", "手機"),
    "outline": ("the outline", "輪廓"),
    "contour": ("the contour", "輪廓"),
    "soup": ("the soup", "湯"),
    "spring_onion": ("the spring onion", "蔥花"),
    "bowl": ("the whole bowl", "整個碗"),
    "steak": ("the steak", "肉排"),
    "tray": ("the tray", "鐵盤"),
    "milk": ("the milk", "牛奶"),
    "food": ("the food", "食物"),
    "grain": ("the grain", "穀物"),
    "jug": ("the jug", "水壺"),
    "handle": ("the handle", "把手"),
    "egg": ("the egg", "蛋"),
    "noodles": ("the noodles", "麵"),
    "mussel": ("the mussel", "貽貝"),
    "background": ("the background", "背景"),
}


def region_name(name: str) -> tuple[str, str]:
    """Return a region's name for a sentence, in both languages."""
    return REGION_NAMES.get(name, (f"the {name.replace('_', ' ')}", name))
