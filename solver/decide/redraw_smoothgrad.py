"""Another draw of a SmoothGrad map that keeps no samples.

The differences of two draws hang together over a few pixels, and over the channels.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from solver.evidence import Record

Floats = npt.NDArray[np.float64]

SAMPLES = 500
"""The course's count, of records that do not say theirs."""
# A place's absolute gradient over the noisy copies is about half-normal, so its mean over n copies
# has the standard deviation sqrt(pi/2 - 1) / sqrt(n) of itself: .034 for the course's 500. Four
# independent runs of the course's network, of ten pictures, have .030 at every brightness, read off
# figures (docs/notebooks.md).
HALF_NORMAL = math.sqrt(math.pi / 2 - 1)
"""Standard deviation of a half-normal variable over its mean."""
IN_FIGURES = 0.89
"""Part of the deviation that is left where a figure has averaged neighbouring pixels."""
WIDTHS = ((0.65, 1.0), (0.35, 3.6))
"""Shares of the variance and widths (pixels of 128): correlated .61, .29 and .13 at a distance of
1.8, 3.7 and 7.3 pixels; the real runs .57, .33 and .16."""
CHANNELS = 0.57
"""Correlation of two channels' differences in the real runs."""


def redrawn(record: Record, generator: np.random.Generator) -> Record:
    """Return the record as another run's draw would have it, seen from this one."""
    values = record.array("map").astype(np.float64)  # (H, W, 3), or (H, W) of hand-made records
    samples = record.values.get("samples", SAMPLES)
    count = samples if isinstance(samples, int) and samples > 0 else SAMPLES
    # sqrt(2): this draw and the other are each off by as much.
    whole = spread = math.sqrt(2) * HALF_NORMAL / math.sqrt(count)
    pixels = record.values.get("figure_pixels", 128)
    if isinstance(pixels, int) and pixels < 128:
        spread *= IN_FIGURES
    flat = values.reshape(*values.shape[:2], -1)
    noise = _field(flat.shape, generator)
    changed = (flat * np.maximum(1 + spread * noise, 0)).reshape(values.shape)
    # Scaled by its brightest place, whose own draw is as far off. The greatest redrawn value would
    # always lie above it, since the greatest of this draw was chosen by its noise already.
    brightest = max(1 + whole * float(generator.standard_normal()), 0.5)
    scaled = np.clip(changed / brightest, 0, 1)
    arrays = {**record.arrays, "map": scaled.astype(np.float32)}
    return Record(record.id, arrays, record.values, record.settings, record.inputs)


def _field(shape: tuple[int, ...], generator: np.random.Generator) -> Floats:
    """Noise of mean 0 and variance 1 (H, W, C), smooth over places and shared by channels."""
    height, width, channels = shape
    scale = min(height, width) / 128
    layers = []
    for _ in range(channels + 1):
        parts = []
        for share, pixels in WIDTHS:
            smooth = ndimage.gaussian_filter(
                generator.standard_normal((height, width)), pixels * scale, mode="wrap"
            )
            parts.append(math.sqrt(share) * smooth / max(float(smooth.std()), 1e-12))
        layers.append(sum(parts))
    common = math.sqrt(CHANNELS) * np.asarray(layers[0])
    own = math.sqrt(1 - CHANNELS)
    return np.stack([common + own * np.asarray(layer) for layer in layers[1:]], -1)
