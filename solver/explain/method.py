"""What every explanation shares: its job, its settings, the registry by kind.

An explanation is a function from a `Job` to a `Record`; it is asked for by the id of the record it
makes (``lime/6``, ``integrated_gradients/7/100``), so that whatever several questions need is run
once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from importlib import import_module
from typing import Any, Literal

import torch
from torch import Tensor, nn

from solver.bundle import Bundle, as_tensor_values
from solver.code_version import explanation_code_hash
from solver.errors import BundleError
from solver.evidence import Evidence, Record
from solver.explain.micro_batch import fastest_batch
from solver.explain.sampling import Sampling
from solver.pictures import Picture
from solver.whole_files import sha256_of_all


@dataclass(frozen=True)
class ExplainSettings:
    """How the explanations are run; the defaults are the course's own counts and network.

    Attributes:
        lime_seed: NumPy's global generator is seeded with it once, before picture 0.
        lime_batch: pictures a pass, 10 as in lime: in another batch the network rounds otherwise,
            and the weights are no longer lime's to the last digit.
        lime_start_label: first label of the segments (0 as in 2021, 1 as in 2022).
        smoothgrad_sigma: the course's 0.4, of ``std = (sigma / (max - min)) ** 2``.
        smoothgrad_seed: the course seeds nothing here; picture k uses seed + k.
        visualization_rate: Adam's learning rate on the pixels.
        micro_batch: pictures a pass elsewhere; None is the fastest on this device, as for
            `lime_batch`, of those that round alike.
        network: "as_trained", or "prepared": laid out for speed (`solver.network.PreparedNetwork`)
            where means over samples are asked for (LIME, SmoothGrad, integrated gradients).
        confidence: None runs the course's counts. Else a mean over samples stops when the claims
            resting on it are decided at this confidence.
        corpus_nearest: how many of the nearest words of the corpus are kept.
    """

    lime_samples: int = 1000
    lime_segments: int = 200
    lime_seed: int = 16
    lime_start_label: int = 0
    lime_shown: int = 11
    lime_min_weight: float = 0.05
    lime_batch: int | None = 10
    smoothgrad_samples: int = 500
    smoothgrad_sigma: float = 0.4
    smoothgrad_seed: int = 0
    visualization_steps: int = 100
    visualization_rate: float = 0.1
    micro_batch: int | None = 2
    network: Literal["as_trained", "prepared"] = "as_trained"
    confidence: float | None = None
    corpus_nearest: int = 50

    @property
    def batches_round_alike(self) -> bool:
        """Whether a picture's answer has the same bits in whatever batch: of those chosen here."""
        return self.lime_batch is None and self.micro_batch is None


CONFIDENCE = 0.999


def fast_settings(**changes: Any) -> ExplainSettings:
    """Return settings that reach the verdicts of the course's counts with less work."""
    prepared = ExplainSettings(
        lime_batch=None, micro_batch=None, network="prepared", confidence=CONFIDENCE
    )
    return replace(prepared, **changes)


def _nothing(_: int) -> None:
    return


@dataclass(frozen=True)
class Job:
    """One explanation to run.

    Attributes:
        id: the id of the record to make.
        advance: called with the number of network passes done, for the progress bar.
        made: records that are there already, which it may begin from.
    """

    id: str
    bundle: Bundle
    settings: ExplainSettings = field(default_factory=ExplainSettings)
    advance: Callable[[int], None] = _nothing
    made: Evidence = field(default_factory=Evidence)

    @property
    def place(self) -> tuple[int, ...]:
        """The numbers after the kind: ``(7, 100)`` of ``integrated_gradients/7/100``."""
        return tuple(int(part) for part in self.id.split("/")[1:])

    def picture_tensor(self, place: int) -> Tensor:
        """Return picture `place` as float32 (1, 3, 128, 128) in 0..1 on the bundle's device."""
        return picture_tensor(self.bundle, place)

    def network(self) -> nn.Module:
        """The network to run, as it was trained or prepared, as the settings say."""
        if self.settings.network == "as_trained":
            return self.bundle.network
        return self.bundle.prepared

    def batch(self, chosen: int | None) -> int:
        """The number of pictures a pass: the one chosen, or the fastest on this device."""
        return chosen or fastest_batch(self.bundle)

    def record(self, arrays: dict[str, Any], values: dict[str, Any]) -> Record:
        """Return the record of this job, with the settings and inputs that shaped it."""
        return Record(self.id, arrays, values, self.expected_settings(), self.expected_inputs())

    def expected_settings(self) -> dict[str, Any]:
        """The settings this kind of explanation depends on."""
        every, found = asdict(self.settings), explanation_for(self.id)
        used = {name: every[name] for name in sorted(found.used)}
        if found.sampling is not None:
            used["stopping"] = self._stopping(found.sampling)
        return used

    def _stopping(self, sampling: Sampling) -> dict[str, Any] | str:
        if self.settings.confidence is None:
            return "exact"
        return {"confidence": self.settings.confidence, "looks": sampling.looks(self)}

    @property
    def sampling(self) -> Sampling:
        """How it is taken further, of a job that is a mean over samples."""
        found = explanation_for(self.id).sampling
        assert found is not None
        return found

    @property
    def may_stop(self) -> bool:
        """Whether it is a mean over samples that stops when the claims on it are decided."""
        sampled = explanation_for(self.id).sampling is not None
        return (
            sampled and self.settings.confidence is not None and len(self.sampling.looks(self)) > 1
        )

    def expected_inputs(self) -> dict[str, str]:
        """Hashes of what the record is made from: weights, pictures; and the method's version."""
        found = explanation_for(self.id)
        method = {
            "method_version": str(found.version),
            "method_code": explanation_code_hash(found.run.__module__),
        }
        if found.inputs is not None:
            return {**found.inputs(self), **method}
        digest = hashlib.sha256()
        for place in found.pictures(self):
            digest.update(picture_hash(self.bundle.picture(place)).encode())
        return {
            "checkpoint": self.bundle.files.get("checkpoint.pth", ""),
            "pictures": digest.hexdigest(),
            **method,
        }


Explain = Callable[[Job], Record]
Passes = Callable[[Job], int]
Inputs = Callable[[Job], dict[str, str]]


@dataclass(frozen=True)
class Explanation:
    """A registered explanation.

    Attributes:
        pictures: which pictures a job reads.
        passes: how many network passes (forward, or forward and backward) a job makes.
        used: names of the settings it depends on.
        version: raised by whoever changes what it computes; a record of another version is not
            used again.
        inputs: hashes of what a job reads, where that is not the network and pictures.
        sampling: how it is taken further, where it is a mean over samples.
        uses: ids of records it begins from where they are there.
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


_MODULES = (
    "pictures_and_regions",
    "lime_segments",
    "saliency",
    "smoothgrad",
    "filters",
    "integrated",
    "attention",
    "masked_words",
    "corpus_search",
    "hidden_states",
    "embeddings",
    "similarity_picture",
)
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
    """Register the decorated function for records of `kind`; a kind taken already is an error."""

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
    for module in _MODULES:
        import_module(f"solver.explain.{module}")
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
            f"no explanation makes {identifier!r}", mend=f"Known kinds: {', '.join(known)}."
        )
    return known[kind]


def first_picture(job: Job) -> list[int]:
    """The picture a job such as ``saliency/2`` reads."""
    return [job.place[0]]


def last_picture(job: Job) -> list[int]:
    """The picture a job such as ``activation/6/1`` reads."""
    return [job.place[-1]]


def every_picture(job: Job) -> list[int]:
    """All pictures of the bundle."""
    return list(range(len(job.bundle.pictures)))


def no_picture(job: Job) -> list[int]:
    """None: the job reads the network alone, or nothing of the bundle."""
    return []


def bert_inputs(job: Job) -> dict[str, str]:
    """One hash of all the BERT part of the bundle, for records that read no picture."""
    return {"bert": sha256_of_all(job.bundle.bert.hashes)}


def picture_tensor(bundle: Bundle, place: int) -> Tensor:
    """Return a picture as float32 (1, 3, 128, 128) in 0..1 on the bundle's device."""
    values = as_tensor_values(bundle.picture(place))
    return torch.from_numpy(values)[None].to(bundle.device)


def picture_hash(picture: Picture) -> str:
    """Hash of a picture as the network gets it, with its label."""
    digest = hashlib.sha256(picture.rgb.tobytes())
    digest.update(str(picture.label).encode())
    return digest.hexdigest()
