"""How a method works, told by what it feeds: each method, and others put in its place."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from solver.bundle.bundle import Bundle
from solver.evidence import Record
from solver.explain.cnn.method_trace import differences, watched
from solver.explain.job import Job, picture_tensor
from solver.rules.traces.how_it_works import WorksClaim
from tests.solver.rules.made_maps import decide, decide_again, evidence_of, held, smooth_noise

CLAIMS = [
    {"reads": "picture"},
    {"varies": "noise", "reads": "output"},
    {"varies": "pieces", "reads": "output"},
    {"reads": "gradient"},
    {"varies": "nothing"},
    {"varies": "noise", "reads": "gradient"},
]
WAYS = (decide, decide_again)
TRUE = {
    "lime": [False, False, True, False, False, False],
    "saliency": [False, False, False, True, True, False],
    "smoothgrad": [False, False, False, True, False, True],
    "integrated_gradients": [False, False, False, True, False, False],
}


@pytest.mark.parametrize("method", ["lime", "saliency", "smoothgrad", "integrated_gradients"])
def test_each_method_is_told_by_what_it_does(demo: Bundle, method: str) -> None:
    record = watched(method)(Job(f"{method}_watched/4", demo))
    asked = {"method": method, "picture": 4}
    for by in WAYS:
        assert held(by("traces.how_it_works", evidence_of(record), asked, CLAIMS)) == TRUE[method]


def test_the_answer_follows_what_is_run(demo: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    """Noise in the place of LIME's pieces, and a network that is not asked at all."""
    from solver.explain.cnn import method_trace

    def noisy(job: Job) -> Record:
        for seed in range(12):
            noise = torch.randn(1, 3, 128, 128, generator=torch.Generator().manual_seed(seed))
            with torch.no_grad():
                job.bundle.network(picture_tensor(job.bundle, job.place[0]) + 0.1 * noise)
        return Record(job.id)

    for run, place in ((noisy, 1), (lambda job: Record(job.id), 0)):
        found = type("Found", (), {"run": staticmethod(run)})
        monkeypatch.setattr(method_trace, "explanation_for", lambda name, found=found: found)
        record = watched("lime")(Job("lime_watched/4", demo))
        asked = {"method": "lime", "picture": 4}
        for by in WAYS:
            told = held(by("traces.how_it_works", evidence_of(record), asked, CLAIMS))
            assert told == [at == place for at in range(len(CLAIMS))]


@pytest.mark.parametrize("seed", range(4))
def test_pieces_and_noise_are_told_apart_whatever_is_hidden(seed: int) -> None:
    """Metamorphic: pieces of any size and share; the same pictures in another order."""
    chance = np.random.default_rng(seed)
    hidden = np.stack([smooth_noise(seed)] * 3) - 0.2
    tiles = np.kron(chance.random((12, 8, 8)) < 0.3 + 0.1 * seed, np.ones((16, 16), bool))
    noise = chance.normal(0, 0.05, (12, 3, 128, 128))
    for moved, place in ((tiles[:, None] * hidden, 2), (noise, 1)):
        for order in (slice(None), slice(None, None, -1)):
            arrays = {**differences(moved[order]), "gradient": np.zeros(12, bool)}
            evidence = evidence_of(Record("lime_watched/0", arrays))
            asked = {"method": "lime", "picture": 0}
            for by in WAYS:
                told = held(by("traces.how_it_works", evidence, asked, CLAIMS))
                assert told == [at == place for at in range(len(CLAIMS))]


def test_a_claim_says_something() -> None:
    with pytest.raises(ValidationError, match="'varies', 'reads' or both"):
        WorksClaim()
