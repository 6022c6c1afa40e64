"""What was measured on the real bert-base-chinese, put in as evidence and decided on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from solver.evidence import Evidence, Record
from solver.explain.similarity_picture import on_map, open_picture, read_matrix
from solver.rules.embedding_tables import METRICS, pairwise
from solver.rules.embeddings import CurveSettings, Shape, ShapeClaim, curve_over_layers
from solver.rules.slide_picture import SlideClaim, SlideSettings, slide_picture

REAL = Path(__file__).resolve().parents[3] / "shared" / "real"
TABLES = REAL / "bert_base_chinese.json"

pytestmark = pytest.mark.skipif(
    not TABLES.is_file(), reason="the real tables are not beside this checkout"
)


@pytest.fixture(scope="module")
def tables() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(TABLES.read_text("utf-8"))
    return loaded


def vectors_behind(distances: np.ndarray, cosines: np.ndarray) -> np.ndarray:
    """Vectors (n, n) whose distances and cosines are those of two tables.

    Of d**2 = a**2 + b**2 - 2ab cos the lengths follow by least squares, from lengths that are all
    alike; of lengths and cosines the vectors, by the eigenvectors of their products.
    """
    n = len(cosines)
    lengths = np.full(n, 10.0)
    a, b = np.triu_indices(n, 1)
    for _ in range(60):
        found = lengths[a] ** 2 + lengths[b] ** 2 - 2 * lengths[a] * lengths[b] * cosines[a, b]
        slope = np.zeros((len(a), n))
        rows = np.arange(len(a))
        slope[rows, a] = 2 * lengths[a] - 2 * lengths[b] * cosines[a, b]
        slope[rows, b] = 2 * lengths[b] - 2 * lengths[a] * cosines[a, b]
        step, *_ = np.linalg.lstsq(slope, distances[a, b] ** 2 - found, rcond=None)
        lengths = np.maximum(lengths + 0.5 * step, 1.0)
    values, vectors = np.linalg.eigh(np.outer(lengths, lengths) * cosines)
    return vectors * np.sqrt(np.clip(values, 0, None))


def embeddings_of(states: np.ndarray) -> Record:
    return Record("embeddings", {"states": states}, {"sentences": ["-"] * states.shape[1]})


def test_the_two_tables_are_of_the_same_vectors(tables: dict[str, Any]) -> None:
    distances = np.array(tables["ping_euclidean_layer12"])
    cosines = np.array(tables["ping_cosine_layer12"])
    vectors = vectors_behind(distances, cosines)
    assert np.abs(pairwise(vectors, "cosine") - cosines).max() < 0.02
    assert np.abs(pairwise(vectors, "euclidean") - distances).max() < 0.5


def test_the_slide_is_told_by_its_metric_and_is_not_of_this_character(
    tables: dict[str, Any],
) -> None:
    vectors = vectors_behind(
        np.array(tables["ping_euclidean_layer12"]), np.array(tables["ping_cosine_layer12"])
    )
    path = REAL / "similarity_slide.png"
    values, _ = on_map(read_matrix(open_picture(path), 10, path)[0])
    records = [
        embeddings_of(vectors[None, :, None]),
        Record("similarity_picture", {"values": values}),
    ]
    verdicts = slide_picture(
        Evidence({record.id: record for record in records}),
        SlideSettings(),
        [SlideClaim(metric=metric) for metric in METRICS],
    ).verdicts
    held = [metric for metric, one in zip(METRICS, verdicts, strict=True) if one.holds]
    # The picture's diagonal is its largest value: each sentence is most like itself.
    assert (values.diagonal() == values.max()).all() and len(held) == 1
    # An exact picture is off by some hundredths (see the demo's): this is one of other vectors.
    assert min(float(one.value or 0) for one in verdicts) > 0.2


def test_the_curve_over_the_layers_has_one_shape(tables: dict[str, Any]) -> None:
    curve = np.array(tables["guo_cosine_sentences_7_8_layers_0_to_10"])
    states = np.zeros((len(curve), 10, 1, 2))
    states[:, :, 0, 0] = 1
    states[:, 8, 0] = np.stack([curve, np.sqrt(1 - curve**2)], 1)
    shapes: tuple[Shape, ...] = get_args(Shape)
    evidence = Evidence({"embeddings": embeddings_of(states)})
    verdicts = curve_over_layers(
        evidence,
        CurveSettings(sentences=(7, 8), last=len(curve) - 1),
        [ShapeClaim(shape=shape) for shape in shapes],
    ).verdicts
    assert sum(bool(one.holds) for one in verdicts) == 1
    assert all((one.margin or 0) > 0.05 for one in verdicts)
