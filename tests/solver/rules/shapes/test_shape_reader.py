"""The readers of shapes: what a turned map shows is turned, and torch computes the same."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from solver.rules.shapes.shape_reader import (
    CELLS,
    HANDLES,
    SOLIDS,
    STRIDES,
    Reader,
    _coefficients,
    _scores,
    as_read,
)
from tests.solver.rules.made_maps import smooth_noise

READERS = pytest.mark.parametrize("reader", [SOLIDS, HANDLES])


def by_torch(reader: Reader, views: np.ndarray) -> np.ndarray:
    kept = {
        name: torch.tensor(values) for name, values in _coefficients(reader.coefficients).items()
    }
    values = torch.tensor(views)[:, None]
    for at, stride in enumerate(STRIDES):
        weights = kept[f"convolution{at}"]
        values = functional.conv2d(
            values, weights, kept[f"bias{at}"], stride, weights.shape[-1] // 2
        ).relu()
    hidden = functional.linear(values.flatten(1), kept["hidden"], kept["hidden_bias"]).relu()
    scores = functional.linear(hidden, kept["last"], kept["last_bias"]) / kept["temperature"]
    return scores.numpy()


@READERS
def test_torch_computes_the_same(reader: Reader) -> None:
    views = np.stack([as_read(smooth_noise(seed, 2)) for seed in range(2)])
    assert views.shape == (2, CELLS, CELLS)
    expected = by_torch(reader, views)
    assert _scores(views, reader.coefficients) == pytest.approx(expected, abs=1e-9)


@READERS
def test_what_a_turned_or_mirrored_map_shows_is_turned_with_it(reader: Reader) -> None:
    values = smooth_noise(5, 2)
    found = reader.probabilities(values)
    assert sum(found.values()) == pytest.approx(1) and found["nothing"] < 1
    for copy, to in ((np.rot90(values), reader.turned), (values[:, ::-1], reader.mirrored)):
        again = reader.probabilities(copy)
        assert [again[to.get(kind, kind)] for kind in reader.kinds] == pytest.approx(
            [found[kind] for kind in reader.kinds], abs=1e-6
        )


def test_a_map_is_read_without_its_frame_and_whatever_its_size_and_scale() -> None:
    values = smooth_noise(1, 4)
    framed = values.copy()
    framed[:8], framed[:, -8:] = 9, 9
    read = as_read(values)
    assert np.array_equal(as_read(framed), read)
    assert as_read(values * 1e-6) == pytest.approx(read, abs=1e-4)
    large = np.kron(values, np.ones((2, 2)))
    assert np.corrcoef(as_read(large).ravel(), read.ravel())[0, 1] > 0.99
    assert not as_read(np.full((128, 128), 0.5)).any()
