"""The picture itself, the network's logits for it, and its named regions, as evidence."""

from __future__ import annotations

from solver.evidence import Record
from solver.explain.job import Job, first_picture
from solver.explain.registry import explanation, record_of
from solver.explain.torch_later import torch


@explanation("picture", pictures=first_picture, passes=lambda job: 1)
def picture(job: Job) -> Record:
    """The picture at the network's size and the network's logits.

    Arrays: rgb uint8 (H, W, 3); logits float32 (classes,).

    >>> picture(Job("picture/1", demo)).array("rgb").shape
    (128, 128, 3)
    """
    (place,) = job.place
    source = job.bundle.picture(place)
    with torch.no_grad():
        logits = job.bundle.network(job.picture_tensor(place))[0].cpu()
    job.advance(1)
    probabilities = logits.double().softmax(0)
    values = {
        "label": source.label,
        "name": source.name,
        "predicted": int(logits.argmax()),
        "probability_of_label": float(probabilities[source.label]),
    }
    return record_of(job, {"rgb": source.rgb, "logits": logits.numpy()}, values)


@explanation("regions", pictures=first_picture, passes=lambda job: 0)
def regions(job: Job) -> Record:
    """The named regions of a picture.

    Arrays: one bool (H, W) a region. Values: names; words, what sentences call each (en,
    zh-Hant), of those that have a name in both languages.

    >>> regions(Job("regions/1", demo)).values["names"]
    ['contour', 'food', 'handle', 'jug', 'milk']
    """
    (place,) = job.place
    masks = job.bundle.regions(place)
    words = {name: list(pair) for name, pair in job.bundle.region_words(place).items()}
    return record_of(job, dict(masks), {"names": sorted(masks), "words": words})
