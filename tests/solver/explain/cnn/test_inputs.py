"""The picture as the network sees it, and the regions that somebody drew on it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from solver.bundle.bundle import Bundle
from solver.explain.cnn.inputs import picture, regions
from solver.explain.job import Job, picture_tensor


def test_a_picture_has_its_label_and_what_the_network_says_of_it(demo: Bundle) -> None:
    record = picture(Job("picture/3", demo))
    with torch.no_grad():
        logits = demo.network(picture_tensor(demo, 3))[0].numpy()
    shares = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
    label = demo.picture(3).label
    assert np.array_equal(record.array("logits"), logits)
    assert np.array_equal(record.array("rgb"), demo.picture(3).rgb)
    assert record.values == {
        "label": label,
        "name": demo.picture(3).name,
        "predicted": int(np.argmax(logits)),
        "probability_of_label": pytest.approx(float(shares[label]), rel=1e-5),
    }


def test_regions_are_listed_by_name(demo: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = {name: np.ones((2, 2), bool) for name in ("soup", "bowl", "outline")}
    monkeypatch.setattr(Bundle, "regions", lambda self, place: drawn)
    monkeypatch.setattr(Bundle, "region_words", lambda self, place: {"soup": ("the soup", "湯")})
    record = regions(Job("regions/9", demo))
    assert record.values["names"] == ["bowl", "outline", "soup"]
    assert record.values["words"] == {"soup": ["the soup", "湯"]}
    assert set(record.arrays) == set(drawn)
