"""A map as a person sees it: brightness on the screen, and places that stand out."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

from solver.errors import EvidenceError, MissingEvidence
from solver.evidence import Array, Evidence, Record
from solver.rules.thresholds import threshold
from solver.text.record_names import record_name

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
T = TypeVar("T", bound=np.generic)

PICTURE_SIDE = 128
"""Pixels a side of the pictures that regions are drawn on."""

LUMA = np.array([0.2126, 0.7152, 0.0722])
"""Weights of red, green and blue in perceived brightness (ITU-R BT.709)."""

SURROUND = threshold(
    "displayed.surround",
    1 / 16,
    "Radius of the surroundings a place is compared with, as a share of the picture's side. A "
    "plate or a bowl is about half a picture wide and its parts about an eighth: half of that "
    "looks from a part beyond its edge, and not across another part.",
    lowest=1 / 128,
)
MARKED = threshold(
    "displayed.marked_share",
    0.05,
    "The places a person would call marked: the brightest twentieth of a map. Map and region "
    "being independent, a twentieth of each region is marked; a twentieth of 128x128 is 819 "
    "pixels, enough for a region of a hundredth of the picture to have some.",
    highest=0.5,
)
EYE = threshold(
    "displayed.eye",
    1 / 128,
    "Blur before the brightest places are taken, as a share of the side: one pixel as the network "
    "sees it, so that lone pixels of speckle, which another seed puts elsewhere, mark nothing.",
    lowest=0.0,
)


def displayed_brightness(record: Record) -> Floats:
    """Return the brightness of each place of a displayed map, as float64 (H, W).

    Of a map shown as RGB it is the perceived brightness; of integrated gradients the distance from
    the grey ground.

    Raises:
        EvidenceError: a map of another shape, or one that cannot be read.
    """
    values = record.array("map").astype(np.float64)
    # Shown through a colour map that only rises: its own values serve.
    if values.ndim == 2:
        return values
    if values.ndim != 3 or values.shape[2] != 3:
        raise EvidenceError(
            f"record {record.id}: 'map' must be (H, W) or (H, W, 3)",
            zh=f"紀錄 {record.id}：'map' 應為 (H, W) 或 (H, W, 3)",
        )
    if record.kind == "integrated_gradients":
        # They have a sign, and a gradient of 0 is grey: dark places stand out as bright ones do.
        ground = record.values.get("neutral")
        readable = values[valid_places(record)]
        level = np.median(readable, axis=0) if ground is None else np.full(3, float(ground))
        distance: Floats = np.abs(values - level).max(-1)  # the channel farthest from grey
        return distance
    bright: Floats = values @ LUMA
    return bright


def readable_brightness(record: Record) -> tuple[Floats, Mask]:
    """Return a map's displayed brightness above its lowest readable value, and the readable places.

    Both are read-only arrays.
    """
    return record.cached("readable brightness", lambda: _read_brightness(record))


def _read_brightness(record: Record) -> tuple[Floats, Mask]:
    bright, valid = displayed_brightness(record), valid_places(record)
    if not valid.any():
        raise EvidenceError(
            f"record {record.id}: 'valid' leaves no place to read",
            zh=f"紀錄 {record.id}：'valid' 沒有留下可讀取之處",
        )
    # From the lowest value on, as the course's normalization displays every map: a map and its
    # scaled or lifted copy look the same.
    lifted: Floats = np.clip(bright - bright[valid].min(), 0, None)
    return _kept(lifted), _kept(valid)


def _kept(array: Array) -> Array:
    # It is cached: a caller that wrote into it would change the next one's map.
    array.setflags(write=False)
    return array


SEEN = 1.4
"""Own pixels that a pixel of a filter's map has seen to each side, as a standard deviation: by two
or three convolutions of 3x3 after each pooling; 1.41, 1.38 and 1.43 in layers 6, 15 and 23 of the
course's network (kernels of even weight; Luo et al. 2016, arXiv:1701.04128)."""


def pixel_of(record: Record, array: str = "map") -> float:
    """Return how many of the picture's pixels, 128 a side, one pixel of a map is wide."""
    return PICTURE_SIDE / max(min(record.array(array).shape[:2], default=0), 1)


def reservations(record: Record, array: str = "map") -> list[tuple[str, str]]:
    """Return the limits of a record that was read off a figure, as sentences."""
    said = []
    english, chinese = record_name(record.id)
    hidden = 1 - float(valid_places(record, array).mean())
    if hidden > 0:
        said.append(
            (
                f"{hidden:.0%} of the map cannot be read and is not counted ({english}).",
                f"圖中有 {hidden:.0%} 無法讀取，不列入計算（{chinese}）。",
            )
        )
    pixel = pixel_of(record, array)
    if record.kind == "activation" and pixel >= 2:
        english, chinese = record_name(record.id)
        said.append(
            (
                f"Each pixel of the map is {pixel:.2g} of the picture's, and has seen about "
                f"{SEEN * pixel:.0f} to each side of its middle ({english}).",
                f"圖的每個像素相當於原圖 {pixel:.2g} 個像素，所見約及其中心兩側各 "
                f"{SEEN * pixel:.0f} 個像素（{chinese}）。",
            )
        )
    if record.kind == "integrated_gradients" and record.values.get("neutral") is None:
        said.append(
            (
                f"Where a gradient of 0 lies is not told; the map's median serves ({english}).",
                f"未說明梯度為 0 之處的值，以全圖中位數代替（{chinese}）。",
            )
        )
    return said


def standing_out(brightness: Floats, valid: Mask | None = None) -> Floats:
    """Return the excess of each place's brightness over its surroundings (not below 0), same shape.

    Unreadable places (`valid` false) are no part of any surroundings.
    """
    around = blurred(brightness, SURROUND.now() * max(brightness.shape), valid)  # (H, W)
    above: Floats = np.clip(brightness - around, 0, None)
    return above


def brightest_places(bright: Floats, valid: Mask) -> Mask:
    """Return the brightest twentieth of a map, lightly blurred, as bool; none of an even map."""
    smooth = blurred(bright, EYE.now() * max(bright.shape), valid)
    read = smooth[valid]
    lowest, spread = float(read.min(initial=np.inf)), float(np.ptp(read)) if read.size else 0.0
    if spread <= EVEN * float(np.abs(read).max(initial=0.0)):
        return np.zeros(bright.shape, bool)
    # A plateau at the level is marked whole, unless it is the ground.
    rounding = EVEN * spread
    level = max(float(np.quantile(read, 1 - MARKED.now())) - rounding, lowest + rounding)
    marked: Mask = (smooth >= level) & valid
    return marked


def brightest_of(record: Record) -> Mask:
    """Return the brightest twentieth of a record's map where it can be read, as a read-only array.

    Raises:
        EvidenceError: the map cannot be read.
    """
    hangs_on = (EYE.now(), MARKED.now())
    return record.cached(
        ("brightest places", hangs_on),
        lambda: _kept(brightest_places(*readable_brightness(record))),
    )


def blurred(values: Floats, sigma: float, valid: Mask | None) -> Floats:
    """Return a Gaussian blur that draws on readable places only (normalized convolution)."""
    from scipy import ndimage

    if valid is None or valid.all():
        soft: Floats = ndimage.gaussian_filter(values, sigma)
        return soft
    mass = ndimage.gaussian_filter(np.where(valid, values, 0.0), sigma)
    weight = ndimage.gaussian_filter(valid.astype(float), sigma)
    # Far from all readable places there is no weight, and the value stays as it is.
    spread: Floats = np.divide(mass, weight, out=values.copy(), where=weight > EVEN)
    return spread


def fitted_to(values: npt.NDArray[T], shape: tuple[int, ...]) -> npt.NDArray[T]:
    """Return a map or mask (H, W) at another size (nearest); itself where it has that size.

    >>> fitted_to(np.arange(5), (3,)).tolist()
    [0, 2, 4]
    """
    if values.shape == shape[:2]:
        return values
    places = (
        # Nearest by the pixels' middles: regions neither grow nor move.
        np.minimum((np.arange(n) + 0.5) * m / n, m - 1).astype(int)
        for n, m in zip(shape[:2], values.shape, strict=True)
    )
    fitted: npt.NDArray[T] = values[np.ix_(*places)]
    return fitted


def share_inside(mask: Mask, shape: tuple[int, ...]) -> Floats:
    """Return the share of each pixel of a map (h, w) that lies in a region (H, W), 0 to 1.

    A pixel of a coarse map lies on both sides of a border, and is counted wholly to neither.

    >>> share_inside(np.arange(6) < np.full((6, 1), 3), (2, 4)).tolist()
    [[1.0, 1.0, 0.0, 0.0], [1.0, 1.0, 0.0, 0.0]]
    >>> share_inside(np.arange(4) < np.full((4, 1), 1), (2, 2)).tolist()
    [[0.5, 0.0], [0.5, 0.0]]
    """
    if mask.shape == tuple(shape[:2]):
        return mask.astype(np.float64)
    from skimage.transform import resize_local_mean

    share: Floats = resize_local_mean(mask.astype(np.float64), tuple(shape[:2]))
    return share


def valid_places(record: Record, array: str = "map") -> Mask:
    """Return the places of a map that can be read, as bool (H, W): its `valid` array, or all."""
    shape = record.array(array).shape[:2]
    if "valid" in record.arrays:
        valid: Mask = record.array("valid").astype(bool)
        if valid.shape != shape:
            raise EvidenceError(
                f"record {record.id}: 'valid' has another shape than {array!r}",
                zh=f"紀錄 {record.id}：'valid' 與 {array!r} 的形狀不同",
            )
        return valid
    return np.ones(shape, bool)


class MissingRegion(MissingEvidence):
    """A picture has no such region drawn, or it is empty."""

    def __init__(self, picture: int, name: str) -> None:
        super().__init__([f"regions/{picture}"], (f"the region {name!r}", f"區域 {name!r}"))
        self.picture, self.name = picture, name


def region(evidence: Evidence, picture: int, name: str) -> Mask:
    """Return the mask (H, W) of a named region.

    Raises:
        MissingRegion: the picture has no such region drawn, or it is empty.
    """
    record = evidence.get("regions", picture)
    if name not in record.arrays or not record.arrays[name].any():
        raise MissingRegion(picture, name)
    return record.array(name, 2).astype(bool)


def density(values: Floats, inside: Floats | Mask, valid: Mask) -> float:
    """Return the mean of `values` inside a region over its mean everywhere; 0 for an empty map.

    `inside` is the share of each pixel that lies in the region.
    """
    everywhere = float(values[valid].mean()) if valid.any() else 0.0
    within = mean_inside(values, inside, valid)
    return within / everywhere if everywhere > 0 and within is not None else 0.0


def mean_inside(values: Floats, inside: Floats | Mask, valid: Mask) -> float | None:
    """Return the mean of `values` over the readable part of a region; None where there is none."""
    area = inside[valid].astype(np.float64)
    total = float(area.sum())
    return float((values[valid] * area).sum()) / total if total > 0 else None


EVEN = 1e-9
"""Spread of a map, as a part of its values, below which it is even: the rest is rounding, which
must not agree with anything."""


def correlation(first: Floats, second: Floats) -> float:
    """Return the correlation of two arrays of one shape; 0 where one of them is even."""
    pair = [values.astype(np.float64).ravel() for values in (first, second)]
    if any(values.std() <= EVEN * np.abs(values).max(initial=0.0) for values in pair):
        return 0.0
    return float(np.corrcoef(pair[0], pair[1])[0, 1])


BACKGROUND = ("the background", "背景")


def region_name(evidence: Evidence, picture: int, name: str) -> tuple[str, str]:
    """Return the name of a region of a picture in sentences, in both languages.

    Without words in regions.yaml it is the region's id, in quotes in Chinese.
    """
    record = evidence.get("regions", picture)
    words = record.values.get("words")
    pair = words.get(name) if isinstance(words, dict) else None
    if (
        isinstance(pair, list | tuple)
        and len(pair) == 2
        and all(isinstance(one, str) for one in pair)
    ):
        return str(pair[0]), str(pair[1])
    plain = name.replace("_", " ")
    return f"the {plain}", f"「{plain}」"
