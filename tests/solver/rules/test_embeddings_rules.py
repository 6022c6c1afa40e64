"""Embeddings, a picture of them and a curve whose truth is made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solver.errors import EvidenceError
from solver.evidence import Evidence, Record
from solver.rules.embeddings import (
    METRICS,
    PARTS,
    Cause,
    CauseClaim,
    CurveSettings,
    Metric,
    Part,
    Shape,
    ShapeClaim,
    SlideClaim,
    SlideSettings,
    TrialSettings,
    curve_over_layers,
    layer0_independent,
    misfit,
    pairwise,
    slide_picture,
    stretched,
    vectors_of,
)

REAL = Path(__file__).resolve().parents[4] / "shared" / "real" / "bert_base_chinese.json"
SHAPES: tuple[Shape, ...] = get_args(Shape)


def made_states(seed: int, layers: int = 5, sentences: int = 6) -> np.ndarray:
    chance = np.random.default_rng(seed)
    return chance.normal(size=(layers, sentences, 2, 8)) * chance.uniform(
        0.5, 3, size=(1, sentences, 2, 1)
    )


def evidence_of(states: np.ndarray, picture: np.ndarray | None = None) -> Evidence:
    texts = [str(n) for n in range(states.shape[1])]
    records = [Record("embeddings", {"states": states}, {"sentences": texts})]
    if picture is not None:
        records.append(Record("similarity_picture", {"values": picture}))
    return Evidence({record.id: record for record in records})


CLAIMS = [SlideClaim(metric=metric) for metric in METRICS]
CLAIMS += [SlideClaim(part=part) for part in PARTS]


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 1000),
    metric=st.sampled_from(METRICS),
    part=st.sampled_from(PARTS),
    layer=st.integers(0, 4),
    noise=st.floats(0, 0.02),
)
def test_the_picture_of_a_matrix_is_told_from_the_others(
    seed: int, metric: Metric, part: Part, layer: int, noise: float
) -> None:
    states = made_states(seed)
    picture = stretched(pairwise(vectors_of(states, part)[layer], metric))
    picture = picture + np.random.default_rng(seed).uniform(-noise, noise, picture.shape)
    decision = slide_picture(evidence_of(states, picture), SlideSettings(), CLAIMS)
    holding = [claim for claim, v in zip(CLAIMS, decision.verdicts, strict=True) if v.holds]
    assert holding == [SlideClaim(metric=metric), SlideClaim(part=part)]


def test_a_picture_of_other_sentences_is_refused() -> None:
    with pytest.raises(EvidenceError, match="the picture has 4 rows"):
        slide_picture(evidence_of(made_states(1), np.zeros((4, 4))), SlideSettings(), CLAIMS)


def curve_states(curve: list[float]) -> np.ndarray:
    """Two sentences whose cosine at layer n is curve[n]."""
    states = np.zeros((len(curve), 2, 1, 2))
    states[:, 0, 0, 0] = 1
    states[:, 1, 0, 0] = curve
    states[:, 1, 0, 1] = np.sqrt(1 - np.square(curve))
    return states


def shape_of(curve: list[float]) -> list[str]:
    claims = [ShapeClaim(shape=shape) for shape in SHAPES]
    found = curve_over_layers(
        evidence_of(curve_states(curve)),
        CurveSettings(sentences=(0, 1), last=len(curve) - 1),
        claims,
    )
    return [shape for shape, v in zip(SHAPES, found.verdicts, strict=True) if v.holds]


MADE: dict[Shape, np.ndarray] = {
    "falls": np.linspace(0.9, 0.3, 12),
    "rises": np.linspace(0.3, 0.9, 12),
    "falls_then_rises": np.abs(np.linspace(-0.5, 0.4, 12)) + 0.3,
    "rises_then_falls": 0.9 - np.abs(np.linspace(-0.5, 0.4, 12)),
}


@pytest.mark.parametrize("shape", SHAPES)
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000))
def test_the_shape_is_found_under_small_wobble(shape: Shape, seed: int) -> None:
    wobble = np.random.default_rng(seed).uniform(-0.01, 0.01, 12)
    assert shape_of((MADE[shape] + wobble).tolist()) == [shape]


@pytest.mark.parametrize("shape", SHAPES)
def test_turned_upside_down_the_shape_turns_too(shape: Shape) -> None:
    other = {"falls": "rises", "rises": "falls"}.get(
        shape, "rises_then_falls" if shape == "falls_then_rises" else "falls_then_rises"
    )
    assert shape_of((1.2 - MADE[shape]).tolist()) == [other]


def test_a_level_curve_has_no_shape() -> None:
    assert shape_of([0.5] * 12) == []


def test_a_small_turn_at_the_end_is_no_shape() -> None:
    curve = np.append(np.linspace(0.9, 0.3, 12), 0.32)
    assert misfit(curve, "falls_then_rises") == 1.0
    assert misfit(curve, "falls") < 0.01


def test_the_real_series_of_bert_base_chinese_is_decided_on() -> None:
    if not REAL.is_file():
        pytest.skip("the real tables are not beside this checkout")
    curve = json.loads(REAL.read_text("utf-8"))["guo_cosine_sentences_7_8_layers_0_to_10"]
    fits = {shape: 1 - misfit(np.array(curve), shape) for shape in SHAPES}
    low = int(np.argmin(curve))
    assert 0 < low < len(curve) - 1  # the lowest lies inside, so that it falls and rises
    assert max(fits, key=lambda shape: fits[shape]) == "falls_then_rises"


CAUSES: tuple[Cause, ...] = get_args(Cause)


@pytest.mark.parametrize("moved", CAUSES)
def test_what_moves_the_similarity_is_found(moved: Cause) -> None:
    similarities = np.ones((4, 6, 2))
    similarities[CAUSES.index(moved), 3, 1] = 0.98  # in one sentence only
    record = Record("embedding_trials", {"similarities": similarities}, {"changes": list(CAUSES)})
    evidence = Evidence({record.id: record})
    claims = [CauseClaim(independent_of=cause) for cause in CAUSES]
    decision = layer0_independent(evidence, TrialSettings(character=1), claims)
    assert {c for c, v in zip(CAUSES, decision.verdicts, strict=True) if v.holds} == (
        set(CAUSES) - {moved}
    )
    still = layer0_independent(evidence, TrialSettings(character=0), claims)
    assert all(verdict.holds for verdict in still.verdicts)
