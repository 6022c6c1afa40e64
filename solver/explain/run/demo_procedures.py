"""Records on how the methods work, made by running them on the demo.

Some questions are about a procedure, not about its result on the course's network: which derivative
saliency is, which inputs SmoothGrad makes, the meaning of LIME's colours, the causes that move an
embedding at layer 0. The answer is the same for every network of that build, so these records are
made on the demo's and name it. Those that the shipped banks ask for are recorded in
``questions/procedures``, so that no network need run again (and none need be installed) to read a
notebook; ``python -m fixtures.make.procedures`` records them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache

from solver.errors import EvidenceError
from solver.evidence import Evidence, Record, load_evidence
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
"""The network and inputs a record is made on, by its kind."""


PROCEDURES_FOLDER = data_folder("questions") / "procedures"


def procedures_among(wanted: Iterable[str]) -> list[str]:
    """Return those of the ids that are of records on how a method works."""
    return [name for name in wanted if name.split("/")[0] in PROCEDURES]


def procedure_records(wanted: Iterable[str]) -> Iterator[Record]:
    """Yield the wanted records on how methods work; each names the network it was made on.

    Raises:
        EvidenceError: the demo could not be run.
    """
    # Here, so that recorded procedures are read without torch.
    from solver.bundle.bundle import load_bundle
    from solver.explain.job import ExplainSettings
    from solver.explain.run.runner import run_explanations

    found, failures = run_explanations(
        procedures_among(wanted), load_bundle(data_folder("demo")), ExplainSettings()
    )
    if failures:
        raise EvidenceError(f"the demo could not be run: {[told for told, _ in failures.values()]}")
    for record in found:
        # Without the hashes of its inputs no run takes it for one of the course's own materials.
        values = {**record.values, "source": PROCEDURES[record.kind]}
        yield replace(record, values=values, inputs={})


@cache
def _recorded() -> Evidence:
    return load_evidence(PROCEDURES_FOLDER)


def recorded_procedures(wanted: Iterable[str]) -> list[Record]:
    """Return the wanted records on how methods work, as far as they are recorded."""
    return [_recorded().get(name) for name in procedures_among(wanted) if name in _recorded()]
