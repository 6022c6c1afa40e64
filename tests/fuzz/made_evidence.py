"""Evidence written by hand after docs/formats/evidence.md: small, drawn from a seed, of no network.

What is decided on it means nothing; every rule must be able to decide on it.
"""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np

from solver.bundle.tagged_corpus import TAGS
from solver.evidence import Record

SIDE = 24
PIECES = ["[CLS]", "The", "students", "visited", "her", ".", "them", "professor", "her", "[SEP]"]
WORDS = ["her", "him", "them", "me", "it", "the"]
REGIONS = ["food", "plate", "phone", "cake", "handle", "outline", "milk", "background", "steak",
           "grain",
           "tray", "bowl", "soup", "spring_onion", "contour", "jug"]  # fmt: skip


def made_record(identifier: str) -> Record:
    """Return a record of the kind its id says."""
    kind, *place = identifier.split("/")
    rng = np.random.default_rng(zlib.crc32(identifier.encode()))
    arrays, values = _KINDS[kind](rng, place)
    return Record(identifier, arrays, values)


Made = tuple[dict[str, Any], dict[str, Any]]


def _picture(rng: np.random.Generator, place: list[str]) -> Made:
    rgb = rng.integers(0, 255, (128, 128, 3)).astype(np.uint8)
    values = {"label": 1, "name": "1_1", "predicted": 1, "probability_of_label": 0.9}
    return {"rgb": rgb}, values


def _regions(rng: np.random.Generator, place: list[str]) -> Made:
    masks = {}
    for number, name in enumerate(REGIONS):
        mask = np.zeros((128, 128), dtype=bool)
        at = 6 * number
        mask[at : at + 30, 10:90] = True
        masks[name] = mask
    return masks, {}


def _lime(rng: np.random.Generator, place: list[str]) -> Made:
    rows, columns = np.indices((SIDE, SIDE)) // 6
    segments = (rows * 4 + columns).astype(np.int32)
    weights = rng.normal(size=16)
    drawn = np.where(np.abs(weights) > 0.3, np.sign(weights), 0).astype(np.int8)
    return {"signs": drawn[segments], "segments": segments, "weights": weights}, {"score": 0.6}


def _lime_known_model(rng: np.random.Generator, place: list[str]) -> Made:
    true = rng.normal(size=16)
    rise = np.stack([-true * 0.2, np.maximum(true, 0), true * 0], axis=1)
    return {"true_weights": true, "rise": rise}, {}


def _map(rng: np.random.Generator, place: list[str]) -> Made:
    made = rng.random((SIDE, SIDE)) ** 4
    return {"map": made / made.max()}, {"raw_min": 1e-9, "raw_max": float(rng.random())}


def _colours(rng: np.random.Generator, place: list[str]) -> Made:
    made = rng.random((SIDE, SIDE, 3)) ** 3
    return {"map": made / made.max()}, {"raw_min": 1e-9, "raw_max": 0.01, "neutral": 0.4}


def _derivative(rng: np.random.Generator, place: list[str]) -> Made:
    found = rng.random(12)
    moves = {"input with loss": True, "loss with input": True, "parameters with loss": False}
    values = {"map_size": 16384, "parameters": 122055, "moves": moves, "input_pixels": 16384}
    return {"method": found, "differences": found * 1.0001}, values


def _trace(rng: np.random.Generator, place: list[str]) -> Made:
    values = {
        "result_shape": [3, 128, 128],
        "output_shape": [11],
        "maps_gap": 1e-8,
        "output_gap": None,
    }
    likeness = np.full((6, 10), 0.1)
    likeness[:, 0] = 0.9
    return {"likeness": likeness, "noise_std": np.full(6, 0.2)}, values


def _module(rng: np.random.Generator, place: list[str]) -> Made:
    return {}, {"class": "Conv2d"}


def _activation(rng: np.random.Generator, place: list[str]) -> Made:
    side = 12 if place[0] == "23" else SIDE
    return {"map": rng.random((side, side)).astype(np.float32)}, {}


def _filter_trace(rng: np.random.Generator, place: list[str]) -> Made:
    one = {"classifier_calls": 0, "laid_out_over_places": True, "picture_changes": False,
           "weights_change": False, "last_layer": 6, "layers_compared": 1, "rise": 0.0}  # fmt: skip
    return {}, {"activation": one, "visualization": dict(one, picture_changes=True, rise=9.0)}


def _path(rng: np.random.Generator, place: list[str]) -> Made:
    picture = rng.random((32, 32, 3))
    steps = np.arange(10)[:, None, None, None] / 10
    return {"samples": steps * picture, "baseline": picture * 0, "picture": picture}, {}


def _attention(rng: np.random.Generator, place: list[str]) -> Made:
    count = len(PIECES)
    made = rng.random((12, 12, count, count))
    special = [piece.startswith("[") for piece in PIECES]
    values = {"pieces": PIECES, "special": special, "links": [[4, 7], [6, 2]]}
    return {"attentions": made / made.sum(-1, keepdims=True)}, values


def _masked(rng: np.random.Generator, place: list[str]) -> Made:
    chances = np.array([0.6, 0.2, 0.1, 0.05, 0.03, 0.02])
    if place == ["1"]:
        chances = chances[[1, 0, 2, 3, 4, 5]]
    sentence = "The professor asked [MASK] to teach."
    return {"pieces": np.array(WORDS), "probabilities": chances}, {"sentence": sentence}


def _corpus(rng: np.random.Generator, place: list[str]) -> Made:
    counts = rng.multinomial(50, np.ones(len(TAGS)) / len(TAGS), 12)
    return {"counts": counts}, {"tags": list(TAGS), "tag": "NOUN", "nearest": []}


def _hidden(rng: np.random.Generator, place: list[str]) -> Made:
    roles = np.array([0, 1, 1, 1, 1, 0, *[2] * 14, 3, 3, 2, 2, 2, 0], dtype=np.int8)
    return {"points": rng.normal(size=(12, len(roles), 2)), "roles": roles}, {
        "pieces": [f"p{n}" for n in range(len(roles))]
    }


def _embeddings(rng: np.random.Generator, place: list[str]) -> Made:
    values = {"sentences": [f"句子 {n}" for n in range(10)], "word": "蘋果"}
    return {"states": rng.normal(size=(13, 10, 2, 8))}, values


def _trials(rng: np.random.Generator, place: list[str]) -> Made:
    changes = ["meaning", "length", "position", "frequency"]
    return {"similarities": rng.random((4, 10, 2))}, {"changes": changes, "example": {}}


def _slide(rng: np.random.Generator, place: list[str]) -> Made:
    made = rng.random((10, 10))
    return {"values": (made + made.T) / 2}, {"box": [0, 0, 100, 100]}


_KINDS = {
    "picture": _picture, "regions": _regions, "lime": _lime, "lime_known_model": _lime_known_model,
    "saliency": _map, "saliency_derivative": _derivative, "smoothgrad": _colours,
    "smoothgrad_trace": _trace, "module": _module, "activation": _activation,
    "filter_trace": _filter_trace, "integrated_gradients": _colours, "integrated_path": _path,
    "attention": _attention, "masked_words": _masked, "corpus_search": _corpus,
    "hidden_states": _hidden, "embeddings": _embeddings, "embedding_trials": _trials,
    "similarity_picture": _slide,
}  # fmt: skip
