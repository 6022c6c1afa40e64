"""What was measured on the real bert-base-chinese, as evidence, and decided on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from solver.evidence import Evidence
from solver.rules.bert.embedding_tables import METRICS, PARTS, pairwise
from solver.rules.bert.embeddings import CurveSettings, Shape, ShapeClaim, curve_over_layers
from solver.rules.bert.similarity_image import SlideClaim, SlideSettings, slide_picture

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


def test_the_two_tables_are_of_the_same_vectors(tables: dict[str, Any]) -> None:
    distances = np.array(tables["ping_euclidean_layer12"])
    cosines = np.array(tables["ping_cosine_layer12"])
    vectors = vectors_behind(distances, cosines)
    assert np.abs(pairwise(vectors, "cosine") - cosines).max() < 0.02
    assert np.abs(pairwise(vectors, "euclidean") - distances).max() < 0.5


def test_the_slide_is_told_by_one_metric_and_one_part(real_evidence: Evidence) -> None:
    # Euclidean distances are darkest on the diagonal and cosines brightest, whatever the word.
    values = real_evidence.get("similarity_picture").array("values", 2)
    of_itself = "cosine" if (values.diagonal() == values.max()).all() else "euclidean"
    claims = [
        *[SlideClaim(metric=metric) for metric in METRICS],
        *[SlideClaim(part=part) for part in PARTS],
    ]
    decision = slide_picture(real_evidence, SlideSettings(), claims)
    held = [
        claim.metric or claim.part
        for claim, one in zip(claims, decision.verdicts, strict=True)
        if one.holds
    ]
    assert len(held) == 2 and held[0] == of_itself
    # A picture of this very matrix is off by some hundredths, one of another by a tenth and more.
    errors = sorted(one.value for one in decision.verdicts if isinstance(one.value, float))
    assert errors[0] < 0.05 and errors[-1] > 0.2
    # The whole word was not measured, and the note says what was.
    assert decision.note is not None


def test_the_curve_over_the_layers_has_one_shape(real_evidence: Evidence) -> None:
    shapes: tuple[Shape, ...] = get_args(Shape)
    decision = curve_over_layers(
        real_evidence, CurveSettings(sentences=(7, 8)), [ShapeClaim(shape=one) for one in shapes]
    )
    assert sum(bool(one.holds) for one in decision.verdicts) == 1
    assert all((one.margin or 0) > 0.05 for one in decision.verdicts)
    # What was kept is of the other character, and of fewer layers than are asked for.
    assert decision.note is not None and "other character" in decision.note[0]
