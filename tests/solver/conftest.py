"""Fixtures the solver's tests share: the demo bundle, and real maps where there are any."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from solver.bundle.bundle import Bundle, load_bundle
from solver.files.resources import data_folder

REAL = Path(__file__).resolve().parents[3] / "shared" / "real"


@pytest.fixture(scope="session")
def demo() -> Bundle:
    """The demo bundle, loaded once; nobody may leave a trace on its network."""
    return load_bundle(data_folder("demo"))


@pytest.fixture(scope="session")
def real_maps() -> dict[str, np.ndarray]:
    """Saliency (10, 128, 128) and SmoothGrad (10, 128, 128, 3) of the course's network, 0..1."""
    path = REAL / "maps_128px.npz"
    if not path.is_file():
        pytest.skip("the course network's own maps (../shared/real) are not here")
    with np.load(path) as archive:
        return {
            "saliency": archive["saliency_idx256"] / 255,
            "smoothgrad": archive["smoothgrad_uint8"] / 255,
            "pictures": archive["images_uint8"],
            "names": archive["names"],
        }


@pytest.fixture
def generators_restored() -> Iterator[None]:
    """For a test that seeds the global generators as the course does."""
    numpy_state, torch_state = np.random.get_state(), torch.get_rng_state()
    yield
    np.random.set_state(numpy_state)
    torch.set_rng_state(torch_state)
