"""Maps of noise, of several kinds: what a map looks like when nothing is to be seen."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import ndimage

SIDE = 128


def white(seed: int) -> np.ndarray:
    """Every pixel for itself."""
    return np.random.default_rng(seed).random((SIDE, SIDE))


def smooth(seed: int) -> np.ndarray:
    """Clumps of some pixels, a few of them very bright."""
    noise = np.random.default_rng(seed).normal(size=(SIDE, SIDE))
    return np.exp(5 * ndimage.gaussian_filter(noise, 2))


def pink(seed: int) -> np.ndarray:
    """As much at each scale as at the next, as in natural pictures."""
    spectrum = np.fft.fft2(np.random.default_rng(seed).normal(size=(SIDE, SIDE)))
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(SIDE), np.fft.fftfreq(SIDE)))
    frequency[0, 0] = 1
    values = np.fft.ifft2(spectrum / frequency).real
    return np.exp(values / values.std())


NOISE: dict[str, Callable[[int], np.ndarray]] = {"white": white, "smooth": smooth, "pink": pink}


def with_spectrum_of(values: np.ndarray, seed: int) -> np.ndarray:
    """Noise with a map's own spectrum: its amplitudes, other phases (Theiler et al. 1992)."""
    amplitudes = np.abs(np.fft.fft2(values - values.mean()))
    phases = np.angle(np.fft.fft2(np.random.default_rng(seed).normal(size=values.shape)))
    surrogate = np.fft.ifft2(amplitudes * np.exp(1j * phases)).real
    return np.clip(surrogate, 0, None)
