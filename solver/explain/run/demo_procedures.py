"""Records on how the methods work, made by running them on the demo.

Some questions ask what a procedure does, not what came out of it on the course's network: which
derivative saliency is, what SmoothGrad feeds the network, what LIME's colours mean, what moves an
embedding at layer 0. The answer is the same for every network of that build, so these records are
made here on the demo's and say so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from solver.bundle.bundle import load_bundle
from solver.errors import EvidenceError
from solver.evidence import Record
from solver.explain.job import ExplainSettings
from solver.explain.run.runner import run_explanations
from solver.files.resources import data_folder

_NETWORK = "the demo's network and picture"
PROCEDURES = {
    "lime_known_model": "LIME on a classifier of known weights: no network takes part",
    "saliency_derivative": "the demo's network",
    "smoothgrad_trace": "the demo's network and pictures",
    "module": "the demo's network, which has the same modules at the same indices",
    "filter_trace": _NETWORK,
    "integrated_path": _NETWORK,
    "lime_watched": _NETWORK,
    "saliency_watched": _NETWORK,
    "smoothgrad_watched": _NETWORK,
    "integrated_gradients_watched": _NETWORK,
    "embedding_trials": "the demo's Chinese BERT, which makes layer 0 as every BERT does",
}
"""What a record is run on, by its kind."""


def procedures_among(wanted: Iterable[str]) -> list[str]:
    """Return the ids, of those wanted, that are of records on how a method works."""
    return [name for name in wanted if name.split("/")[0] in PROCEDURES]


def procedure_records(wanted: Iterable[str]) -> Iterator[Record]:
    """Yield the records on how methods work that are wanted; each says what it was run on."""
    found, failures = run_explanations(
        procedures_among(wanted), load_bundle(data_folder("demo")), ExplainSettings()
    )
    if failures:
        raise EvidenceError(f"the demo could not be run: {failures}")
    for record in found:
        # Without the hashes of its inputs no run takes it for one of the course's own materials.
        values = {**record.values, "source": PROCEDURES[record.kind]}
        yield replace(record, values=values, inputs={})
