"""The benchmark runs: its ways compute the same, its counts are right. Never how long it takes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from solver.bundle.bundle import Bundle, load_bundle
from solver.evidence import Evidence, Record
from solver.files.resources import data_folder
from solver.models.food_cnn import GENUINE_WIDTHS, build_network
from tests.benchmarks import sample_procedure, through_captum
from tests.benchmarks.cnn import Counts, measure, parts_of, report, totals, verdicts
from tests.benchmarks.multiply_adds import multiply_adds
from tests.benchmarks.timing import Seconds


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return load_bundle(data_folder("demo"))


def test_multiply_adds_are_the_courses() -> None:
    with torch.device("meta"):
        network = build_network(GENUINE_WIDTHS, 1024)
    assert multiply_adds(network) / 1e9 == pytest.approx(8.67, abs=0.01)
    assert multiply_adds(network, 6) / 1e9 == pytest.approx(4.89, abs=0.01)
    assert multiply_adds(network, 23) / 1e9 == pytest.approx(7.61, abs=0.01)
    assert multiply_adds(network, 6, True) < multiply_adds(network, 3) * 1.02


def test_the_ways_compute_the_same(bundle: Bundle) -> None:
    course = sample_procedure.as_the_course_loads_it(bundle)
    ours = sample_procedure.integrated_gradients(course, bundle, 7, 4)
    theirs = through_captum.integrated_gradients(bundle.network, bundle, 7, 4)[0]
    assert float((ours - theirs).abs().mean()) < 1e-4 * float(ours.abs().max())
    ours = sample_procedure.saliency(course, bundle, [0, 1])
    theirs = through_captum.saliency(bundle.network, bundle, [0, 1]).abs().amax(1) / 2
    assert torch.allclose(ours, theirs, atol=1e-4 * float(ours.max()))
    ours = sample_procedure.filters(course, bundle, [0, 1], 6, 1)
    theirs = through_captum.filters(bundle.network, bundle, [0, 1], 6, 1)
    assert float((ours - theirs).abs().mean()) < 1e-2


def test_it_runs_on_tiny_counts(bundle: Bundle) -> None:
    two = Bundle(bundle.folder, bundle.pictures[:2])
    key = Evidence(
        {
            "lime/0": Record("lime/0", values={"samples": 10}),
            "integrated_gradients/0/10": Record(
                "integrated_gradients/0/10", values={"samples": 10}
            ),
            "integrated_gradients/0/100": Record(
                "integrated_gradients/0/100", values={"samples": 100}
            ),
        }
    )
    parts = parts_of(two, Counts(lime=10, smoothgrad=10, climbing=1), key)
    rows = measure(parts, two, scale=1e-6, rounds=1)
    by_method = {row["method"]: row for row in rows}
    assert by_method["LIME"]["key"]["samples"] == 10
    assert by_method["integrated gradients"]["key"]["samples"] == 100
    assert by_method["filter visualization 6"]["ratio"] is None
    seconds = sum(row["ways"]["captum"]["seconds"] for row in rows)
    assert totals(rows)["ways"]["captum"] == pytest.approx(seconds)
    assert np.isfinite(totals(rows)["ratio"])
    text = report(rows, {"q01 a": True, "q01 b": False})
    assert "Verdicts equal: 1 of 2." in text and "q01 b differs" in text
    # A run that takes the clock a fifth of what the sample procedure takes it.
    clock = sum(row["ways"]["sample procedure"]["clock"] for row in rows)
    whole_run = Seconds(cpu=clock, clock=clock / 5)
    assert totals(rows, whole_run)["whole_run_ratio_by_the_clock"] == pytest.approx(5)
    assert " 5.0 times less than the sample procedure" in report(rows, None, whole_run)


def test_the_same_evidence_gives_equal_verdicts() -> None:
    agree = verdicts(Evidence(), Evidence())
    assert agree == {}
