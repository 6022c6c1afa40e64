"""Several notebooks as one set of evidence: equal records count once, draws are kept apart."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from solver.evidence import Evidence, Record
from solver.notebook_evidence import from_notebooks
from solver.notebook_evidence.findings import Finding
from solver.notebook_evidence.from_notebooks import QuestionState, turned_by_draws
from solver.notebook_evidence.pooling import equal, pooled

MAP = np.random.default_rng(0).random((20, 20)).astype(np.float32)


def finding(notebook: int, *records: Record) -> Finding:
    return Finding(notebook, "cell 1, figure 1", records=list(records))


def saliency(values: np.ndarray, kind: str = "saliency", **arrays: np.ndarray) -> Record:
    return Record(f"{kind}/2", {"map": values, **arrays})


def test_equal_to_a_level_is_one_measurement() -> None:
    near = saliency(MAP + 2 / 255, figure=np.zeros((3, 3, 3), np.uint8))
    first = saliency(MAP, figure=np.ones((3, 3, 3), np.uint8))
    result = pooled([finding(1, first), finding(2, near)], "0.16")
    assert list(result.records) == ["saliency/2"] and result.differences == []
    assert result.measured_in["saliency/2"] == 2
    assert result.records["saliency/2"].values["shown_by_notebooks"] == [1, 2]


def test_what_differs_is_named_and_the_first_counts() -> None:
    other = saliency(MAP.T)
    result = pooled([finding(1, saliency(MAP)), finding(2, other), finding(3, other)], "0.16")
    (told,) = result.differences
    assert told.startswith("saliency in notebooks 2, 3: another measurement, correlated")
    assert np.array_equal(result.records["saliency/2"].array("map"), MAP)
    assert result.draws == []


def test_other_draws_of_smoothgrad_are_kept_each_apart() -> None:
    draws = [saliency(np.roll(MAP, at, 0), "smoothgrad") for at in range(3)]
    result = pooled([finding(n, one) for n, one in enumerate(draws, 1)], "0.16")
    assert [np.array_equal(d["smoothgrad/2"].array("map"), draws[n + 1].array("map"))
            for n, d in enumerate(result.draws)] == [True, True]  # fmt: skip
    shown = [one["smoothgrad/2"].values["shown_by_notebooks"] for one in result.draws]
    assert "another draw" in result.differences[0] and shown == [[2], [3]]


def test_a_draw_that_turns_an_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def drawn(*notebooks: int) -> Evidence:
        values = {"shown_by_notebooks": list(notebooks)}
        return Evidence({"smoothgrad/2": Record("smoothgrad/2", {"map": MAP}, values)})

    def state(_: object, evidence: Evidence) -> QuestionState:
        first = evidence.get("smoothgrad", 2).values["shown_by_notebooks"] == [1]
        return QuestionState("q11", "figures", answer="d" if first else "c")

    monkeypatch.setattr(from_notebooks, "question_state", state)
    asked: Any = SimpleNamespace(needs=["smoothgrad/2"])
    first = state(asked, drawn(1))
    told = turned_by_draws(asked, first, drawn(1), [drawn(2, 4), drawn(5), drawn(1)])
    assert told == ["the answer to q11 is another by another draw of SmoothGrad: d by the first, "
                    "c by the draw of notebook 2, 4, 5"]  # fmt: skip
    assert not turned_by_draws(asked, first, drawn(1), [drawn(1)])


def test_only_where_both_can_be_read_is_compared() -> None:
    valid = np.ones((20, 20), bool)
    valid[:, 10:] = False
    other = MAP.copy()
    other[:, 10:] = 0
    assert equal(saliency(MAP, valid=valid), saliency(other, valid=valid))
    assert not equal(saliency(MAP), saliency(other))
    assert not equal(saliency(MAP), saliency(MAP[:10]))
    assert not equal(saliency(MAP), saliency(MAP, valid=valid))


def test_lime_of_the_banks_superpixels_goes_before_another_version() -> None:
    def lime(version: str, sign: int) -> Record:
        record = Record("lime/2", {"signs": np.full((4, 4), sign, np.int8)})
        return replace(record, settings={"lime_superpixels": {"scikit_image": version}})

    result = pooled([finding(1, lime("0.19", 1)), finding(2, lime("0.16", -1))], "0.16")
    assert result.records["lime/2"].array("signs")[0, 0] == -1
    assert result.measured_in["lime/2"] == 1


def test_tables_of_several_notebooks_are_one_record() -> None:
    def table(name: str) -> Record:
        values = {"tables": {name: {"layer": 12}}, "sentences": ["1", "2"]}
        return Record("embeddings", {name: np.eye(2)}, values)

    result = pooled(
        [finding(1, table("a")), finding(2, table("b")), finding(3, table("a"))], "0.16"
    )
    assert list(result.records["embeddings"].arrays) == ["a", "b"]
    assert result.measured_in["embeddings"] == 3
