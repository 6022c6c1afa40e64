"""Job of an explanation: the record wanted, the bundle it is made from, and its settings.

A job knows no explanation. Settings and inputs that depend on the explanation, as they are written
into a record, are in `solver.explain.registry`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from solver.banks.course_settings import Superpixels
from solver.bundle.bundle import Bundle, as_tensor_values
from solver.bundle.pictures import Picture
from solver.evidence import Evidence
from solver.explain.batch_size import fastest_batch
from solver.explain.torch_later import torch
from solver.files.atomic_write import sha256_of_all

if TYPE_CHECKING:
    from torch import Tensor, nn


@dataclass(frozen=True)
class ExplainSettings:
    """Settings of the explanations; the defaults are the course's own counts and network.

    Attributes:
        lime_seed: NumPy's global generator is seeded with it once, before picture 0.
        lime_batch: pictures a pass, 10 as in lime: in another batch the network rounds otherwise,
            and the weights are no longer lime's to the last digit.
        lime_superpixels: the superpixels LIME hides, as of which scikit-image.
        lime_hidden_colour: None hides a segment in its mean colour, else the value of all channels.
        smoothgrad_sigma: the course's 0.4, of ``std = (sigma / (max - min)) ** 2``.
        smoothgrad_seed: the course seeds nothing here; picture k uses seed + k.
        integrated_baseline: value of the picture the path begins at, in 0..1.
        filter: which filter of a layer is looked at.
        visualization_rate: Adam's learning rate on the pixels.
        micro_batch: pictures a pass elsewhere; None is the fastest on this device, as for
            `lime_batch`, of those that round alike.
        network: "as_trained", or "prepared": laid out for speed
            (`solver.models.food_cnn.PreparedNetwork`) where means over samples are asked for (LIME,
            SmoothGrad, integrated gradients).
        confidence: None runs the course's counts. Else a mean over samples stops when the claims
            resting on it are decided at this confidence.
        corpus_nearest: how many of the nearest words of the corpus are kept.
    """

    lime_samples: int = 1000
    lime_superpixels: Superpixels = field(default_factory=Superpixels)
    lime_seed: int = 16
    lime_shown: int = 11
    lime_min_weight: float = 0.05
    lime_hidden_colour: float | None = None
    lime_batch: int | None = 10
    smoothgrad_samples: int = 500
    smoothgrad_sigma: float = 0.4
    smoothgrad_seed: int = 0
    integrated_baseline: float = 0.0
    filter: int = 0
    visualization_steps: int = 100
    visualization_rate: float = 0.1
    micro_batch: int | None = 2
    network: Literal["as_trained", "prepared"] = "as_trained"
    confidence: float | None = None
    corpus_nearest: int = 50

    @property
    def batches_round_alike(self) -> bool:
        """True if a picture's answer has the same bits in every batch size used here."""
        return self.lime_batch is None and self.micro_batch is None


# One wrong stop in a thousand runs of a key, shared out over its claims (Bonferroni).
CONFIDENCE = 0.999


def fast_settings(**changes: Any) -> ExplainSettings:
    """Return settings that reach the verdicts of the course's counts with less work."""
    prepared = ExplainSettings(
        lime_batch=None, micro_batch=None, network="prepared", confidence=CONFIDENCE
    )
    return replace(prepared, **changes)


@dataclass(frozen=True)
class Job:
    """One explanation to run.

    Attributes:
        id: the id of the record to make.
        advance: called with the number of network passes done, for the progress bar.
        made: existing records from which it may begin.
    """

    id: str
    bundle: Bundle
    settings: ExplainSettings = field(default_factory=ExplainSettings)
    advance: Callable[[int], None] = lambda _: None
    made: Evidence = field(default_factory=Evidence)

    @property
    def layer(self) -> int | str:
        """The layer of ``activation/conv1/2`` or ``module/6``: a name, or an index into `cnn`."""
        part = self.id.split("/")[1]
        return int(part) if part.isdecimal() else part

    @property
    def picture(self) -> int:
        """The picture at the end of an id: 2 of ``activation/conv1/2``."""
        return int(self.id.rsplit("/", 1)[1])

    @property
    def place(self) -> tuple[int, ...]:
        """The numbers after the kind: ``(7, 100)`` of ``integrated_gradients/7/100``."""
        return tuple(int(part) for part in self.id.split("/")[1:])

    def picture_tensor(self, place: int) -> Tensor:
        """Return picture `place` as float32 (1, 3, side, side) in 0..1 on the bundle's device."""
        return picture_tensor(self.bundle, place)

    def network(self) -> nn.Module:
        """The network to run, as it was trained or prepared, as the settings say."""
        if self.settings.network == "as_trained":
            return self.bundle.network
        return self.bundle.prepared

    def batch(self, chosen: int | None) -> int:
        """The number of pictures a pass: the one chosen, or the fastest on this device."""
        return chosen or fastest_batch(self.bundle)


def first_picture(job: Job) -> list[int]:
    """The picture a job such as ``saliency/2`` reads."""
    return [job.place[0]]


def last_picture(job: Job) -> list[int]:
    """The picture a job such as ``activation/6/1`` reads."""
    return [job.picture]


def every_picture(job: Job) -> list[int]:
    """All pictures of the bundle."""
    return list(range(len(job.bundle.pictures)))


def no_picture(job: Job) -> list[int]:
    """None: the job reads the network alone, or nothing of the bundle."""
    return []


def bert_inputs(job: Job) -> dict[str, str]:
    """Return one hash of the bundle's BERT part, for records that read no picture."""
    return {"bert": sha256_of_all(job.bundle.bert.hashes)}


def picture_tensor(bundle: Bundle, place: int) -> Tensor:
    """Return a picture as float32 (1, 3, side, side) in 0..1 on the bundle's device."""
    values = as_tensor_values(bundle.picture(place))
    return torch.from_numpy(values)[None].to(bundle.device)


def picture_hash(picture: Picture) -> str:
    """Return the SHA-256 of a picture as the network gets it, with its label."""
    # As the network gets it: the same picture out of another file is the same input.
    digest = hashlib.sha256(picture.rgb.tobytes())
    digest.update(str(picture.label).encode())
    return digest.hexdigest()
