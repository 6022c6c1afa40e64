"""LIME on superpixels, as the course runs it (Ribeiro, Singh, Guestrin 2016, arXiv:1602.04938).

The draws, the kernel and the regression are those of ``lime.lime_image`` 0.2 with its defaults;
the regression is lime's own `LimeBase`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from solver.bundle.bundle import Bundle
from solver.bundle.pictures import Picture
from solver.evidence import Record
from solver.explain.cnn.lime_surrogate import (
    exponential_kernel,
    informative_rows,
    ridge_fit,
    ridge_freedom,
    ridge_posterior,
    shown_signs,
)
from solver.explain.cnn.superpixels import superpixels
from solver.explain.estimator import (
    Floats,
    Ints,
    Sampling,
    Share,
    Units,
    left_out,
    looks_at,
    samples_taken,
)
from solver.explain.job import ExplainSettings, Job, no_picture
from solver.explain.registry import explanation, record_of
from solver.explain.torch_later import torch

Classify = Callable[[Floats], npt.NDArray[np.floating]]

LOOK_UNIT = 10
"""Samples of a batch of lime; claims are tested after whole batches."""

LEAST = 140
"""Samples at the first test: some more than segments, so that the fit leaves noise to be seen."""

LOOKS = (0.14, 0.16, 0.2, 0.24, 0.3, 0.36, 0.44, 0.52, 0.62, 0.74)
"""Shares of the course's count after which claims are tested. Close together: a test draws weights
from one fit, and half of the claims are decided at 140 to 200 samples."""


def draws_for(place: int, bundle: Bundle, settings: ExplainSettings) -> npt.NDArray[np.int64]:
    """Return the 0/1 draws (samples, segments) lime makes for picture `place` of the course's loop.

    They depend on the segment counts of the pictures before it, not on their explanations.
    """
    generator = np.random.RandomState(settings.lime_seed)
    # The course seeds NumPy once and explains the pictures in order. For each, lime draws one
    # number below 1000 (a seed for its own segmentation) and then samples x segments bits.
    for before in range(place + 1):
        count = len(np.unique(superpixels(bundle.picture(before).rgb, settings.lime_superpixels)))
        generator.randint(0, high=1000)
        bits = generator.randint(0, 2, settings.lime_samples * count)
    return bits.reshape(settings.lime_samples, count)


def explain_by_segments(
    image: Floats,
    segments: npt.NDArray[np.int64],
    draws: npt.NDArray[np.int64],
    classify: Classify,
    label: int,
    batch: int = 10,
) -> tuple[Floats, float, float]:
    """Return (weight of each segment, intercept, R2 of the fit) for one label.

    `image` is float64 (H, W, 3). Sample 0 hides nothing; in the others a segment whose bit is 0
    takes its mean colour. Feature i is the segment labelled i, as in lime: with labels from 1 on,
    feature 0 hides nothing and the last segment is never hidden.
    """
    data = draws.copy()
    data[0, :] = 1
    return fit_weights(data, answers_for(image, segments, data, classify, label, batch))


def answers_for(
    image: Floats,
    segments: npt.NDArray[np.int64],
    data: npt.NDArray[np.integer],
    classify: Classify,
    label: int,
    batch: int = 10,
) -> Floats:
    """Return the label's output for the picture with segments hidden as each row says: (rows,)."""
    hidden = _hidden(image, segments)
    # The loop is our own: lime's cannot run one label, another batch size or a progress bar.
    outputs = [np.empty(0)]
    for start in range(0, len(data), batch):
        rows = data[start : start + batch]
        off = [np.isin(segments, np.flatnonzero(row == 0)) for row in rows]
        images = np.stack([np.where(one[..., None], hidden, image) for one in off])
        outputs.append(classify(images)[:, label].astype(np.float64))
    return np.concatenate(outputs)


def fit_weights(
    data: npt.NDArray[np.integer], answers: npt.NDArray[np.floating]
) -> tuple[Floats, float, float]:
    """Return lime's (weights (segments,), intercept, R2 of the fit) for the network's answers.

    `data` (samples, segments) is 1 where a segment was shown; `answers` (samples,) is the output
    for the label. A sample counts by its cosine distance to a picture with nothing hidden.
    """
    count = data.shape[1]
    from lime.lime_base import LimeBase
    from sklearn.metrics import pairwise_distances

    distances = pairwise_distances(data, np.ones((1, count)), metric="cosine").ravel()
    intercept, weights, score, _ = LimeBase(exponential_kernel).explain_instance_with_data(
        data, answers[:, None], distances, 0, count, feature_selection="auto"
    )
    by_segment = np.zeros(count)
    for index, weight in weights:
        by_segment[index] = weight
    return by_segment, float(intercept), float(score)


def _hidden(image: Floats, segments: npt.NDArray[np.int64], colour: float | None = None) -> Floats:
    """The picture with every segment hidden as lime does it: in its mean colour, channel by
    channel, or in one value of all channels."""
    if colour is not None:
        return np.full_like(image, colour)
    hidden = image.copy()
    for label in np.unique(segments):
        inside = segments == label
        # Channel by channel, as lime does it: one mean over all three sums in another order and
        # rounds otherwise.
        hidden[inside] = [np.mean(image[inside][:, channel]) for channel in range(3)]
    return hidden


_USED = (
    "lime_samples",
    "lime_superpixels",
    "lime_seed",
    "lime_shown",
    "lime_min_weight",
    "lime_hidden_colour",
    "lime_batch",
    "network",
)
_SHOWN = ("lime_shown", "lime_min_weight")


def _most(job: Job) -> int:
    return job.settings.lime_samples


def measured(job: Job, before: Record | None, upto: int, share: Share) -> Floats:
    """Return the network's answers to a share of the draws that follow those in `before`: (rows,).

    All of the course's draws are known beforehand, and the most informative are taken first: of 160
    to 360 samples the weights err by a fifth less than of as many in the order of the draws.
    """
    (place,) = job.place
    source = job.bundle.picture(place)
    draws = _draws(job)
    rows = _next_rows(draws, before, upto)
    own = share.among(len(rows))
    return _network_answers(
        job,
        source,
        superpixels(source.rgb, job.settings.lime_superpixels),
        draws[rows[own.start : own.stop]],
    )


def joined(job: Job, before: Record | None, upto: int, answers: Floats) -> Record:
    """Return the record of `upto` draws; `answers` (rows,) are to those that follow `before`."""
    (place,) = job.place
    source, settings = job.bundle.picture(place), job.settings
    all_draws = _draws(job)
    rows = np.concatenate([_rows(before), _next_rows(all_draws, before, upto)])
    if before is not None and samples_taken(before):
        answers = np.concatenate([before.array("answers", 1), answers])
    # As the course draws them, so that all of them are lime's own to the last bit.
    order = np.argsort(rows)
    rows, answers = rows[order], answers[order]
    segments = superpixels(source.rgb, settings.lime_superpixels).astype(np.int32)
    draws = all_draws[rows].astype(np.uint8)
    weights, intercept, score = fit_weights(draws, answers)
    signs = shown_signs(segments, weights, settings.lime_shown, settings.lime_min_weight)
    values = {"label": source.label, "samples": upto, "intercept": intercept, "score": score}
    arrays = {"segments": segments, "rows": rows, "draws": draws, "answers": answers}
    return record_of(job, {**arrays, "weights": weights, "signs": signs}, values)


def _draws(job: Job) -> npt.NDArray[np.int64]:
    """The course's draws, with nothing hidden in lime's first sample."""
    draws = draws_for(job.place[0], job.bundle, job.settings)
    draws[0, :] = 1
    return draws


def _rows(record: Record | None) -> Ints:
    """The numbers of the draws in a record, ascending."""
    if record is None or not samples_taken(record):
        return np.empty(0, np.int64)
    return record.array("rows", 1)


def _next_rows(draws: npt.NDArray[np.int64], before: Record | None, upto: int) -> Ints:
    """The numbers of the draws with which a record is extended."""
    taken = _rows(before)
    if upto == len(draws):
        return np.setdiff1d(np.arange(upto), taken)
    return _informative(draws.astype(np.uint8).tobytes(), draws.shape, tuple(taken), upto)


@lru_cache(maxsize=8)  # each part of the samples of an extension needs them
def _informative(bits: bytes, shape: tuple[int, int], taken: tuple[int, ...], upto: int) -> Ints:
    draws = np.frombuffer(bits, np.uint8).reshape(shape)
    # The picture with nothing hidden is lime's first sample, however many follow.
    first = taken or (0,)
    rows = informative_rows(draws, np.array(first), upto - len(first))
    return rows if taken else np.append(first, rows)


def units_of(record: Record, most: int) -> Units:
    """Return the samples of a record, to be fitted again (see `solver.explain.estimator`)."""
    limits = [record.settings[name] for name in _SHOWN]
    draws, answers = record.array("draws", 2), record.array("answers", 1)
    segments = record.array("segments", 2)

    def only(chosen: Ints) -> Record:
        # A hundred fits a test, so solved directly; the reported fit is lime's own.
        weights, _, _ = ridge_fit(draws[chosen], answers[chosen])
        arrays = {
            **record.arrays,
            "draws": draws[chosen],
            "answers": answers[chosen],
            "weights": weights,
            "signs": shown_signs(segments, weights, *limits),
        }
        return replace(record, arrays=arrays)

    return Units(len(answers), left_out(len(answers), len(answers), most), only)


def redrawn(
    record: Record, most: int, generator: np.random.Generator, number: int
) -> Iterator[Record]:
    """Yield records with weights drawn about the record's own, by the fit's own uncertainty.

    Leaving out half of the samples would leave fewer than there are segments.
    """
    limits = [record.settings[name] for name in _SHOWN]
    draws, answers = record.array("draws", 2), record.array("answers", 1)
    segments, weights = record.array("segments", 2), record.array("weights", 1)
    covariance = ridge_posterior(draws, answers, weights) * (1 - len(answers) / most)
    spread = np.linalg.cholesky(covariance + np.eye(len(weights)) * np.finfo(float).tiny)
    for _ in range(number):
        drawn = weights + spread @ generator.standard_normal(len(weights))
        signs = shown_signs(segments, drawn, *limits)
        yield replace(record, arrays={**record.arrays, "weights": drawn, "signs": signs})


SAMPLING = Sampling(
    _most,
    lambda job: looks_at(_most(job), LOOK_UNIT, LEAST, LOOKS),
    measured,
    joined,
    units_of,
    units=LEAST,
    redrawn=redrawn,
    freedom=lambda record: ridge_freedom(record.array("draws", 2)),
)


@explanation(
    "lime",
    pictures=lambda job: list(range(job.place[0] + 1)),  # those before shift its draws
    passes=_most,
    used=_USED,
    version=4,
    sampling=SAMPLING,
)
def lime(job: Job) -> Record:
    """LIME of one picture for its true label.

    Arrays: segments int32 (H, W); rows int64 (samples,), numbers of the course's draws that were
    taken; draws uint8 (samples, segments), 1 where a segment was shown; answers float64 (samples,),
    the label's logit; weights float64 (segments,); signs int8 (H, W), the overlay (1 for, -1
    against).

    >>> few = fast_settings(lime_samples=100)
    >>> record = lime(Job("lime/6", demo, few))
    >>> record.array("weights").shape, record.array("signs").shape
    ((121,), (128, 128))
    """
    return SAMPLING.extend(job, None, _most(job))


def _network_answers(
    job: Job, source: Picture, segments: npt.NDArray[np.int64], data: npt.NDArray[np.integer]
) -> Floats:
    """`answers_for` of the network, with the pictures made on its device: (rows,)."""
    network, device = job.network(), job.bundle.device
    batch = job.batch(job.settings.lime_batch)
    image = source.rgb.astype(np.double) / 255
    # (H, W, 3), as the course's pictures lie in memory: a convolution rounds by the layout as well.
    pixels = torch.from_numpy(image).float().to(device)
    colour = job.settings.lime_hidden_colour
    hidden = torch.from_numpy(_hidden(image, segments, colour)).float().to(device)
    labels = torch.from_numpy(segments).to(device)
    # With labels from 1 on lime's feature 0 hides nothing, and the last segment is never hidden.
    shown = np.ones((len(data), max(int(segments.max()) + 1, data.shape[1])), bool)
    shown[:, : data.shape[1]] = data == 1
    outputs = [torch.empty(0, device=device)]
    with torch.inference_mode():
        for rows in torch.from_numpy(shown).to(device).split(batch):
            images = torch.where(rows[:, labels][..., None], pixels, hidden)  # (B, H, W, 3)
            outputs.append(network(images.permute(0, 3, 1, 2))[:, source.label])
            job.advance(len(rows))
    answers: Floats = torch.cat(outputs).double().cpu().numpy()
    return answers


@explanation("lime_known_model", pictures=no_picture, passes=lambda job: 0, used=("lime_shown",))
def lime_known_model(job: Job) -> Record:
    """LIME, and lime's own overlay, of a classifier whose true weights are known.

    A grid of 8x8 tiles over a grey noise picture; the classifier answers with the weighted sum of
    the tiles' remaining contrast. Arrays: true_weights float64 (64,); segments int32 (128, 128);
    rise float64 (64, 3), how far each channel rises in the overlay inside a tile.

    >>> few = fast_settings(lime_samples=100)
    >>> lime_known_model(Job("lime_known_model", demo, few)).array("rise").shape
    (64, 3)
    """
    from lime.lime_image import ImageExplanation

    generator = np.random.RandomState(0)

    image = generator.uniform(0.3, 0.6, (128, 128, 3))
    rows, columns = np.indices((128, 128)) // 16
    segments = (rows * 8 + columns).astype(np.int64)
    # No weight near 0, whose sign LIME's own noise could turn.
    truth = generator.permutation(np.concatenate([np.linspace(1, 3, 32), -np.linspace(1, 3, 32)]))
    draws = generator.randint(0, 2, (1000, 64))

    def classify(images: Floats) -> npt.NDArray[np.floating]:
        tiles = images.reshape(len(images), 8, 16, 8, 16, 3)
        left = tiles.std(axis=(2, 4, 5)).reshape(len(images), 64)
        answer: npt.NDArray[np.floating] = np.stack([left @ truth, -(left @ truth)], axis=1)
        return answer

    weights, _, _ = explain_by_segments(image, segments, draws, classify, 0)
    shown = ImageExplanation(image, segments)
    order = np.argsort(-np.abs(weights), kind="stable")
    shown.local_exp[0] = [(int(index), float(weights[index])) for index in order]
    overlay, _ = shown.get_image_and_mask(
        0,
        positive_only=False,
        hide_rest=False,
        num_features=job.settings.lime_shown,
        min_weight=0.0,
    )
    risen = (overlay - image).reshape(8, 16, 8, 16, 3).mean(axis=(1, 3)).reshape(64, 3)
    arrays = {"true_weights": truth, "segments": segments.astype(np.int32), "rise": risen}
    return record_of(job, arrays, {})
