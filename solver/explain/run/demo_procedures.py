"""Records on how the methods work, made by running them on the demo.

Some questions ask what a procedure does, not what came out of it on the course's network: which
derivative saliency is, what SmoothGrad feeds the network, what LIME's colours mean, what moves an
embedding at layer 0. The answer is the same for every network of that build, so these records are
made here on the demo's and say so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from solver.bundle.bundle import load_bundle
from solver.errors import EvidenceError
from solver.evidence import Record
from solver.explain.job import ExplainSettings
from solver.explain.run.runner import run_explanations
from solver.files.resources import data_folder

PROCEDURES = {
    "lime_known_model": "LIME on a classifier of known weights: no network takes part",
    "saliency_derivative": "the demo's network",
    "smoothgrad_trace/0": "the demo's network and pictures",
    "module/6": "the demo's network, which has the same modules at the same indices",
    "filter_trace/6/1": "the demo's network and picture",
    "integrated_path/7": "the demo's network and picture",
    "embedding_trials": "the demo's Chinese BERT, which makes layer 0 as every BERT does",
}


def procedure_records() -> Iterator[Record]:
    """Yield the records of PROCEDURES; each says what it was run on."""
    found, failures = run_explanations(
        PROCEDURES, load_bundle(data_folder("demo")), ExplainSettings()
    )
    if failures:
        raise EvidenceError(f"the demo could not be run: {failures}")
    for record in found:
        # Without the hashes of its inputs no run takes it for one of the course's own materials.
        yield replace(record, values={**record.values, "source": PROCEDURES[record.id]}, inputs={})
