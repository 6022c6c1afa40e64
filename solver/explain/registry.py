"""Registry of explanations by the kind of record each makes; settings and inputs of a record.

An explanation is a function from a `Job` to a `Record`; it is asked for by the id of the record it
makes (``lime/6``, ``integrated_gradients/7/100``), so that a record that several questions need is
made once. Each has an example; ``demo`` in it is ``load_bundle(data_folder("demo"))``, and
``fast_settings`` is that of `solver.explain.job`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from solver.banks.course_settings import plain
from solver.code_version import explanation_code_hash
from solver.errors import BundleError
from solver.evidence import Record
from solver.explain.estimator import Sampling
from solver.explain.job import Job, picture_hash
from solver.files.discovery import import_all

Explain = Callable[[Job], Record]
Passes = Callable[[Job], int]
Inputs = Callable[[Job], dict[str, str]]


@dataclass(frozen=True)
class Explanation:
    """A registered explanation.

    Attributes:
        pictures: numbers of the pictures a job reads.
        passes: number of network passes (forward, or forward and backward) of a job.
        used: names of the settings it depends on.
        version: raised whenever its results change; a record of another version is not used again.
        inputs: hashes of a job's inputs, where these are not the network and pictures.
        sampling: how it is extended, where it is a mean over samples.
        uses: ids of records it begins from if they exist.
    """

    kind: str
    run: Explain
    pictures: Callable[[Job], list[int]]
    passes: Passes
    used: tuple[str, ...]
    version: int
    inputs: Inputs | None = None
    sampling: Sampling | None = None
    uses: Callable[[Job], list[str]] = lambda job: []


_explanations: dict[str, Explanation] = {}


def explanation(
    kind: str,
    *,
    pictures: Callable[[Job], list[int]],
    passes: Passes,
    used: tuple[str, ...] = (),
    version: int = 1,
    inputs: Inputs | None = None,
    sampling: Sampling | None = None,
    uses: Callable[[Job], list[str]] = lambda job: [],
) -> Callable[[Explain], Explain]:
    """Register the decorated function for records of `kind`; see `Explanation`.

    Raises:
        ValueError: the kind is registered already.
    """

    def register(run: Explain) -> Explain:
        if kind in _explanations:
            raise ValueError(f"the explanation {kind!r} is registered twice")
        _explanations[kind] = Explanation(
            kind, run, pictures, passes, used, version, inputs, sampling, uses
        )
        return run

    return register


def all_explanations() -> dict[str, Explanation]:
    """Return every explanation by kind."""
    import_all("solver.explain")
    return dict(sorted(_explanations.items()))


def explanation_for(identifier: str) -> Explanation:
    """Return the explanation that makes the record `identifier`.

    Raises:
        BundleError: no explanation makes such records.
    """
    kind = identifier.split("/", 1)[0]
    known = all_explanations()
    if kind not in known:
        raise BundleError(
            f"no explanation makes {identifier!r}",
            mend=f"Known kinds: {', '.join(known)}.",
            zh=f"沒有產生 {identifier!r} 的方法",
        )
    return known[kind]


def record_of(job: Job, arrays: dict[str, Any], values: dict[str, Any]) -> Record:
    """Return the record of a job, with the settings and inputs that shaped it."""
    return Record(job.id, arrays, values, expected_settings(job), expected_inputs(job))


def expected_settings(job: Job) -> dict[str, Any]:
    """Return the settings that the explanation of a job depends on, as its record holds them."""
    every, found = asdict(job.settings), explanation_for(job.id)
    used = {name: plain(every[name]) for name in sorted(found.used)}
    confidence = job.settings.confidence
    if found.sampling is not None and confidence is None:
        used["stopping"] = "exact"
    elif found.sampling is not None:
        counts = found.sampling.looks(job)
        used["stopping"] = {"confidence": confidence, "interim_counts": counts}
    return used


def sampling_of(job: Job) -> Sampling:
    """Return the functions of a job that is a mean over samples."""
    found = explanation_for(job.id).sampling
    assert found is not None
    return found


def may_stop(job: Job) -> bool:
    """Return whether a job is a mean over samples that stops when the claims on it are decided."""
    sampling = explanation_for(job.id).sampling
    if sampling is None or job.settings.confidence is None:
        return False
    # A short path of integrated gradients has no count at which it could stop.
    return len(sampling.looks(job)) > 1


def expected_inputs(job: Job) -> dict[str, str]:
    """Return hashes of a record's inputs: weights, pictures and the method's code.

    Raises:
        BundleError: no explanation makes such a record, or the bundle lacks an input of it.
    """
    found = explanation_for(job.id)
    method = {
        "method_version": str(found.version),
        "method_code": explanation_code_hash(found.run.__module__),
    }
    if found.inputs is not None:
        return {**found.inputs(job), **method}
    digest = hashlib.sha256()
    for place in found.pictures(job):
        digest.update(picture_hash(job.bundle.picture(place)).encode())
    described = job.bundle.description.network_hash
    return {
        "checkpoint": job.bundle.files.get(job.bundle.checkpoint, ""),
        "pictures": digest.hexdigest(),
        # Only of a network that bundle.yaml describes: the course's own is its checkpoint alone.
        **({"network": described} if described else {}),
        **method,
    }
