"""Passes of the network as the progress bar is told them beforehand, and as they are made."""

from __future__ import annotations

import pytest

from solver.bundle.bundle import Bundle
from solver.explain.job import ExplainSettings, Job
from solver.explain.registry import explanation_for

FEW = ExplainSettings(lime_samples=20, smoothgrad_samples=6, visualization_steps=3)


@pytest.mark.parametrize(
    "identifier",
    [
        "activation/6/1",
        "filter_trace/6/1",
        "filter_visualization/6/1",
        "integrated_gradients/7/5",
        "lime/0",
        "lime_known_model",
        "module/6",
        "picture/1",
        "saliency/1",
        "saliency_derivative",
        "smoothgrad/4",
        "smoothgrad_trace/4",
    ],
)
def test_as_many_passes_are_made_as_the_progress_bar_was_told(
    demo: Bundle, identifier: str
) -> None:
    passes: list[int] = []
    job = Job(identifier, demo, FEW, advance=passes.append)
    found = explanation_for(identifier)
    found.run(job)
    assert sum(passes) == found.passes(job)
