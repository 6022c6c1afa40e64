"""Readers of shapes: small convolutional networks that have seen simulated maps, without torch.

One tells solids, one the side of a jug's handle. They read a map's brightness in 56x56 cells, each
against its surroundings, and give the probability of each shape and of none (convolutions and
rectifiers, LeCun et al. 1998). No drawing is laid over the map, and no strokes are taken out of it
first. Their coefficients are those that

    OMP_NUM_THREADS=1 python -m fixtures.make.shape_readers

wrote to `solid_reader.npz` and `handle_reader.npz`: learnt from simulated maps alone, of which none
is the course's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from solver.rules.shapes.pose_scores import Floats
from solver.rules.thresholds import threshold

LIKELY = threshold(
    "shape_reader.likely",
    0.5,
    "probability: likelier than all other shapes and none together",
    lowest=0.2,
    highest=0.95,
)
CELLS = 56
NOTHING = "nothing"
FRAME = 8.0
"""In pixels of a 128-pixel map: what zero padding lights up, as the rules leave it out."""
_AROUND = 7.0  # cells: the surroundings that a cell's brightness is held against
STRIDES = (2, 2, 1, 2, 2)
"""Of the convolutions, which have 5 x 5 places the first and 3 x 3 the others."""


@dataclass(frozen=True)
class Reader:
    """A network, and what it tells.

    Attributes:
        kinds: the shapes, and last "nothing".
        coefficients: its file.
        turned: what a shape is when the map is turned by a quarter, to the left, if it is another.
        mirrored: what it is when left and right are exchanged.
    """

    kinds: tuple[str, ...]
    coefficients: Path
    turned: Mapping[str, str] = field(default_factory=dict)
    mirrored: Mapping[str, str] = field(default_factory=dict)

    def probabilities(self, brightness: Floats) -> dict[str, float]:
        """Return the probability of each shape for a map (H, W); an even one shows nothing.

        Of the map turned by quarters and mirrored, the mean: the shape is turned with it.
        """
        cells = as_read(brightness)
        if not cells.any():
            return {kind: float(kind == NOTHING) for kind in self.kinds}
        views, places = [], []
        for quarters in range(4):
            for mirror in (False, True):
                view = np.rot90(cells, quarters)
                views.append(view[:, ::-1] if mirror else view)
                places.append(self.places_in_view(quarters, mirror=mirror))
        shares = _softmax(_scores(np.stack(views), self.coefficients))
        mean = np.take_along_axis(shares, np.array(places), axis=1).mean(0)
        return {kind: float(share) for kind, share in zip(self.kinds, mean, strict=True)}

    def places_in_view(self, quarters: int, *, mirror: bool) -> list[int]:
        """Return for each kind the place, among the kinds, of what it is in a view of the map."""
        places = []
        for kind in self.kinds:
            for _ in range(quarters):
                kind = self.turned.get(kind, kind)
            places.append(self.kinds.index(self.mirrored.get(kind, kind) if mirror else kind))
        return places


_HERE = Path(__file__).parent
SOLIDS = Reader(
    ("cube", "ball", "cylinder", "pyramid", "tetrahedron", NOTHING), _HERE / "solid_reader.npz"
)
HANDLES = Reader(
    ("top", "bottom", "left", "right", "middle", NOTHING),
    _HERE / "handle_reader.npz",
    turned={"right": "top", "top": "left", "left": "bottom", "bottom": "right"},
    mirrored={"right": "left", "left": "right"},
)


def as_read(brightness: Floats) -> Floats:
    """Return a map (H, W) as a network reads it (56, 56): contrast of mean 0 and deviation 1.

    All 0 for a map that is even.
    """
    from scipy import ndimage

    scale = max(brightness.shape) / 128
    border = int(np.ceil(FRAME * scale))
    inner = np.clip(brightness[border:-border, border:-border].astype(np.float64), 0, None)
    smooth = ndimage.gaussian_filter(inner, scale, mode="nearest")
    # By how many times it is brighter: a faint edge counts beside a bright one (Weber's law). A
    # tenth of the mean keeps the logarithm from making edges of differences in the dark.
    logarithm = np.log(smooth + 0.1 * smooth.mean() + 1e-12)
    zoom = [CELLS / side for side in logarithm.shape]
    cells = ndimage.zoom(logarithm, zoom, order=1, mode="nearest", grid_mode=True)
    contrast: Floats = cells - ndimage.gaussian_filter(cells, _AROUND, mode="nearest")
    spread = float(contrast.std())
    return contrast / spread if spread > 1e-9 else np.zeros(contrast.shape)


@cache
def _coefficients(path: Path) -> dict[str, Floats]:
    with np.load(path) as kept:
        return {name: kept[name].astype(np.float64) for name in kept.files}


def _scores(views: Floats, path: Path) -> Floats:
    """Views (S, 56, 56) to scores (S, kinds), of a scale that makes probabilities of them."""
    kept = _coefficients(path)
    values = views[:, None]
    for at, stride in enumerate(STRIDES):
        values = _convolved(values, kept[f"convolution{at}"], kept[f"bias{at}"], stride)
    flat = values.reshape(len(values), -1)
    hidden = np.maximum(flat @ kept["hidden"].T + kept["hidden_bias"], 0)
    scores: Floats = (hidden @ kept["last"].T + kept["last_bias"]) / kept["temperature"]
    return scores


def _convolved(values: Floats, weights: Floats, bias: Floats, stride: int) -> Floats:
    """A convolution with a rectifier: (S, C, H, W) and (D, C, k, k) to (S, D, H', W')."""
    size = weights.shape[-1]
    edge = size // 2
    padded = np.pad(values, ((0, 0), (0, 0), (edge, edge), (edge, edge)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (size, size), axis=(2, 3))
    windows = windows[:, :, ::stride, ::stride]  # (S, C, H', W', k, k)
    summed = np.tensordot(windows, weights, axes=((1, 4, 5), (1, 2, 3)))  # (S, H', W', D)
    rectified: npt.NDArray[np.float64] = np.maximum(summed + bias, 0)
    return rectified.transpose(0, 3, 1, 2)


def _softmax(scores: Floats) -> Floats:
    risen = np.exp(scores - scores.max(1, keepdims=True))
    shares: Floats = risen / risen.sum(1, keepdims=True)
    return shares
